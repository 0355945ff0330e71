"""The FX trading clock: minutes of open session, flat over the weekend.

The week opens Sunday 17:00 and closes Friday 17:00 New York, by wall clock. Seven
hours added to New York time turn that into whole days from Monday to Friday, so
every function here works on that *shifted clock*. New York changes its clocks on
Sunday at 02:00, inside the closure: no open day is ever 23 or 25 hours long.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE

NEW_YORK = "America/New_York"
SHIFT_HOURS = 7
MINUTES_PER_DAY = 1440
OPEN_DAYS_PER_WEEK = 5
MINUTES_PER_WEEK = OPEN_DAYS_PER_WEEK * MINUTES_PER_DAY
_DAYS_FROM_EPOCH_TO_MONDAY = 4  # 1970-01-01 was a Thursday
_US_PER_DAY = MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE
_US_PER_HOUR = 60 * MICROSECONDS_PER_MINUTE

Instants = npt.NDArray[np.int64]


def shifted_clock(instants_us: Instants) -> Instants:
    """Shifted New York wall clock of UTC instants.

    Args:
        instants_us: Microseconds since 1970 in UTC, any shape ``(T,)``.

    Returns:
        Naive microseconds since 1970 in which open time is Monday to Friday.
    """
    return np.asarray(instants_us + zone_offset_us(instants_us, NEW_YORK) + SHIFT_HOURS * _US_PER_HOUR, dtype=np.int64)


def zone_offset_us(instants_us: Instants, zone: str) -> Instants:
    """How far the wall clock of a zone is ahead of UTC at each instant, shape ``(T,)``.

    The zones of the market change their clocks on whole hours in UTC, so the calendar is asked once an hour.

    Example:
        >>> zone_offset_us(np.array([0]), "Asia/Tokyo").tolist()
        [32400000000]
    """
    hours = instants_us // _US_PER_HOUR
    begins = np.append(0, np.flatnonzero(hours[1:] != hours[:-1]) + 1)[: instants_us.size]
    first_us = instants_us[begins]
    local = pl.Series(first_us).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    naive = local.dt.replace_time_zone(None).cast(pl.Int64).to_numpy()
    return np.repeat(naive - first_us, np.diff(begins, append=instants_us.size))


def unshifted_clock(shifted_us: Instants) -> Instants:
    """UTC instants of a shifted clock; the inverse of `shifted_clock` in open time."""
    naive = pl.Series(shifted_us).cast(pl.Datetime("us")).dt.offset_by(f"-{SHIFT_HOURS}h")
    # Only Sunday 01:00-03:00 is ambiguous or missing in New York, and it is never open time.
    local = naive.dt.replace_time_zone(NEW_YORK, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC").cast(pl.Int64).to_numpy()


def is_open(instants_us: Instants) -> npt.NDArray[np.bool_]:
    """Whether the market is in session at each instant, the opening instant included.

    Example:
        >>> friday = np.array(["2024-03-08T21:59", "2024-03-08T22:00"], "datetime64[us]")
        >>> is_open(friday.astype(np.int64)).tolist()
        [True, False]
    """
    day = shifted_clock(instants_us) // _US_PER_DAY
    return np.asarray((day - _DAYS_FROM_EPOCH_TO_MONDAY) % 7 < OPEN_DAYS_PER_WEEK)


def trading_minutes(instants_us: Instants) -> Instants:
    """Minutes of open session since a fixed origin.

    A missing bar does not stop this clock, a weekend does.

    Args:
        instants_us: Microseconds since 1970 in UTC, shape ``(T,)``.

    Returns:
        Whole minutes, shape ``(T,)``, non-decreasing with its argument.

    Example:
        >>> instants = np.array(["2024-03-08T21:59", "2024-03-10T21:01"], "datetime64[us]")
        >>> int(np.diff(trading_minutes(instants.astype(np.int64)))[0])  # over a weekend
        2
    """
    day, within_us = np.divmod(shifted_clock(instants_us), _US_PER_DAY)
    week, weekday = np.divmod(day - _DAYS_FROM_EPOCH_TO_MONDAY, 7)
    is_open_day = weekday < OPEN_DAYS_PER_WEEK
    minute = np.where(is_open_day, within_us // MICROSECONDS_PER_MINUTE, 0)
    return np.asarray(
        week * MINUTES_PER_WEEK + np.minimum(weekday, OPEN_DAYS_PER_WEEK) * MINUTES_PER_DAY + minute,
        dtype=np.int64,
    )


def instants_of_trading_minutes(minutes: Instants) -> Instants:
    """Earliest UTC instant at which the trading clock reaches each value.

    The close of a week and the open of the next are the same trading minute; this
    returns the close, Friday 17:00 New York.

    Example:
        >>> close = np.array(["2024-03-08T22:00"], "datetime64[us]").astype(np.int64)
        >>> instants_of_trading_minutes(trading_minutes(close)).tolist() == close.tolist()
        True
    """
    week, rest = np.divmod(minutes, MINUTES_PER_WEEK)
    is_boundary = rest == 0
    week = np.where(is_boundary, week - 1, week)
    rest = np.where(is_boundary, MINUTES_PER_WEEK, rest)
    day = week * 7 + _DAYS_FROM_EPOCH_TO_MONDAY
    return unshifted_clock(day * _US_PER_DAY + rest * MICROSECONDS_PER_MINUTE)


def bar_open(instants_us: Instants, minutes: int) -> Instants:
    """Open instant of the bar of ``minutes`` that holds each open-session instant.

    Bars of four hours and a day start at 17:00 New York; shorter ones fall on the
    same grid in UTC, because the New York offset is a whole number of hours.
    """
    length_us = minutes * MICROSECONDS_PER_MINUTE
    shifted = shifted_clock(instants_us)
    # The offset within the bar is the same on both clocks while the session is open.
    return np.asarray(instants_us - shifted % length_us, dtype=np.int64)
