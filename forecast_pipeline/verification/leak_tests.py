"""The tests of the leak suite: each takes a pipeline and candles and says what it caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import LeakDetected
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe
from forecast_pipeline.core.trading_clock import MINUTES_PER_WEEK, bar_open, is_open, trading_minutes
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.causality import causality_findings
from forecast_pipeline.features.cuts import stratified_cuts
from forecast_pipeline.splits.visibility import check_visibility
from forecast_pipeline.verification.pipeline import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from forecast_pipeline.verification.pipeline import Pipeline

SEED = 20240310


def grid(pipeline: Pipeline, candles: pl.DataFrame) -> Iterator[str]:
    """Every bar lies on the grid of the FX week, was observed, and no week has more day bars than five."""
    opened = candles["ts_utc"].cast(pl.Int64).to_numpy()
    for timeframe in (pipeline.base, *pipeline.slower):
        bars = pipeline.resample(candles, timeframe)
        opens = bars["ts_utc"].cast(pl.Int64).to_numpy()
        closes = bars["close_ts_utc"].cast(pl.Int64).to_numpy()
        is_on = (bar_open(opens, timeframe.minutes) == opens) & (closes - opens == timeframe.microseconds)
        off = ~(is_on & is_open(opens))
        if off.any():
            first_off = bars["ts_utc"][int(off.argmax())]
            yield f"{int(off.sum())} bars of {timeframe} lie off the FX grid, the first at {first_off}"
        first = np.searchsorted(opened, opens)
        unseen = (first >= opened.size) | (opened[np.minimum(first, opened.size - 1)] >= closes)
        if unseen.any():
            yield f"{int(unseen.sum())} bars of {timeframe} hold no candle"
        if timeframe is Timeframe.D1 and opens.size:
            _, n_days = np.unique(trading_minutes(opens) // MINUTES_PER_WEEK, return_counts=True)
            if n_days.max() > MINUTES_PER_WEEK // timeframe.minutes:
                yield f"a week has {int(n_days.max())} day bars"


def visibility(pipeline: Pipeline, candles: pl.DataFrame) -> Iterator[str]:
    """Each joined value is that of the last closed bar: not a later one, not a stale one, none beyond its limit."""
    tables = pipeline.tables(candles)
    matrix = pipeline.joined(tables)
    for timeframe in pipeline.slower:
        other, limit_minutes = tables[timeframe], pipeline.limit_minutes(timeframe)
        what = f"join of {timeframe} onto {pipeline.base}"
        try:
            check_visibility(matrix, other, columns_of(other), limit_minutes, what)
        except LeakDetected as error:
            yield str(error).partition(":")[0] + ": " + str(error).partition(": ")[2].partition(":")[0]


def publication(pipeline: Pipeline, candles: pl.DataFrame) -> Iterator[str]:
    """The check that runs before every publication: truncation, invented futures and later starts, by indicator."""
    bars = pipeline.resample(candles, pipeline.base)
    cuts = stratified_cuts(bars, pipeline.base, seed=SEED, is_sample=True)
    findings = causality_findings(bar_arrays(bars, pipeline.base), pipeline.plan(pipeline.base), cuts, SEED)
    yield from (str(finding) for finding in findings)


def truncation(pipeline: Pipeline, candles: pl.DataFrame) -> Iterator[str]:
    """Candles after a cut are taken away and everything is built again: no row before the cut may change."""
    yield from _rebuilt(pipeline, candles, lambda _, cut_us: candles.filter(_closes(candles) <= cut_us))


def perturbation(pipeline: Pipeline, candles: pl.DataFrame) -> Iterator[str]:
    """Candles after a cut are replaced by invented ones and everything is built again."""
    rng = np.random.default_rng(SEED)
    factor = pl.Series("factor", np.exp(rng.normal(0.1, 0.05, candles.height)))

    def invented(_: int, cut_us: int) -> pl.DataFrame:
        is_after = _closes(candles) > cut_us
        changed = [
            pl.when(is_after).then(pl.col(name) * factor).otherwise(name).alias(name)
            for name in ("open", "high", "low", "close", "volume")
        ]
        return candles.with_columns(changed)

    yield from _rebuilt(pipeline, candles, invented)


TESTS: dict[str, Callable[[Pipeline, pl.DataFrame], Iterator[str]]] = {
    "grid": grid,
    "visibility": visibility,
    "publication check": publication,
    "truncation": truncation,
    "perturbation": perturbation,
}
"""The suite, cheap tests first."""


def _rebuilt(pipeline: Pipeline, candles: pl.DataFrame, changed: Callable[[int, int], pl.DataFrame]) -> Iterator[str]:
    whole = pipeline.matrix(candles)
    bars = whole.select("ts_utc", "close_ts_utc")
    names = columns_of(whole)
    for cut in stratified_cuts(bars, pipeline.base, seed=SEED, is_sample=True):
        cut_us = int(whole["close_ts_utc"].cast(pl.Int64)[cut - 1])
        past = changed(cut, cut_us)
        # A bar whose last minute was not traded is complete only once a later candle says that time went on.
        known_us = min(cut_us, int(_closes(past).max()))  # type: ignore[arg-type]  # not empty
        expected = whole.filter(pl.col("close_ts_utc").cast(pl.Int64) <= known_us)
        rebuilt = pipeline.matrix(past).filter(pl.col("close_ts_utc").cast(pl.Int64) <= known_us)
        if not rebuilt["close_ts_utc"].equals(expected["close_ts_utc"]):
            yield f"rows before {expected['close_ts_utc'][-1]:%Y-%m-%d %H:%M} depend on what comes after"
            continue
        differing = [name for name in names if not rebuilt[name].equals(expected[name], null_equal=True)]
        if differing:
            yield f"{', '.join(differing[:3])} before {expected['close_ts_utc'][-1]:%Y-%m-%d %H:%M} saw what came after"


def _closes(candles: pl.DataFrame) -> pl.Series:
    opens = candles["ts_utc"].cast(pl.Int64)
    return opens + candles["source_minutes"].cast(pl.Int64) * MICROSECONDS_PER_MINUTE
