"""Scores of quantiles and of the intervals between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def pinball(forecast: Floats, outcome: Floats, level: float) -> Floats:
    """Quantile loss of each row: ``(level - [y < q]) (y - q)``, lower is better.

    Without the factor 2 of some authors: at level 0.5 this is half the absolute error.

    Args:
        forecast: Shape ``(B,)``, the quantile at ``level``.
        outcome: Shape ``(B,)``.
        level: In ``(0, 1)``.

    Example:
        >>> pinball(np.array([1.0, 1.0]), np.array([2.0, 0.0]), 0.9).round(12).tolist()
        [0.9, 0.1]
    """
    error = outcome - forecast
    return np.maximum(level * error, (level - 1.0) * error)


def interval_score(lower: Floats, upper: Floats, outcome: Floats, nominal: float) -> Floats:
    """Width of a central interval plus the penalty for missing, lower is better.

    ``(u - l) + 2/m (l - y)+ + 2/m (y - u)+`` with nominal miss probability
    ``m = 1 - nominal`` [1]_: it rewards narrow intervals that still cover.

    Example:
        >>> interval_score(np.array([0.0]), np.array([2.0]), np.array([3.0]), 0.5).tolist()
        [6.0]

    .. [1] T. Gneiting and A. Raftery, *JASA* 102, 2007, eq. 43.
    """
    below, above = np.maximum(lower - outcome, 0.0), np.maximum(outcome - upper, 0.0)
    return np.asarray(upper - lower + 2.0 / (1.0 - nominal) * (below + above))


def mean_width(lower: Floats, upper: Floats) -> float:
    """Sharpness: mean width of the interval, in the unit of the target; NaN rows are left out.

    Narrower is better only among intervals that cover as they say.

    Example:
        >>> mean_width(np.array([0.0, -1.0]), np.array([1.0, 2.0]))
        2.0
    """
    width = upper - lower
    width = width[~np.isnan(width)]
    return float(np.mean(width)) if width.size else math.nan


def crossing_count(quantiles: Floats) -> int:
    """Number of rows in which a higher level has a lower quantile.

    Args:
        quantiles: Shape ``(B, Q)``, levels ascending; rows with a NaN are judged by their other values.

    Example:
        >>> crossing_count(np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [1.0, 1.0, 1.0]]))
        1
    """
    return int(np.sum((np.diff(quantiles, axis=1) < 0.0).any(axis=1)))


def coverage(lower: Floats, upper: Floats, outcome: Floats) -> float:
    """Share of outcomes inside the closed interval; NaN rows are left out, NaN without rows.

    Example:
        >>> coverage(np.zeros(2), np.ones(2), np.array([1.0, 2.0]))
        0.5
    """
    is_known = ~(np.isnan(lower) | np.isnan(upper) | np.isnan(outcome))
    return float(np.mean(((lower <= outcome) & (outcome <= upper))[is_known])) if is_known.any() else math.nan
