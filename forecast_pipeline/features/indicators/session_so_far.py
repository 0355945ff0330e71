"""The FX day up to the present bar: its range, return, mean price, and the break of its Tokyo range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.indicators.clock import local_minute
from forecast_pipeline.features.indicators.market_sessions import TOKYO_SESSION
from forecast_pipeline.features.indicators.windows import ROUNDING, log_distance

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray, IntArray


def session_starts(session: IntArray) -> IntArray:
    """Row of the first bar of each session.

    Example:
        >>> session_starts(np.array([7, 7, 8, 11])).tolist()
        [0, 2, 3]
    """
    return np.flatnonzero(np.diff(session, prepend=session[:1] - 1))


def so_far(values: FloatArray, session: IntArray, combine: np.ufunc, nothing: float) -> FloatArray:
    """Largest, smallest or sum of the session's values up to each bar.

    The sessions lie below each other in a table, so no residue of one reaches the next.

    Args:
        values: Shape ``(T,)``, no NaN.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.
        combine: ``np.maximum``, ``np.minimum`` or ``np.add``.
        nothing: What does not change the result: minus infinity, infinity or 0.

    Example:
        >>> so_far(np.array([2.0, 1.0, 3.0, 1.0]), np.array([7, 7, 7, 8]), np.maximum, -np.inf).tolist()
        [2.0, 2.0, 3.0, 1.0]
    """
    if values.size == 0:
        return values.copy()
    day, place = _day_and_place(session)
    table = np.full((int(day[-1]) + 1, int(place.max()) + 1), nothing)
    table[day, place] = values
    return np.asarray(combine.accumulate(table, axis=1)[day, place])


def session_range(high: FloatArray, low: FloatArray, session: IntArray) -> FloatArray:
    """Log range of the session so far, ``log(high / low)``.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        Shape ``(T,)``, at least 0. Rows of the first session are wrong unless the history begins with it.

    Example:
        >>> np.exp(session_range(np.array([2.0, 4.0, 4.0]), np.array([1.0, 2.0, 2.0]), np.array([7, 7, 8]))).round(9)
        array([2., 4., 2.])
    """
    return np.log(so_far(high, session, np.maximum, -np.inf) / so_far(low, session, np.minimum, np.inf))


def session_place(high: FloatArray, low: FloatArray, close: FloatArray, session: IntArray) -> FloatArray:
    """Place of the close in the session's range so far: 0 at its low, 1 at its high.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 while there is no range but rounding. Rows of the first session are
        wrong unless the history begins with it.

    Example:
        >>> price = np.array([1.0, 3.0, 2.0])
        >>> session_place(price, price, price, np.array([7, 7, 7])).tolist()
        [0.5, 1.0, 0.5]
    """
    return place_between(close, so_far(low, session, np.minimum, np.inf), so_far(high, session, np.maximum, -np.inf))


def place_between(price: FloatArray, bottom: FloatArray, top: FloatArray) -> FloatArray:
    """Place of a price between two others, 0.5 where they are equal up to rounding; NaN where one is.

    Example:
        >>> place_between(np.array([1.5, 2.0]), np.array([1.0, 2.0]), np.array([3.0, 2.0])).tolist()
        [0.25, 0.5]
    """
    reach = top - bottom
    is_flat = reach <= ROUNDING * top
    return np.where(is_flat, 0.5, (price - bottom) / np.where(is_flat, 1.0, reach))


def session_return(close: FloatArray, session: IntArray) -> FloatArray:
    """Log return since the last close of the session before, the gap between the sessions included.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        Shape ``(T,)``, log return; NaN in the first session, which has none before it.

    Example:
        >>> np.exp(session_return(np.array([1.0, 2.0, 4.0, 8.0]), np.array([7, 7, 8, 8]))).round(9).tolist()
        [nan, nan, 2.0, 4.0]
    """
    first = _first_rows(session)
    return np.where(first > 0, np.log(close / close[np.maximum(first - 1, 0)]), np.nan)


def session_open(opening: FloatArray, close: FloatArray, session: IntArray) -> FloatArray:
    """Log distance of the close from the session's first open.

    Args:
        opening: Shape ``(T,)``, open price in quote currency, oldest first, no NaN.
        close: Shape ``(T,)``.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        Shape ``(T,)``, dimensionless. Rows of the first session are wrong unless the history begins with it.

    Example:
        >>> np.exp(session_open(np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([7, 7]))).round(9).tolist()
        [2.0, 4.0]
    """
    return np.log(close / opening[_first_rows(session)])


def session_twap(close: FloatArray, session: IntArray) -> FloatArray:
    """Log distance of the close from the session's time-weighted average price: the mean of its closes so far.

    A missing bar is not in the mean.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless. Rows of the first session are wrong unless the
        history begins with it.

    Example:
        >>> np.exp(session_twap(np.array([1.0, 3.0, 4.0]), np.array([7, 7, 8]))).round(9).tolist()
        [1.0, 1.5, 1.0]

    References: L. Harris, *Trading and Exchanges*, 2003.
    """
    n_bars = np.arange(close.size) - _first_rows(session) + 1
    return log_distance(close, so_far(close, session, np.add, 0.0) / n_bars)


def tokyo_range(bars: BarArrays) -> tuple[FloatArray, FloatArray]:
    """Range of the FX day's Tokyo session once it is over, and how far the close has left it.

    The range is that of the bars which open from 09:00 to before 18:00 in Tokyo; it counts for decisions from
    18:00 on until the FX day ends.

    Args:
        bars: Arrays of shape ``(T,)``.

    Returns:
        ``log(high / low)`` of the Tokyo session, at least 0, and the log distance of the close beyond it: positive
        above the high, negative below the low, 0 inside. Both are 0 before the session is over, and on a day
        that has no bar of it. Rows of the first FX day are wrong unless the history begins with it.

    References: T. Crabel, *Day Trading with Short Term Price Patterns and Opening Range Breakout*, 1990, for breaks
    of a range of the same day.
    """
    day_minute = bars.day_minute
    # The FX day begins at 06:00 or 07:00 in Tokyo; from there on the local clock is counted past midnight.
    begins = (local_minute(bars.opens_us, TOKYO_SESSION.zone) - day_minute) % MINUTES_PER_DAY
    opens = begins + day_minute
    is_inside = (opens >= TOKYO_SESSION.opens_minute) & (opens < TOKYO_SESSION.closes_minute)
    top = so_far(np.where(is_inside, bars.high, -np.inf), bars.session, np.maximum, -np.inf)
    bottom = so_far(np.where(is_inside, bars.low, np.inf), bars.session, np.minimum, np.inf)
    is_over = (opens + bars.minutes >= TOKYO_SESSION.closes_minute) & np.isfinite(top)
    top, bottom = np.where(is_over, top, bars.close), np.where(is_over, bottom, bars.close)
    inside = np.minimum(np.maximum(bars.close, bottom), top)
    return np.log(top / bottom), np.log(bars.close / inside)


def _first_rows(session: IntArray) -> IntArray:
    """For each bar the row of its session's first bar."""
    starts = session_starts(session)
    return np.repeat(starts, np.diff(starts, append=session.size))


def _day_and_place(session: IntArray) -> tuple[IntArray, IntArray]:
    """For each bar the number of its session and its own number in it, both from 0."""
    starts = session_starts(session)
    lengths = np.diff(starts, append=session.size)
    return np.repeat(np.arange(starts.size), lengths), np.arange(session.size) - np.repeat(starts, lengths)
