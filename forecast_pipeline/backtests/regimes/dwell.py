"""Forward-only smoothing of states: a margin around thresholds, and a minimum stay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

UNKNOWN_CODE = -1


def tercile_states(values: Floats, lower: float, upper: float, margin: float) -> Codes:
    """State 0, 1 or 2 of each value, which changes only when a threshold is passed by ``margin``.

    A NaN is `UNKNOWN_CODE`, and what follows it begins anew.

    Example:
        >>> tercile_states(np.array([0.5, 1.05, 1.2, 0.95, 0.8]), 1.0, 2.0, 0.1).tolist()
        [0, 0, 1, 1, 0]
    """
    bounds, state, states = (lower, upper), UNKNOWN_CODE, []
    for value in values.tolist():
        if math.isnan(value):
            state = UNKNOWN_CODE
        elif state == UNKNOWN_CODE:
            state = (value > lower) + (value > upper)
        else:
            while state < len(bounds) and value > bounds[state] + margin:
                state += 1
            while state > 0 and value < bounds[state - 1] - margin:
                state -= 1
        states.append(state)
    return np.asarray(states, dtype=np.int64)


def minimum_stay(states: Codes, min_rows: int) -> Codes:
    """Keep each state for ``min_rows`` rows before another may follow; unknown follows and ends at once.

    Example:
        >>> minimum_stay(np.array([0, 1, 1, 0, 0, -1, 2]), 3).tolist()
        [0, 0, 0, 0, 0, -1, 2]
        >>> minimum_stay(np.array([0, 0, 0, 1, 0, 0, 0]), 3).tolist()
        [0, 0, 0, 1, 1, 1, 0]
    """
    kept, current, age = [], UNKNOWN_CODE, 0
    for state in states.tolist():
        if state != current and (UNKNOWN_CODE in (state, current) or age >= min_rows):
            current, age = state, 0
        age += 1
        kept.append(current)
    return np.asarray(kept, dtype=np.int64)
