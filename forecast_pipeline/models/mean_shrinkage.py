"""How much of a fitted mean holds up on rows it was not fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def shrinkage(mean: Floats, outcome: Floats) -> float:
    """Slope of outcomes on predicted means through the origin, cut to [0, 1].

    The best linear use of a forecast (Mincer and Zarnowitz 1969, without intercept).

    Example:
        >>> shrinkage(np.array([[1.0], [-1.0]]), np.array([[0.5], [-0.5]]))
        0.5
    """
    power = float(np.sum(np.square(mean)))
    return float(np.clip(np.sum(mean * outcome) / power, 0.0, 1.0)) if power > 0.0 else 0.0


def cautious_shrinkage(mean: Floats, outcome: Floats, n_independent: float) -> float:
    """The slope of `shrinkage` times ``1 - 4 / t^2`` where its t statistic exceeds 2, else 0.

    A positive-part rule as that of James and Stein (1961), stricter than theirs, because the epoch that a network
    is kept from was chosen on the same rows: a mean without a signal is nearly always taken back whole, one with a
    t statistic of 4 keeps three quarters. Labels that overlap count as one.

    Args:
        mean: Predicted means, shape ``(B, K)``.
        outcome: Outcomes in the same units.
        n_independent: Number of outcomes that do not overlap.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> mean = rng.standard_normal((1000, 1))
        >>> cautious_shrinkage(mean, rng.standard_normal((1000, 1)), 1000) < 0.05
        True
        >>> cautious_shrinkage(mean, mean, 1000)
        1.0
    """
    slope = shrinkage(mean, outcome)
    power = float(np.mean(np.square(mean)))
    unexplained = float(np.mean(np.square(outcome - slope * mean)))
    if slope <= 0.0 or power <= 0.0:
        return 0.0
    if unexplained == 0.0:
        return slope
    t_squared = slope**2 * power * n_independent / unexplained
    return slope * max(0.0, 1.0 - 4.0 / t_squared)
