"""The split partition: matrix, targets, fold plan and train-only statistics, published together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.publication import Published, frame_writer, publish, require
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.splits.arrays import BarHistory, FoldArrays, Rows
from forecast_pipeline.splits.assemble import assemble
from forecast_pipeline.splits.block_sums import BlockMatrix
from forecast_pipeline.splits.card import SCHEMA_VERSION, split_facts
from forecast_pipeline.splits.extremes import extreme_columns, path_extremes
from forecast_pipeline.splits.moments import StandardisedRows
from forecast_pipeline.splits.native import NativeStatistics, NativeWindows
from forecast_pipeline.splits.native_lake import native_features
from forecast_pipeline.splits.plan import LIVE, check_no_label_reaches_test, plan_folds
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.statistics import feature_values, fold_statistics
from forecast_pipeline.splits.target_scale import TargetScale
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline.splits.warm_up import warm_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.native import NativeSource
    from forecast_pipeline.splits.parameters import SplitParameters
    from forecast_pipeline.splits.targets import Targets

    Floats = npt.NDArray[np.float64]

FOLDS = ".folds.parquet"
STATISTICS = ".statistics.parquet"
CANDLE_COLUMNS = ("bar_open", "bar_high", "bar_low")


def outcome_column(horizon: int) -> str:
    """Name of the target column of a horizon."""
    return f"outcome_{horizon}"


def with_labels(frame: pl.DataFrame, targets: Targets, horizons: Sequence[int]) -> pl.DataFrame:
    """The matrix with its outcomes, and with path extremes if it has the highs and lows of its bars.

    Extremes are in single precision: they are read beside increments, which bound them (`Rows.extremes`).

    Args:
        frame: Matrix.
        targets: Labels of its rows.
        horizons: Horizon grid in slots.
    """
    columns = [pl.Series(outcome_column(h), targets.log_returns[:, k]).fill_nan(None) for k, h in enumerate(horizons)]
    if set(CANDLE_COLUMNS) <= set(frame.columns):
        price, high, low = (frame[name].to_numpy() for name in ("price", "bar_high", "bar_low"))
        extremes = path_extremes(targets, price, high, low).astype(np.float32)
        columns += [
            pl.Series(name, extremes[:, k, side]).fill_nan(None)
            for k, horizon in enumerate(horizons)
            for side, name in enumerate(extreme_columns(horizon))
        ]
    return frame.with_columns(columns)


def build_splits(home: Home, symbol: str, timeframe: Timeframe, parameters: SplitParameters) -> Published:
    """Assemble the matrix, lay the folds, fit their statistics, and publish.

    Raises:
        MissingData: If features are missing.
        NotEnoughHistory: If the history cannot hold the folds.
        LeakDetected: If a train label reached a later segment; nothing is published.
    """
    matrix = assemble(home, symbol, timeframe, parameters.indicator_tfs, parameters.indicator_preset)
    grid = parameters.horizon_grid
    close_us = matrix.frame["close_ts_utc"].cast(pl.Int64).to_numpy()
    targets = forward_log_returns(close_us, matrix.frame["price"].to_numpy(), timeframe, grid)
    longest_end = targets.label_end_us[:, -1]
    warm = warm_up(matrix.origins, close_us, parameters.warmup_bars, parameters.max_warmup_fraction)
    matrix = matrix.keeping(warm.kept, warm.absent)
    is_usable = (
        (longest_end <= close_us[-1]) & (np.arange(close_us.size) >= warm.n_rows)
        if close_us.size
        else np.array([], bool)
    )
    plan = plan_folds(close_us, longest_end, is_usable, timeframe, parameters)
    check_no_label_reaches_test(plan.folds, close_us, longest_end)
    frame = with_labels(matrix.frame, targets, grid)
    frame = frame.with_columns(pl.Series("label_end_utc", longest_end).cast(INSTANT))
    columns, least = matrix.feature_columns, parameters.min_feature_coverage
    statistics = pl.concat([fold_statistics(frame, columns, fold, least) for fold in plan.folds])
    files = {
        ".parquet": frame_writer(frame),
        FOLDS: frame_writer(plan.as_frame(close_us)),
        STATISTICS: frame_writer(statistics),
    }
    facts = split_facts(symbol, timeframe, parameters, matrix, plan, warm.n_rows)
    return publish(home.splits(symbol), timeframe, files, facts)


@dataclass(frozen=True, slots=True)
class Split:
    """A published split, opened for fitting.

    Attributes:
        stored: The partition.
        frame: Matrix with outcomes.
        folds: The fold plan as a frame.
        statistics: Standardisation statistics, one row a fold and column.
        horizons: Horizon grid in slots.
        timeframe: Base timeframe.
        native: Past features at their own resolution; None where the split was not read from a lake.
    """

    stored: Published
    frame: pl.DataFrame
    folds: pl.DataFrame
    statistics: pl.DataFrame
    horizons: tuple[int, ...]
    timeframe: Timeframe
    native: NativeSource | None = None

    @property
    def fold_numbers(self) -> list[int]:
        """Numbers of the walk-forward folds, oldest first."""
        return [int(n) for n in self.folds["fold"] if n != LIVE]

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """Names of all features of the matrix."""
        return tuple(self.stored.card["feature_columns"])

    def fold(self, number: int) -> dict[str, Any]:
        """Row ranges and instants of a fold."""
        return self.folds.row(by_predicate=pl.col("fold") == number, named=True)

    def standardiser(self, number: int) -> Standardiser:
        """The statistics fitted on a fold's training rows."""
        rows = self.statistics.filter(pl.col("fold") == number)
        return Standardiser(
            columns=tuple(rows["column"]),
            mean=rows["mean"].to_numpy(),
            std=rows["std"].to_numpy(),
            coverage_fraction=rows["coverage_fraction"].to_numpy(),
            is_kept=rows["is_kept"].to_numpy(),
        )

    def target_scale(self, number: int) -> TargetScale:
        """The variance model fitted on a fold's training bars."""
        fold = self.fold(number)
        return fit_target_scale(self.frame[: fold["train_stop"]], self.timeframe)

    def matrix(self) -> BlockMatrix:
        """All features as stored, for `arrays` of many folds: their sums are then taken once."""
        columns = self.feature_columns
        values = self.frame.select(pl.col(columns).fill_null(float("nan"))).to_numpy()
        is_labelled = np.asarray(np.isfinite(_all_outcomes(self.frame, self.horizons)).all(axis=1))
        return BlockMatrix(np.ascontiguousarray(values), is_labelled)

    def arrays(self, number: int, matrix: BlockMatrix | None = None) -> FoldArrays:
        """Train, validation and test arrays of a fold.

        Args:
            number: Fold.
            matrix: What `matrix` returned, if it was asked already.
        """
        fold, standardiser, scale = self.fold(number), self.standardiser(number), self.target_scale(number)
        features = self.matrix() if matrix is None else matrix
        ranges = [(fold[f"{name}_start"], fold[f"{name}_stop"]) for name in ("train", "validation", "test")]
        past = _past(self.frame[: ranges[-1][1]], scale)
        native = self.native_statistics(number)
        return FoldArrays(
            *(
                _segment(
                    self.frame[start:stop],
                    start,
                    StandardisedRows(features, standardiser, np.arange(start, stop)),
                    past,
                    scale,
                    self.horizons,
                    native,
                )
                for start, stop in ranges
            )
        )

    def native_statistics(self, number: int) -> NativeStatistics | None:
        """How native panels are standardised in a fold: with bars that had closed at its last training decision."""
        if self.native is None:
            return None
        last = self.frame["close_ts_utc"].to_physical()[self.fold(number)["train_stop"] - 1]
        return NativeStatistics(self.native, int(last), self.stored.card["parameters"]["min_feature_coverage"])


def read_split(home: Home, symbol: str, timeframe: Timeframe) -> Split:
    """Open the published split of a symbol and base timeframe.

    Raises:
        MissingData: If it has not been built.
        CorruptData: If it was built by a version whose matrix had other columns.
    """
    what, do = f"splits of {symbol} {timeframe}", f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    stored = require(home.splits(symbol), timeframe, what, do)
    version = stored.card.get("schema_version", 1)
    if version != SCHEMA_VERSION:
        raise CorruptData(f"{what} must have card version {SCHEMA_VERSION}", was=str(version), do=do)
    horizons = tuple(int(h) for h in stored.card["horizons_bars"])
    frames = (stored.read_frame(), stored.read_frame(FOLDS), stored.read_frame(STATISTICS))
    return Split(stored, *frames, horizons, timeframe, native_features(home, symbol, timeframe))


def fit_target_scale(bars: pl.DataFrame, timeframe: Timeframe) -> TargetScale:
    """Fit the variance model on the rows given, which must end where training ends."""
    return TargetScale.fit(bars["close_ts_utc"].cast(pl.Int64).to_numpy(), bars["bar_return"].to_numpy(), timeframe)


def rows_of(
    frame: pl.DataFrame,
    start: int,
    stop: int,
    standardiser: Standardiser,
    scale: TargetScale,
    horizons: tuple[int, ...],
    native: NativeStatistics | None = None,
) -> Rows:
    """Arrays of the half-open row range, in the statistics given."""
    part = frame[start:stop]
    inputs = standardiser.transform(feature_values(part, standardiser.columns))
    return _segment(part, start, inputs, _past(frame[:stop], scale), scale, horizons, native)


class _Past(NamedTuple):
    """Deseasonalised returns and candle shapes of bars, and the variance per slot known at each close."""

    returns: Floats
    candles: Floats | None
    variance: Floats
    close_us: npt.NDArray[np.int64]


def _past(bars: pl.DataFrame, scale: TargetScale) -> _Past:
    close_us, bar_returns = bars["close_ts_utc"].cast(pl.Int64).to_numpy(), bars["bar_return"].to_numpy()
    returns = scale.deseasonalised(close_us, bar_returns)
    candles = None
    if set(CANDLE_COLUMNS) <= set(bars.columns):
        shapes = bars.select(pl.col(name).fill_null(float("nan")) / pl.col("price") for name in CANDLE_COLUMNS)
        candles = scale.deseasonalised(close_us, np.log(shapes.to_numpy().T)).T.copy()
    return _Past(returns, candles, scale.smoothed(returns), close_us)


def _segment(
    part: pl.DataFrame,
    start: int,
    inputs: Floats | StandardisedRows,
    past: _Past,
    scale: TargetScale,
    horizons: tuple[int, ...],
    native: NativeStatistics | None,
) -> Rows:
    """Arrays of the rows from ``start`` on; ``past`` reaches at least to the last of them."""
    stop = start + part.height
    issued_at_us = part["close_ts_utc"].cast(pl.Int64).to_numpy()
    n_slots = scale.expected_slots(issued_at_us, horizons)
    increments = np.diff(_all_outcomes(part, horizons), axis=1, prepend=0.0)
    candles = None if past.candles is None else past.candles[:stop]
    return Rows(
        standardised=inputs,
        increments=increments,
        scale=np.sqrt(past.variance[start:stop, None] * n_slots),
        issued_at_us=issued_at_us,
        history=BarHistory(
            past.returns[:stop],
            np.arange(start, stop),
            n_slots,
            horizons,
            scale.slot_minutes,
            candles=candles,
            close_us=past.close_us[:stop],
            profile=np.asarray(scale.profile),
        ),
        extremes=None if candles is None else _extremes(part, horizons, increments),
        native=None if native is None else NativeWindows(native, issued_at_us),
    )


def _extremes(part: pl.DataFrame, horizons: tuple[int, ...], increments: Floats) -> Floats:
    """Stored extremes with the bounds that rounding took from them, NaN where the increment is, ``(B, K, 2)``."""
    sides = [_column(part, name) for horizon in horizons for name in extreme_columns(horizon)]
    stored = np.column_stack(sides).reshape(part.height, len(horizons), 2)
    highest = np.maximum(np.maximum(stored[..., 0], increments), 0.0)
    return np.stack([highest, np.minimum(np.minimum(stored[..., 1], increments), 0.0)], axis=-1)


def _all_outcomes(part: pl.DataFrame, horizons: tuple[int, ...]) -> Floats:
    return np.column_stack([_column(part, outcome_column(horizon)) for horizon in horizons])


def _column(part: pl.DataFrame, name: str) -> Floats:
    if name not in part.columns:  # rows that are being served have no future yet
        return np.full(part.height, np.nan)
    return part[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
