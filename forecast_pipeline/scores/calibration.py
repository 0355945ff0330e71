"""Do stated probabilities come true: PIT, Kolmogorov-Smirnov, Kupiec, coverage bands.

The tests assume independent rows. Overlapping labels are not: pass rows with disjoint
label intervals (`significance.disjoint_rows`), or a perfect forecaster is rejected.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.scores.crps import rows_of_draws

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


class Rejection(NamedTuple):
    """Statistic of one test and the p-value that would reject; both NaN where it is not defined."""

    statistic: float
    p_value: float


def randomised_pit(draws: npt.ArrayLike, outcome: npt.ArrayLike, uniforms: Floats, *, draws_axis: int = 0) -> Floats:
    """Forecast CDF at the outcome, uniform on (0, 1) for a calibrated forecaster.

    ``(r + v (e + 1)) / (S + 1)`` with ``r`` draws below the outcome, ``e`` equal to it and
    ``v`` uniform. This is exactly uniform for any number of draws if the outcome is one
    more draw from the same distribution; the plain share ``r / S`` is not.

    Args:
        draws: Shape ``(S, B)``, or ``(B, S)`` with ``draws_axis=1``.
        outcome: Shape ``(B,)``.
        uniforms: Shape ``(B,)``, in ``[0, 1)``, from a generator the caller owns.
        draws_axis: Axis that counts the draws.

    Returns:
        Shape ``(B,)``; NaN in rows with a NaN among draws or outcome.

    Example:
        >>> randomised_pit([[1.0], [2.0], [3.0]], [2.5], np.array([0.5])).tolist()
        [0.625]
    """
    by_row, observed = rows_of_draws(draws, outcome, draws_axis)
    n_below = np.sum(by_row < observed[:, None], axis=1)
    n_equal = np.sum(by_row == observed[:, None], axis=1)
    pit = (n_below + uniforms * (n_equal + 1)) / (by_row.shape[1] + 1)
    return np.where(np.isnan(observed) | np.isnan(by_row).any(axis=1), np.nan, pit)


def pit_uniformity(pit: Floats) -> Rejection:
    """Kolmogorov-Smirnov test of PIT values against the uniform law; NaN rows are left out, NaN for fewer than 5.

    Example:
        >>> pit_uniformity((np.arange(100) + 0.5) / 100).p_value > 0.99
        True
    """
    from scipy import stats

    known = pit[~np.isnan(pit)]
    if known.size < 5:  # noqa: PLR2004 - below this the statistic says nothing
        return Rejection(math.nan, math.nan)
    found = stats.kstest(known, "uniform")
    return Rejection(float(found.statistic), float(found.pvalue))


def kupiec(n_misses: int, n_rows: int, miss_probability: float) -> Rejection:
    """Likelihood-ratio test that intervals miss as often as they say (Kupiec 1995).

    ``-2 ln [p^x (1-p)^(n-x) / (x/n)^x (1-x/n)^(n-x)]``, chi-squared with one degree of freedom.

    Example:
        >>> [round(value, 4) for value in kupiec(10, 100, 0.05)]
        [4.1308, 0.0421]
    """
    from scipy import special

    if n_rows == 0:
        return Rejection(math.nan, math.nan)
    n_hits = n_rows - n_misses
    restricted = special.xlogy(n_misses, miss_probability) + special.xlog1py(n_hits, -miss_probability)
    free = special.xlogy(n_misses, n_misses / n_rows) + special.xlogy(n_hits, n_hits / n_rows)
    statistic = max(0.0, float(-2.0 * (restricted - free)))
    return Rejection(statistic, float(special.chdtrc(1, statistic)))


def coverage_band(nominal: float, n_independent: int, confidence: float = 0.95) -> tuple[float, float]:
    """Central range of the coverage of a calibrated interval over ``n_independent`` rows.

    Exact binomial quantiles, not the normal approximation; ``(0, 1)`` without rows.

    Example:
        >>> coverage_band(0.9, 100)
        (0.84, 0.95)
    """
    from scipy import stats

    if n_independent < 1:
        return 0.0, 1.0
    tail = (1.0 - confidence) / 2.0
    low, high = stats.binom.ppf([tail, 1.0 - tail], n_independent, nominal) / n_independent
    return float(low), float(high)
