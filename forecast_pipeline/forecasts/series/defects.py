"""Defects of daily closes, judged from the past only: spikes that revert, rows that repeat, series that are pegged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

SPIKE_RETURN = 0.05
CANCELLED = (0.8, 1.25)
"""The next return takes back this share of a spike: less is a move, more is a turn."""
SPIKE_DEVIATIONS = 8.0
"""A spike is also this many usual moves, so that a series that moves by 5 % every day keeps its returns."""
USUAL_BARS = 250
_DEVIATIONS_PER_MEDIAN = 1.4826  # of a normal law
MAX_UNCHANGED_FRACTION = 0.2
"""A series with more closes equal to the one before is pegged, or quoted rarely."""


def spikes(close: Floats) -> Flags:
    """Single bars that the next bar takes back, shape ``(T,)``; never the last one, whose next bar is not known.

    A bar is one if its return exceeds `SPIKE_RETURN` and `SPIKE_DEVIATIONS` usual moves of the `USUAL_BARS` before,
    and the next return cancels at least four fifths of it. Whether bar ``t`` is one is known at ``t + 1``.

    Args:
        close: Shape ``(T,)``, finite and positive.

    Example:
        >>> spikes(np.array([1.0, 1.0, 1.1, 1.001, 1.0, 1.1])).tolist()
        [False, False, True, False, False, False]
    """
    found = np.zeros(close.size, dtype=bool)
    returns = np.diff(np.log(close))
    for row in np.flatnonzero(np.abs(returns[:-1]) > SPIKE_RETURN):
        if row and found[row]:  # this return is the way back from a spike
            continue
        share = -returns[row + 1] / returns[row]
        past = np.abs(returns[max(row - USUAL_BARS, 0) : row])
        usual = _DEVIATIONS_PER_MEDIAN * float(np.median(past)) if past.size else 0.0
        found[row + 1] = CANCELLED[0] <= share <= CANCELLED[1] and abs(returns[row]) > SPIKE_DEVIATIONS * usual
    return found


def without_spikes(close: Floats, is_spike: Flags) -> Floats:
    """Closes in which a spike has the close before it.

    Example:
        >>> without_spikes(np.array([1.0, 1.1, 1.001]), np.array([False, True, False])).tolist()
        [1.0, 1.0, 1.001]
    """
    made = close.copy()
    for row in np.flatnonzero(is_spike):
        made[row] = made[row - 1]
    return made


def repeated_rows(closes: Floats) -> Flags:
    """Rows of a panel in which no series moved: the market was closed, and the row before was copied.

    Args:
        closes: Shape ``(T, n)``; of one series no row is judged, because its price may well stay.

    Example:
        >>> repeated_rows(np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.1]])).tolist()
        [False, True, False]
    """
    made = np.zeros(closes.shape[0], dtype=bool)
    if closes.shape[1] > 1:
        made[1:] = (np.diff(closes, axis=0) == 0.0).all(axis=1)
    return made


def unchanged_fraction(returns: Floats) -> float:
    """Share of the known returns that are zero; 0 if none is known.

    Example:
        >>> unchanged_fraction(np.array([np.nan, 0.0, 0.1, 0.0, -0.1]))
        0.5
    """
    known = returns[np.isfinite(returns)]
    return float(np.mean(known == 0.0)) if known.size else 0.0
