"""Prices of the whole FX day before the one that holds a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.features.indicators.session_parts import of_previous_session, session_starts

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


class SessionPrices(NamedTuple):
    """Prices of a whole session, for every bar of a later one; each of shape ``(T,)``, NaN where there is none.

    Attributes:
        open: First price.
        high: Highest price.
        low: Lowest price.
        close: Last price.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


def previous_session(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, session: IntArray
) -> SessionPrices:
    """Prices of the session before each bar's own, known since that one ended.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Open, high, low and close of that session, NaN for bars of the first session.

    Example:
        >>> price, session = np.array([2.0, 5.0, 1.0, 3.0]), np.array([7, 7, 7, 8])
        >>> [float(x[-1]) for x in previous_session(price, price, price, price, session)]
        [2.0, 5.0, 1.0, 1.0]
    """
    starts = session_starts(session)
    if starts.size == 0:
        return SessionPrices(open_, high, low, close)
    last = np.append(starts[1:], session.size) - 1
    whole = (open_[starts], np.maximum.reduceat(high, starts), np.minimum.reduceat(low, starts), close[last])
    return SessionPrices(*(of_previous_session(values, session) for values in whole))
