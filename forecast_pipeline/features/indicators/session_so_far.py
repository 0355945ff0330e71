"""The FX day up to the present bar: its range, return and mean price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance, place
from forecast_pipeline.features.indicators.session_parts import first_rows, so_far

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


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
    top, bottom = so_far(high, session, np.maximum, -np.inf), so_far(low, session, np.minimum, np.inf)
    return place(close, top, bottom, ROUNDING * top)


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
    first = first_rows(session)
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
    return np.log(close / opening[first_rows(session)])


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
    n_bars = np.arange(close.size) - first_rows(session) + 1
    return log_distance(close, so_far(close, session, np.add, 0.0) / n_bars)
