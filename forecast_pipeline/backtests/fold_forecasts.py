"""Forecasts of one fold by one fitted family, as rows of the forecasts file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.figures import figures_of
from forecast_pipeline.backtests.schema import FORECASTS, IN_SAMPLE, OUT_OF_SAMPLE, QUANTILE_COLUMNS
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.models.registry import family_named

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.parameters import BacktestParameters
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import FoldArrays, Rows
    from forecast_pipeline.splits.build import Split

_BY_HORIZON = ("outcome", "scale", "mean", "crps", "pit", "sd", "crps_tails")


def decision_stride(split: Split, max_decisions: int) -> int:
    """Smallest step in rows of the matrix with which no fold is asked for more than so many test decisions.

    One for the whole run, so that the labels of neighbouring decisions overlap alike in every fold.
    """
    longest = max(int(fold["test_stop"] - fold["test_start"]) for fold in map(split.fold, split.fold_numbers))
    return math.ceil(longest / max_decisions)


def forecast_fold(
    split: Split,
    number: int,
    arrays: FoldArrays,
    name: str,
    forecaster: Forecaster,
    parameters: BacktestParameters,
    stride: int = 1,
    regimes: npt.NDArray[np.str_] | None = None,
) -> list[pl.DataFrame]:
    """Forecasts of every ``stride``-th test row and of evenly spaced training rows, as rows of `FORECASTS`.

    Test decisions are the rows of the matrix whose number is a multiple of ``stride``, in whatever fold they lie.

    Args:
        split: Matrix and folds.
        number: Number of the fold.
        arrays: Its rows.
        name: Name of the family.
        forecaster: Fitted to the fold.
        parameters: Settings of the stage.
        stride: Of `decision_stride`.
        regimes: Label of every row of the matrix up to the end of the fold; None writes none.
    """
    fold = split.fold(number)
    n_spaced = min(parameters.in_sample_rows, len(arrays.train))
    spaced = np.unique(np.linspace(0, len(arrays.train) - 1, n_spaced).astype(int))
    decided = np.arange(-fold["test_start"] % stride, len(arrays.test), stride)
    places = {OUT_OF_SAMPLE: fold["test_start"] + decided, IN_SAMPLE: fold["train_start"] + spaced}
    market = {segment: _market(split, rows, regimes) for segment, rows in places.items()}
    segments = ((OUT_OF_SAMPLE, arrays.test.take(decided)), (IN_SAMPLE, arrays.train.take(spaced)))
    return [
        _forecast_rows(split, number, name, forecaster, rows, market[segment], segment, parameters.n_samples)
        for segment, rows in segments
    ]


def _market(split: Split, rows: npt.NDArray[np.intp], regimes: npt.NDArray[np.str_] | None) -> pl.DataFrame:
    columns = ["close_ts_utc", "price", "fill_ts_utc", "fill_price", "spread"]
    labels = [None] * rows.size if regimes is None else regimes[rows].tolist()
    return split.frame.select(columns)[rows].with_columns(pl.Series("regime", labels, dtype=pl.String))


def _forecast_rows(
    split: Split,
    number: int,
    name: str,
    forecaster: Forecaster,
    rows: Rows,
    market: pl.DataFrame,
    segment: str,
    n_samples: int,
) -> pl.DataFrame:
    known = np.isfinite(rows.increments).all(axis=1)
    rows, market = rows.take(np.flatnonzero(known)), market.filter(pl.Series(known))
    if len(rows) == 0:
        return pl.DataFrame(schema=FORECASTS)
    seed = int(sha256_of_value([name, number, segment])[:8], 16)
    uniforms = np.random.default_rng(seed).random((len(rows), len(split.horizons)))
    figures = figures_of(forecaster, rows, uniforms, n_samples)
    parts = []
    for k, horizon in enumerate(split.horizons):
        target_us = _label_end(rows.issued_at_us, horizon * split.timeframe.minutes)
        values: dict[str, Any] = {column: getattr(figures, column)[:, k] for column in _BY_HORIZON}
        values |= {column: figures.quantiles[:, k, q] for q, column in enumerate(QUANTILE_COLUMNS)}
        parts.append(
            market.select(
                pl.lit(number, pl.Int32).alias("fold"),
                pl.lit(segment).alias("segment"),
                pl.lit(name).alias("model"),
                pl.lit(family_named(name).is_baseline).alias("is_baseline"),
                pl.col("close_ts_utc").alias("issued_at_utc"),
                pl.lit(horizon, pl.Int32).alias("horizon_bars"),
                pl.Series("target_ts_utc", target_us).cast(INSTANT),
                "price",
                *[pl.Series(column, np.ascontiguousarray(value)) for column, value in values.items()],
                pl.Series("energy", figures.energy),
                "regime",
                "fill_ts_utc",
                "fill_price",
                "spread",
            ).select(list(FORECASTS))
        )
    return pl.concat(parts)


def _label_end(issued_at_us: npt.NDArray[np.int64], minutes: int) -> npt.NDArray[np.int64]:
    return instants_of_trading_minutes(trading_minutes(issued_at_us) + minutes)
