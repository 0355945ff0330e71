"""Parts of indicators that know the FX day: its first bars, what lies between them and a bar, the day before.

A session is a stretch of rows with the same number. The day before the present one is the last session that has
bars, so a holiday is skipped. Values of the first session that a history holds are wrong unless the history
begins with it, and those of the second too where they look at the day before; the catalogue leaves those rows out.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

_LONG_SESSION_BARS = 16


def session_starts(session: IntArray) -> IntArray:
    """Positions of the first bars of the sessions.

    Example:
        >>> session_starts(np.array([7, 7, 8, 8, 8])).tolist()
        [0, 2]
    """
    if session.size == 0:
        return np.array([], dtype=np.int64)
    return np.append(0, np.flatnonzero(session[1:] != session[:-1]) + 1)


def session_sum(values: FloatArray, session: IntArray) -> FloatArray:
    """Sum since the session's open, without residue of earlier sessions; a NaN lasts to the session's end.

    Example:
        >>> session_sum(np.array([1.0, 2.0, 3.0, 4.0]), np.array([7, 7, 8, 8])).tolist()
        [1.0, 3.0, 3.0, 7.0]
    """
    return so_far(values, session, np.add, 0.0)


def first_rows(session: IntArray) -> IntArray:
    """For each bar the row of its session's first bar.

    Example:
        >>> first_rows(np.array([7, 7, 8])).tolist()
        [0, 0, 2]
    """
    starts = session_starts(session)
    return np.repeat(starts, np.diff(starts, append=session.size))


def session_open(open_: FloatArray, session: IntArray) -> FloatArray:
    """First price of each bar's own session.

    Example:
        >>> session_open(np.array([1.0, 2.0, 3.0, 4.0]), np.array([7, 7, 8, 8])).tolist()
        [1.0, 1.0, 3.0, 3.0]
    """
    return open_[first_rows(session)]


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


def so_far(values: FloatArray, session: IntArray, combine: np.ufunc, nothing: float) -> FloatArray:
    """Largest, smallest or sum of the session's values up to each bar.

    Each session is gone through by itself, so no residue of one reaches the next; short ones lie below each other in
    a table, which saves a call for each.

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
    starts = session_starts(session)
    if values.size > _LONG_SESSION_BARS * starts.size:
        out = np.empty(values.size)
        for start, stop in pairwise([*starts.tolist(), values.size]):
            combine.accumulate(values[start:stop], out=out[start:stop])
        return out
    day, place = _day_and_place(session)
    table = np.full((int(day[-1]) + 1, int(place.max()) + 1), nothing)
    table[day, place] = values
    return np.asarray(combine.accumulate(table, axis=1)[day, place])


def _day_and_place(session: IntArray) -> tuple[IntArray, IntArray]:
    """For each bar the number of its session and its own number in it, both from 0."""
    starts = session_starts(session)
    lengths = np.diff(starts, append=session.size)
    return np.repeat(np.arange(starts.size), lengths), np.arange(session.size) - np.repeat(starts, lengths)
