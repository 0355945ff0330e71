"""What the candles show of the FX calendar: coverage by day and hour, holidays, early closes and holes as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import (
    MINUTES_PER_DAY,
    instants_of_trading_minutes,
    shifted_clock,
    trading_minutes,
    unshifted_clock,
)

COVERAGE: dict[str, pl.DataType] = {
    "fx_day": pl.Date(),
    "hour": pl.Int32(),
    "ts_utc": INSTANT,
    "n_candles": pl.Int32(),
    "coverage_fraction": pl.Float64(),
}
"""One hour of one FX day; ``hour`` counts from 17:00 New York, ``coverage_fraction`` is the share of its records."""

HOLIDAY_FRACTION = 0.1
EARLY_CLOSE_MINUTES = 60
MIN_GAP_MINUTES = 60
N_GAPS = 25
_US_PER_HOUR = 60 * MICROSECONDS_PER_MINUTE
_US_PER_DAY = MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE
_HOURS_PER_DAY = 24


def coverage_calendar(candles: pl.DataFrame) -> pl.DataFrame:
    """Coverage of every open hour between the first and the last candle, holes included.

    Args:
        candles: ``ts_utc`` and one ``source_minutes`` of at most an hour, sorted; longer ones give no calendar.

    Returns:
        Columns of `COVERAGE`, oldest first: the heat map of day and hour.
    """
    if candles.is_empty() or int(candles["source_minutes"][0]) > 60:  # noqa: PLR2004 - minutes of an hour
        return pl.DataFrame(schema=COVERAGE)
    per_hour = 60 // int(candles["source_minutes"][0])
    shifted = shifted_clock(candles["ts_utc"].cast(pl.Int64).to_numpy())
    hours, counts = np.unique(shifted // _US_PER_HOUR, return_counts=True)
    every = np.arange(hours[0], hours[-1] + 1)
    day = every // _HOURS_PER_DAY
    every = every[(day - 4) % 7 < 5]  # noqa: PLR2004 - Monday to Friday of the shifted clock, day 4 was a Monday
    found = np.zeros(every.size, dtype=np.int64)
    found[np.searchsorted(every, hours)] = counts
    return pl.DataFrame(
        {
            "fx_day": pl.Series(every // _HOURS_PER_DAY).cast(pl.Int32).cast(pl.Date),
            "hour": (every % _HOURS_PER_DAY).astype(np.int32),
            "ts_utc": pl.Series(unshifted_clock(every * _US_PER_HOUR)).cast(INSTANT),
            "n_candles": found.astype(np.int32),
            "coverage_fraction": found / per_hour,
        },
        schema=COVERAGE,
    )


def observed_gaps(candles: pl.DataFrame) -> list[dict[str, Any]]:
    """Holes of an hour or more of open session, longest first, with what they look like.

    A hole is a *holiday* if it covers nearly a whole FX day, an *early close* or a
    *late open* if it touches the end or the beginning of one, and else a *hole*. These
    are observations: nothing here is filled, and no calendar is asked.

    Args:
        candles: ``ts_utc`` and one ``source_minutes``, sorted.

    Returns:
        At most ``N_GAPS`` records of ``first_missing``, ``next_candle``, ``open_minutes``, ``kind``.
    """
    if candles.height < 2:  # noqa: PLR2004 - a gap lies between two
        return []
    length = int(candles["source_minutes"][0])
    clock = candles["ts_utc"].cast(pl.Int64).to_numpy()
    minutes = trading_minutes(clock)
    missing = np.diff(minutes) - length
    chosen = np.flatnonzero(missing >= max(MIN_GAP_MINUTES, length))
    chosen = chosen[np.argsort(-missing[chosen], kind="stable")][:N_GAPS]
    begins = minutes[chosen] + length
    ends = minutes[chosen + 1]
    first_missing = instants_of_trading_minutes(begins)
    return [
        {
            "first_missing": _text(first_missing[n]),
            "next_candle": _text(clock[gap + 1]),
            "open_minutes": int(missing[gap]),
            "kind": _kind(int(begins[n]), int(ends[n])),
        }
        for n, gap in enumerate(chosen)
    ]


def _kind(begin: int, end: int) -> str:
    """What a hole of trading minutes ``[begin, end)`` looks like."""
    days = range(begin // MINUTES_PER_DAY, (end - 1) // MINUTES_PER_DAY + 1)
    covered = [min(end, (d + 1) * MINUTES_PER_DAY) - max(begin, d * MINUTES_PER_DAY) for d in days]
    if max(covered) >= (1 - HOLIDAY_FRACTION) * MINUTES_PER_DAY:
        return "holiday"
    # Both ends of a day are one trading minute when the next day opens at once.
    if begin % MINUTES_PER_DAY and end % MINUTES_PER_DAY == 0:
        return "early close"
    if begin % MINUTES_PER_DAY == 0 and end % MINUTES_PER_DAY:
        return "late open"
    return "hole" if len(covered) == 1 else "early close and late open"


def _text(instant_us: np.int64) -> str:
    return str(np.datetime64(int(instant_us), "us").astype("datetime64[m]")) + "Z"
