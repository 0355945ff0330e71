"""Aggregation of candles to complete bars, with the trading week cut at 17:00 New York."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.schema import BARS, INSTANT
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import bar_open

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.core.timeframe import Timeframe

_PRICES = ("open", "high", "low", "close")


def mid_prices(candles: pl.DataFrame) -> pl.DataFrame:
    """Replace bid prices by mid prices and add ``spread``, ask minus bid at the close.

    Args:
        candles: Columns of `core.schema.CANDLES`, with ask prices on every row.

    Returns:
        The same rows; high and low are means of two extremes, a close approximation
        of the extremes of the mean.
    """
    spread = (pl.col("ask_close") - pl.col("close")).alias("spread")
    return candles.with_columns(spread).with_columns((pl.col(p) + pl.col(f"ask_{p}")) / 2 for p in _PRICES)


def resample(candles: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """Aggregate candles of one length to bars of ``timeframe``.

    Open is the first, high the maximum, low the minimum, close the last, volume the
    sum. A bar exists iff it holds at least one candle, opened no earlier than the
    first candle and closed no later than the last one: a bar that is still forming, or
    whose beginning lies before the history, is never returned, a gap is never filled.

    Args:
        candles: Sorted by ``ts_utc``, one ``source_minutes``, all in open session;
            columns of `core.schema.CANDLES` plus ``spread``.
        timeframe: A multiple of the candles' length.

    Returns:
        Columns of `core.schema.BARS`, oldest first. ``n_slots`` is the number of
        candles that a bar without gaps holds.
    """
    if candles.is_empty():
        return pl.DataFrame(schema=BARS)
    source_minutes = int(candles["source_minutes"][0])
    clock_us = candles["ts_utc"].cast(pl.Int64).to_numpy()
    data_horizon_us = int(clock_us[-1]) + source_minutes * MICROSECONDS_PER_MINUTE
    opens_us = bar_open(clock_us, timeframe.minutes)
    starts = np.flatnonzero(np.diff(opens_us, prepend=opens_us[0] - 1))
    ends = np.append(starts[1:], clock_us.size)
    closes_us = opens_us[starts] + timeframe.microseconds
    column = {name: candles[name].to_numpy() for name in _PRICES}
    bars = pl.DataFrame(
        {
            "ts_utc": pl.Series(opens_us[starts]).cast(INSTANT),
            "close_ts_utc": pl.Series(closes_us).cast(INSTANT),
            "open": column["open"][starts],
            "high": np.maximum.reduceat(column["high"], starts),
            "low": np.minimum.reduceat(column["low"], starts),
            "close": column["close"][ends - 1],
            "volume": _aggregate(candles["volume"], starts, is_mean=False),
            "spread": _aggregate(candles["spread"], starts, is_mean=True),
            "n_obs": (ends - starts).astype(np.int32),
            "n_slots": np.full(starts.size, timeframe.minutes // source_minutes, np.int32),
        },
        schema=BARS,
    )
    is_whole = (opens_us[starts] >= clock_us[0]) & (closes_us <= data_horizon_us)
    return bars.filter(pl.Series(is_whole))


def _aggregate(values: pl.Series, starts: npt.NDArray[np.int64], *, is_mean: bool) -> pl.Series:
    """Sum or mean per bar of the values that exist; null where a bar has none."""
    if values.null_count() == len(values):
        return pl.Series([None] * starts.size, dtype=pl.Float64)
    known = values.is_not_null().to_numpy().astype(np.int64)
    count = np.add.reduceat(known, starts)
    total = np.add.reduceat(values.fill_null(0.0).to_numpy(), starts)
    result = total / np.maximum(count, 1) if is_mean else total
    return pl.Series(result).set(pl.Series(count == 0), None)
