"""The calendar of the FX day that holds a bar: weekday, month, quarter and season."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

    Dates = npt.NDArray[np.datetime64]

MOST_WEEKDAYS_PER_MONTH = 23
MOST_WEEKDAYS_PER_QUARTER = 66
_MONDAY_TO_SUNDAY = 7
_THURSDAY = 3  # 1970-01-01, counted from Monday
FLAGGED_WEEKDAYS = (("monday", 0), ("wednesday", 2), ("friday", 4))


def weekday_flags(session: IntArray) -> tuple[FloatArray, ...]:
    """Whether the FX day is the first, the middle or the last of its week.

    On Wednesday the interest of a weekend is booked, three days at once.

    Args:
        session: Shape ``(T,)``, number of the FX day, in days since 1970; it is named after the day it ends on.

    Returns:
        Flags, 0 or 1, of Monday, Wednesday and Friday, each of shape ``(T,)``.

    Example:
        >>> [flag.tolist() for flag in weekday_flags(np.array([4, 5, 8]))]  # Monday 1970-01-05, Tuesday, Friday
        [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]

    References: J. W. McFarland, R. R. Pettit, S. K. Sung, *Journal of Finance* 37, 1982.
    """
    weekday = (session + _THURSDAY) % _MONDAY_TO_SUNDAY
    return tuple((weekday == day).astype(np.float64) for _, day in FLAGGED_WEEKDAYS)


def month_cycle(session: IntArray) -> tuple[FloatArray, ...]:
    """Day of the month as a point on a circle that the month's own length closes.

    Args:
        session: Shape ``(T,)``, number of the FX day, in days since 1970.

    Returns:
        Sine and cosine, each of shape ``(T,)`` in ``[-1, 1]``.

    Example:
        >>> [float(wave[0]) for wave in month_cycle(np.array([0]))]  # the first of a month
        [0.0, 1.0]
    """
    return _each_day(session, lambda dates: _circle(dates, _month_starts(dates, 1), _month_starts(dates, 1, ahead=1)))


def year_cycle(session: IntArray) -> tuple[FloatArray, ...]:
    """Day of the year as a point on a circle: the season, the month included.

    Args:
        session: Shape ``(T,)``, number of the FX day, in days since 1970.

    Returns:
        Sine and cosine, each of shape ``(T,)`` in ``[-1, 1]``.

    Example:
        >>> [float(wave[0]) for wave in year_cycle(np.array([0]))]  # the first of January
        [0.0, 1.0]
    """
    return _each_day(session, lambda dates: _circle(dates, _month_starts(dates, 12), _month_starts(dates, 12, ahead=1)))


def month_edges(session: IntArray) -> tuple[FloatArray, ...]:
    """Weekdays of the month before and after the FX day, as shares of the most a month can have.

    Weekdays are Monday to Friday; holidays are not known.

    Args:
        session: Shape ``(T,)``, number of the FX day, in days since 1970.

    Returns:
        Share passed and share left, each of shape ``(T,)`` in ``[0, 1)``; 0 on the first and on the last one.

    Example:
        >>> [int(23 * share[0]) for share in month_edges(np.array([1]))]  # Friday 1970-01-02
        [1, 20]

    References: J. Lakonishok, S. Smidt, *Review of Financial Studies* 1, 1988.
    """
    return _each_day(session, lambda dates: _weekday_shares(dates, 1, MOST_WEEKDAYS_PER_MONTH))


def quarter_edges(session: IntArray) -> tuple[FloatArray, ...]:
    """Weekdays of the quarter before and after the FX day, as shares of the most a quarter can have.

    Args:
        session: Shape ``(T,)``, number of the FX day, in days since 1970.

    Returns:
        Share passed and share left, each of shape ``(T,)`` in ``[0, 1)``; 0 on the first and on the last one.

    Example:
        >>> [int(66 * share[0]) for share in quarter_edges(np.array([89]))]  # Tuesday 1970-03-31
        [63, 0]
    """
    return _each_day(session, lambda dates: _weekday_shares(dates, 3, MOST_WEEKDAYS_PER_QUARTER))


def _each_day(session: IntArray, columns: Callable[[Dates], tuple[FloatArray, ...]]) -> tuple[FloatArray, ...]:
    """Columns of the FX days, repeated for their bars."""
    starts = np.flatnonzero(np.diff(session, prepend=session[:1] - 1))
    lengths = np.diff(starts, append=session.size)
    return tuple(np.repeat(column, lengths) for column in columns(session[starts].astype("datetime64[D]")))


def _month_starts(dates: Dates, months: int, ahead: int = 0) -> Dates:
    """First day of the stretch of ``months`` calendar months that holds each date, or of a later stretch."""
    stretch = dates.astype("datetime64[M]").astype(np.int64) // months + ahead
    return (stretch * months).astype("datetime64[M]").astype("datetime64[D]")


def _circle(dates: Dates, first: Dates, after: Dates) -> tuple[FloatArray, FloatArray]:
    angle = 2.0 * np.pi * (dates - first).astype(np.int64) / (after - first).astype(np.int64)
    return np.sin(angle), np.cos(angle)


def _weekday_shares(dates: Dates, months: int, most: int) -> tuple[FloatArray, FloatArray]:
    passed = np.busday_count(_month_starts(dates, months), dates)
    left = np.busday_count(dates + np.timedelta64(1, "D"), _month_starts(dates, months, ahead=1))
    return passed / most, left / most
