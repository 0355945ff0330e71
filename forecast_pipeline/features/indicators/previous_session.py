"""The last completed FX day before the one that holds a bar: its return, its range and its extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance, place
from forecast_pipeline.features.indicators.session_parts import first_rows, of_previous_session, session_starts

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def previous_session_return(close: FloatArray, session: IntArray) -> FloatArray:
    """Log return of the previous FX day, from the last close before it to its own last close.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        Shape ``(T,)``, log return; NaN in the first two sessions.

    Example:
        >>> np.exp(previous_session_return(np.array([1.0, 2.0, 4.0, 7.0]), np.array([6, 7, 7, 8]))).round(9).tolist()
        [nan, nan, nan, 4.0]
    """
    starts = session_starts(session)
    last = np.full(starts.size, np.nan)  # last close before each session
    last[1:] = close[starts[1:] - 1]
    return of_previous_session(np.log(np.append(last[1:], np.nan) / last), session)


def previous_session_range(
    high: FloatArray, low: FloatArray, close: FloatArray, session: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Log range of the previous FX day, and the place in it at which that day closed.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        ``log(high / low)``, at least 0, and the place from 0, the low, to 1, the high, 0.5 without a range; each
        of shape ``(T,)``, NaN in the first session. Rows of the second are wrong unless the history begins with
        the first.

    Example:
        >>> price = np.array([1.0, 4.0, 1.0, 3.0])
        >>> reach, place = previous_session_range(price, price, price, np.array([7, 7, 7, 8]))
        >>> np.exp(reach).round(9).tolist(), place.tolist()
        ([nan, nan, nan, 4.0], [nan, nan, nan, 0.0])
    """
    top, bottom = _previous_extremes(high, low, session)
    first = first_rows(session)
    before = np.where(first > 0, close[np.maximum(first - 1, 0)], np.nan)
    return np.log(top / bottom), place(before, top, bottom, ROUNDING * top)


def previous_session_extremes(
    high: FloatArray, low: FloatArray, close: FloatArray, session: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Log distances of the close from high and low of the previous FX day.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        session: Shape ``(T,)``, number of the FX day, non-decreasing.

    Returns:
        ``log(close / high)`` and ``log(close / low)``, each of shape ``(T,)``, NaN in the first session. Rows of
        the second are wrong unless the history begins with the first.

    Example:
        >>> price = np.array([1.0, 4.0, 2.0])
        >>> above, below = previous_session_extremes(price, price, price, np.array([7, 7, 8]))
        >>> np.exp(above).round(9).tolist(), np.exp(below).round(9).tolist()
        ([nan, nan, 0.5], [nan, nan, 2.0])
    """
    top, bottom = _previous_extremes(high, low, session)
    return log_distance(close, top), log_distance(close, bottom)


def _previous_extremes(high: FloatArray, low: FloatArray, session: IntArray) -> tuple[FloatArray, FloatArray]:
    """High and low of the session before each bar's own; NaN in the first."""
    starts = session_starts(session)
    if not starts.size:
        return high, low
    return (
        of_previous_session(np.maximum.reduceat(high, starts), session),
        of_previous_session(np.minimum.reduceat(low, starts), session),
    )
