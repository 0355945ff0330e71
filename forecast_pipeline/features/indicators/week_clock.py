"""Place of a bar in its FX day and trading week, and their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, MINUTES_PER_WEEK

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

_MONDAY = 4  # 1970-01-05, in days since 1970
_DAYS_PER_WEEK = 7
_HOUR = 60


def day_position(day_minute: IntArray, minutes: int) -> FloatArray:
    """Share of the bar's FX day, 17:00 to 17:00 New York, that has passed at its close.

    Args:
        day_minute: Shape ``(T,)``, minutes from 17:00 New York to the bar's open.
        minutes: Length of a bar.

    Returns:
        Shape ``(T,)``, in ``(0, 1]``; 1 at the close of the day's last bar.

    Example:
        >>> day_position(np.array([0, 660, 1380]), 60).tolist()
        [0.041666666666666664, 0.5, 1.0]
    """
    return np.minimum((day_minute + minutes) / MINUTES_PER_DAY, 1.0)


def week_position(session: IntArray, day_minute: IntArray, minutes: int) -> FloatArray:
    """Share of the bar's trading week, Sunday to Friday 17:00 New York, that has passed at its close.

    Args:
        session: Shape ``(T,)``, number of the FX day, in days since 1970.
        day_minute: Shape ``(T,)``, minutes from 17:00 New York to the bar's open.
        minutes: Length of a bar.

    Returns:
        Shape ``(T,)``, in ``(0, 1]``; 1 at Friday's close.

    Example:
        >>> monday, friday = 4, 8
        >>> week_position(np.array([monday, friday]), np.array([1380, 1380]), 60).tolist()
        [0.2, 1.0]
    """
    return np.minimum(_week_minute(session, day_minute, minutes) / MINUTES_PER_WEEK, 1.0)


def week_edges(session: IntArray, day_minute: IntArray, minutes: int) -> tuple[FloatArray, FloatArray]:
    """Whether the decision lies in the first or the last hour of the trading week.

    Decided at the close of the bar and about what follows: the hour holds its beginning and not its end. As on
    the trading clock, Friday's close is the beginning of the next week. Where a bar is longer than an hour, it
    takes the hour's place.

    Args:
        session: Shape ``(T,)``, number of the FX day, in days since 1970.
        day_minute: Shape ``(T,)``, minutes from 17:00 New York to the bar's open.
        minutes: Length of a bar.

    Returns:
        Two flags, 0 or 1, each of shape ``(T,)``.

    Example:
        >>> friday = np.array([8, 8, 8])
        >>> [flag.tolist() for flag in week_edges(friday, np.array([1260, 1320, 1380]), 60)]
        [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    edge = max(_HOUR, minutes)
    minute = _week_minute(session, day_minute, minutes) % MINUTES_PER_WEEK
    is_first, is_last = minute < edge, minute >= MINUTES_PER_WEEK - edge
    return is_first.astype(np.float64), is_last.astype(np.float64)


def rollover_hour(day_minute: IntArray, minutes: int) -> FloatArray:
    """Whether the decision lies in the hour of the rollover, from 17:00 to before 18:00 New York.

    Args:
        day_minute: Shape ``(T,)``, minutes from 17:00 New York to the bar's open.
        minutes: Length of a bar.

    Returns:
        Shape ``(T,)``, 0 or 1; 1 at the close of a day, because what follows is the rollover.

    Example:
        >>> rollover_hour(np.array([0, 30, 1410]), 30).tolist()
        [1.0, 0.0, 1.0]
    """
    return np.asarray((day_minute + minutes) % MINUTES_PER_DAY < _HOUR).astype(np.float64)


def _week_minute(session: IntArray, day_minute: IntArray, minutes: int) -> IntArray:
    return np.asarray((session - _MONDAY) % _DAYS_PER_WEEK * MINUTES_PER_DAY + day_minute + minutes)
