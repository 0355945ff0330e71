"""The split partition: matrix, targets, fold plan and train-only statistics, published together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.core.publication import Published, frame_writer, publish, require
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.splits.arrays import BarHistory, FoldArrays, Rows
from forecast_pipeline.splits.assemble import assemble
from forecast_pipeline.splits.block_sums import BlockMatrix
from forecast_pipeline.splits.moments import StandardisedRows
from forecast_pipeline.splits.plan import LIVE, Fold, FoldPlan, check_no_label_reaches_test, plan_folds
from forecast_pipeline.splits.standardise import Standardiser, drift, population_stability
from forecast_pipeline.splits.target_scale import TargetScale
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline.splits.warm_up import warm_up

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.assemble import Matrix
    from forecast_pipeline.splits.parameters import SplitParameters

FOLDS = ".folds.parquet"
STATISTICS = ".statistics.parquet"
_N_THREADS = 2


def outcome_column(horizon: int) -> str:
    """Name of the target column of a horizon."""
    return f"outcome_{horizon}"


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
    frame = matrix.frame.with_columns(
        [pl.Series(outcome_column(h), targets.log_returns[:, k]).fill_nan(None) for k, h in enumerate(grid)]
        + [pl.Series("label_end_utc", longest_end).cast(INSTANT)]
    )
    statistics = pl.concat([_statistics(frame, matrix, fold, parameters) for fold in plan.folds])
    files = {
        ".parquet": frame_writer(frame),
        FOLDS: frame_writer(plan.as_frame(close_us)),
        STATISTICS: frame_writer(statistics),
    }
    facts = _facts(symbol, timeframe, parameters, matrix, plan, warm.n_rows)
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
    """

    stored: Published
    frame: pl.DataFrame
    folds: pl.DataFrame
    statistics: pl.DataFrame
    horizons: tuple[int, ...]
    timeframe: Timeframe

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
        return FoldArrays(
            *(
                _segment(
                    self.frame[start:stop],
                    start,
                    StandardisedRows(features, standardiser, np.arange(start, stop)),
                    past,
                    scale,
                    self.horizons,
                )
                for start, stop in ranges
            )
        )


def read_split(home: Home, symbol: str, timeframe: Timeframe) -> Split:
    """Open the published split of a symbol and base timeframe.

    Raises:
        MissingData: If it has not been built.
    """
    what, do = f"splits of {symbol} {timeframe}", f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    stored = require(home.splits(symbol), timeframe, what, do)
    horizons = tuple(int(h) for h in stored.card["horizons_bars"])
    frames = (stored.read_frame(), stored.read_frame(FOLDS), stored.read_frame(STATISTICS))
    return Split(stored, *frames, horizons, timeframe)


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
) -> Rows:
    """Arrays of the half-open row range, in the statistics given."""
    part = frame[start:stop]
    inputs = standardiser.transform(_values(part, standardiser.columns))
    return _segment(part, start, inputs, _past(frame[:stop], scale), scale, horizons)


def _past(bars: pl.DataFrame, scale: TargetScale) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Deseasonalised return and variance per slot known at each close."""
    close_us, bar_returns = bars["close_ts_utc"].cast(pl.Int64).to_numpy(), bars["bar_return"].to_numpy()
    returns = scale.deseasonalised(close_us, bar_returns)
    return returns, scale.smoothed(returns)


def _segment(
    part: pl.DataFrame,
    start: int,
    inputs: npt.NDArray[np.float64] | StandardisedRows,
    past: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    scale: TargetScale,
    horizons: tuple[int, ...],
) -> Rows:
    """Arrays of the rows from ``start`` on; ``past`` reaches at least to the last of them."""
    returns, variance = past
    stop = start + part.height
    issued_at_us = part["close_ts_utc"].cast(pl.Int64).to_numpy()
    n_slots = scale.expected_slots(issued_at_us, horizons)
    return Rows(
        standardised=inputs,
        increments=np.diff(_all_outcomes(part, horizons), axis=1, prepend=0.0),
        scale=np.sqrt(variance[start:stop, None] * n_slots),
        issued_at_us=issued_at_us,
        history=BarHistory(returns[:stop], np.arange(start, stop), n_slots, horizons, scale.slot_minutes),
    )


def _all_outcomes(part: pl.DataFrame, horizons: tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.column_stack([_outcomes(part, horizon) for horizon in horizons])


def _outcomes(part: pl.DataFrame, horizon: int) -> npt.NDArray[np.float64]:
    name = outcome_column(horizon)
    if name not in part.columns:  # rows that are being served have no outcome yet
        return np.full(part.height, np.nan)
    return part[name].fill_null(float("nan")).to_numpy()


def _values(part: pl.DataFrame, columns: tuple[str, ...]) -> npt.NDArray[np.float64]:
    return part.select(pl.col(columns).cast(pl.Float64).fill_null(float("nan"))).to_numpy()


def _statistics(frame: pl.DataFrame, matrix: Matrix, fold: Fold, parameters: SplitParameters) -> pl.DataFrame:
    columns = matrix.feature_columns
    train = _values(frame[fold.train_start : fold.train_stop], columns)
    validation = _values(frame[fold.validation_start : fold.validation_stop], columns)
    fitted = Standardiser.fit(train, columns, parameters.min_feature_coverage)
    clipped = np.full(len(columns), np.nan)
    clipped[fitted.is_kept] = fitted.clipped_fraction(validation)
    with ThreadPoolExecutor(_N_THREADS) as workers:  # sorting lets go of the interpreter
        drifts = list(workers.map(_drift, train.T, validation.T))
    return pl.DataFrame(
        {
            "fold": pl.Series([fold.fold] * len(columns), dtype=pl.Int32),
            "column": list(columns),
            "mean": fitted.mean,
            "std": fitted.std,
            "coverage_fraction": fitted.coverage_fraction,
            "is_kept": fitted.is_kept,
            "clipped_fraction": clipped,
            "ks_stat": [each[0] for each in drifts],
            "ks_pvalue": [each[1] for each in drifts],
            "psi": [each[2] for each in drifts],
        }
    )


def _drift(train: npt.NDArray[np.float64], later: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return *drift(train, later), population_stability(train, later)


def _facts(
    symbol: str, timeframe: Timeframe, parameters: SplitParameters, matrix: Matrix, plan: FoldPlan, warmup: int
) -> dict[str, Any]:
    frame = matrix.frame
    return {
        "stage": "splits",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "n_rows": frame.height,
        "first_ts_utc": frame["ts_utc"][0].isoformat(),
        "last_ts_utc": frame["ts_utc"][-1].isoformat(),
        "parameters": parameters.model_dump(mode="json"),
        "horizons_bars": list(parameters.horizon_grid),
        "feature_columns": list(matrix.feature_columns),
        "origins": [
            {
                "name": o.name,
                "timeframe": o.timeframe.value,
                "unit": o.unit,
                "bar_columns": list(o.bar_columns),
                "required_bars": o.required_bars,
                "description": o.description,
            }
            for o in matrix.origins
        ],
        "indicator_tfs": matrix.indicator_timeframes,
        "warmup_bars": warmup,
        "n_folds": len(plan.walk_forward),
        "window_minutes": plan.window_minutes,
        "purge_minutes": plan.purge_minutes,
        "embargo_minutes": plan.embargo_minutes,
        "notes": list(plan.notes),
        "feature_parameters": matrix.feature_parameters,
        "absent_features": matrix.absent,
        "sources": matrix.sources,
        "leak_suite": matrix.leak_suite,
        "upstream": matrix.upstream,
    }
