"""Parts of indicators that know the FX day: sums since its open, prices of the day before.

A session is a stretch of rows with the same number. The day before the present one is the last session that has
bars, so a holiday is skipped. Values of the first session that a history holds are wrong unless the history
begins with it, and those of the second too where they look at the day before; the catalogue leaves those rows out.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

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


def session_starts(session: IntArray) -> IntArray:
    """Positions of the first bars of the sessions.

    Example:
        >>> session_starts(np.array([7, 7, 8, 8, 8])).tolist()
        [0, 2]
    """
    return np.flatnonzero(np.diff(session, prepend=session[:1] - 1)).astype(np.int64)


def session_sum(values: FloatArray, session: IntArray) -> FloatArray:
    """Sum since the session's open, without residue of earlier sessions; a NaN lasts to the session's end.

    Example:
        >>> session_sum(np.array([1.0, 2.0, 3.0, 4.0]), np.array([7, 7, 8, 8])).tolist()
        [1.0, 3.0, 3.0, 7.0]
    """
    out = np.empty(values.size)
    edges = [*session_starts(session), values.size]
    for start, stop in itertools.pairwise(edges):
        np.cumsum(values[start:stop], out=out[start:stop])
    return out


def session_open(open_: FloatArray, session: IntArray) -> FloatArray:
    """First price of each bar's own session.

    Example:
        >>> session_open(np.array([1.0, 2.0, 3.0, 4.0]), np.array([7, 7, 8, 8])).tolist()
        [1.0, 1.0, 3.0, 3.0]
    """
    starts = session_starts(session)
    return np.repeat(open_[starts], np.diff(starts, append=session.size))


def of_previous_session(per_session: FloatArray, session: IntArray) -> FloatArray:
    """For each bar the value of the session before its own; NaN in the first session.

    Args:
        per_session: One value a session, oldest first.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Example:
        >>> of_previous_session(np.array([5.0, 6.0]), np.array([7, 7, 8])).tolist()
        [nan, nan, 5.0]
    """
    starts = session_starts(session)
    before = np.concatenate([np.full(min(1, starts.size), np.nan), per_session[:-1]])
    return np.repeat(before, np.diff(starts, append=session.size))


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
