"""The clock as points on circles, read at the close of the bar, the instant of the decision."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, NEW_YORK, zone_offset_us

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

LONDON = "Europe/London"
TOKYO = "Asia/Tokyo"
_DAYS_PER_WEEK = 7
_THURSDAY = 3  # 1970-01-01, counted from Monday
_US_PER_HOUR = 60 * MICROSECONDS_PER_MINUTE
_US_PER_DAY = MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE


def clock_cycles(closes_us: IntArray) -> tuple[FloatArray, ...]:
    """Sine and cosine of the hour in UTC, the weekday in UTC, the hour in New York and the hour in London.

    Minutes count as fractions of the hour; Monday is the first day.

    Args:
        closes_us: Shape ``(T,)``, close instants in UTC microseconds.

    Returns:
        Eight arrays of shape ``(T,)`` in ``[-1, 1]``, sine before cosine.

    Example:
        >>> noon_of_a_monday = np.array([(4 * 24 + 12) * 3_600_000_000])  # 1970-01-05 12:00
        >>> [float(wave[0].round(9)) for wave in clock_cycles(noon_of_a_monday)[:4]]
        [0.0, -1.0, 0.0, 1.0]
    """
    minutes = closes_us // MICROSECONDS_PER_MINUTE
    days = minutes // MINUTES_PER_DAY
    utc = minutes - days * MINUTES_PER_DAY
    places = (
        (utc, MINUTES_PER_DAY),
        ((days + _THURSDAY) % _DAYS_PER_WEEK, _DAYS_PER_WEEK),
        (_shifted(utc, closes_us, NEW_YORK), MINUTES_PER_DAY),
        (_shifted(utc, closes_us, LONDON), MINUTES_PER_DAY),
    )
    return tuple(wave[place] for place, length in places for wave in _circle(length))


def _shifted(minute: IntArray, instants_us: IntArray, zone: str) -> IntArray:
    """Minute of the day on a zone's wall clock, from the minute in UTC; a zone is less than a day away."""
    local = minute + zone_offset_us(instants_us, zone) // MICROSECONDS_PER_MINUTE
    local[local < 0] += MINUTES_PER_DAY
    local[local >= MINUTES_PER_DAY] -= MINUTES_PER_DAY
    return local


def local_minute(instants_us: IntArray, zone: str | None) -> IntArray:
    """Minute of the day, 0 to 1439, on the wall clock of a zone; of UTC if the zone is None.

    Example:
        >>> local_minute(np.array([0]), "Asia/Tokyo").tolist()
        [540]
    """
    local = instants_us if zone is None else instants_us + zone_offset_us(instants_us, zone)
    return np.asarray(local % _US_PER_DAY // MICROSECONDS_PER_MINUTE)


@functools.lru_cache(maxsize=8)
def _circle(length: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    angle = 2.0 * np.pi * np.arange(length) / length  # looked up: one value for one place on the circle
    return np.sin(angle), np.cos(angle)
