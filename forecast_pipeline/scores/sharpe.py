"""Sharpe ratios with what they can prove: probabilistic, deflated, annualised, and the track record they need.

Ratios are per period, not annualised; kurtosis is the plain fourth moment, 3 for a normal law.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.scores.significance import hac_lags

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_EULER = 0.5772156649015329


class SharpeMoments(NamedTuple):
    """Per-period Sharpe ratio with the moments its error depends on; NaN where there is no variance."""

    sharpe: float
    skewness: float
    kurtosis: float
    n_periods: int


class DeflatedSharpe(NamedTuple):
    """Threshold that the luckiest of the trials is expected to reach, and the probability of beating it."""

    threshold: float
    probability: float
    n_trials: float
    trial_variance: float


def sharpe_moments(returns: Floats) -> SharpeMoments:
    """Sharpe ratio (divisor n - 1), skewness and non-excess kurtosis (divisor n); NaN rows are left out.

    Args:
        returns: Shape ``(T,)``, excess returns of equal periods.

    Example:
        >>> found = sharpe_moments(np.array([1.0, 3.0]))
        >>> round(found.sharpe, 6), found.skewness, found.kurtosis
        (1.414214, 0.0, 1.0)
    """
    kept = returns[~np.isnan(returns)]
    if kept.size < 2 or np.ptp(kept) == 0.0:  # noqa: PLR2004 - one period has no spread
        return SharpeMoments(math.nan, math.nan, math.nan, kept.size)
    mean = float(np.mean(kept))
    centred = kept - mean
    squared = centred * centred
    variance = float(np.mean(squared))
    # Values too close together to have a spread in double precision count as constant.
    if variance <= (1e-14 * mean) ** 2:
        return SharpeMoments(math.nan, math.nan, math.nan, kept.size)
    skewness = float(np.mean(squared * centred)) / variance**1.5
    kurtosis = float(np.mean(squared * squared)) / variance**2
    sharpe = mean / math.sqrt(variance * kept.size / (kept.size - 1))
    return SharpeMoments(sharpe, skewness, kurtosis, kept.size)


def probabilistic_sharpe(moments: SharpeMoments, benchmark: float = 0.0) -> float:
    """Probability that the true ratio exceeds a benchmark (PSR).

    ``Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR²))`` with skewness ``g3`` and
    non-excess kurtosis ``g4`` [1]_; it assumes returns without serial correlation.

    Args:
        moments: Of the returns judged.
        benchmark: Per-period ratio to exceed.

    Returns:
        In ``[0, 1]``; NaN where the ratio is not defined.

    Example:
        >>> round(probabilistic_sharpe(SharpeMoments(0.1, 0.0, 3.0, 401)), 4)  # 2 / sqrt(1.005) sds
        0.977

    .. [1] D. Bailey and M. Lopez de Prado, *Journal of Risk* 15, 2012, eq. 11.
    """
    from scipy import special

    spread = _error_scale(moments)
    if moments.n_periods < 2 or not spread > 0.0:  # noqa: PLR2004 - one period has no spread
        return math.nan
    return float(special.ndtr((moments.sharpe - benchmark) * math.sqrt(moments.n_periods - 1) / spread))


def expected_maximum_sharpe(trial_variance: float, n_trials: float) -> float:
    """Ratio that the best of so many trials without skill is expected to show.

    ``sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)))``, ``g`` Euler's constant [1]_.

    Args:
        trial_variance: Variance of the per-period ratio over **all** trials.
        n_trials: Trials ever made, the discarded included; may be an effective number.

    Returns:
        0 for one trial; NaN for none.

    Example:
        >>> round(expected_maximum_sharpe(0.5 / 250, 100), 6)  # the published example
        0.113172

    .. [1] D. Bailey and M. Lopez de Prado, *Journal of Portfolio Management* 40 (5), 2014, eq. 1.
    """
    from scipy import special

    if math.isnan(trial_variance) or n_trials < 1:
        return math.nan
    if n_trials == 1:
        return 0.0
    low, high = special.ndtri([1.0 - 1.0 / n_trials, 1.0 - 1.0 / (n_trials * math.e)])
    return math.sqrt(trial_variance) * max(0.0, float((1.0 - _EULER) * low + _EULER * high))


def deflated_sharpe(moments: SharpeMoments, trial_variance: float, n_trials: float) -> DeflatedSharpe:
    """Probability that the true ratio exceeds what luck gives the best of all trials (DSR).

    `probabilistic_sharpe` against `expected_maximum_sharpe`.

    Args:
        moments: Of the trial that was chosen.
        trial_variance: Variance of the per-period ratio over **all** trials.
        n_trials: Trials ever made, the discarded included; say beside it if it is an `effective_trials`.

    Example:
        >>> chosen = SharpeMoments(2.5 / 250**0.5, -3.0, 10.0, 1250)
        >>> round(deflated_sharpe(chosen, 0.5 / 250, 100).probability, 6)  # the published example
        0.900397
    """
    threshold = expected_maximum_sharpe(trial_variance, n_trials)
    return DeflatedSharpe(threshold, probabilistic_sharpe(moments, threshold), n_trials, trial_variance)


def deflated_sharpe_of_best(returns: Floats, n_trials: float | None = None) -> DeflatedSharpe:
    """`deflated_sharpe` of the trial with the highest ratio among all trials.

    Args:
        returns: Shape ``(T, N)``, every trial ever made, a column each.
        n_trials: Number of trials to use; the number of columns when left out.

    Example:
        >>> trials = np.random.default_rng(0).normal(size=(500, 50))
        >>> deflated_sharpe_of_best(trials).probability < 0.95
        True
    """
    each = [sharpe_moments(column) for column in returns.T]
    ratios = np.array([moments.sharpe for moments in each])
    is_known = ~np.isnan(ratios)
    count = float(returns.shape[1]) if n_trials is None else n_trials
    if not is_known.any():
        return DeflatedSharpe(math.nan, math.nan, count, math.nan)
    variance = float(np.var(ratios[is_known], ddof=1)) if is_known.sum() > 1 else 0.0
    return deflated_sharpe(each[int(np.nanargmax(ratios))], variance, count)


def minimum_track_record(moments: SharpeMoments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Periods needed before the ratio exceeds the benchmark with this confidence (MinTRL).

    ``1 + (1 - g3 SR + (g4 - 1) / 4 SR²) (z / (SR - SR*))²`` (Bailey and Lopez de Prado 2012, eq. 13).

    Returns:
        Infinite if the ratio is not above the benchmark; NaN where it is not defined.

    Example:
        >>> round(minimum_track_record(SharpeMoments(0.1, 0.0, 3.0, 50)), 1)
        272.9
    """
    from scipy import special

    if math.isnan(moments.sharpe):
        return math.nan
    if moments.sharpe <= benchmark:
        return math.inf
    reach = float(special.ndtri(confidence)) / (moments.sharpe - benchmark)
    return 1.0 + _error_scale(moments) ** 2 * reach**2


def annualisation_factor(returns: Floats, periods_per_year: float, n_lags: int | None = None) -> float:
    """Factor from a per-period to a yearly Sharpe ratio that respects serial correlation.

    ``q / sqrt(q + 2 sum_k (q - k) r_k)`` [1]_, ``r_k`` the autocorrelations up to ``n_lags``;
    without autocorrelation it is the usual ``sqrt(q)``.

    Args:
        returns: Shape ``(T,)``, in order of time; NaN rows are left out.
        periods_per_year: ``q``, counted from the rows that exist, not assumed.
        n_lags: Autocorrelations to use, fewer than ``q`` and than the rows; `hac_lags` when left out,
            because the sum over all sample autocorrelations is -1/2 whatever the process.

    Returns:
        NaN for a constant series or where the estimated variance of a year is not positive.

    Example:
        >>> round(annualisation_factor(np.tile([1.0, 1.0, -1.0, -1.0], 50), 4.0, n_lags=1), 1)
        2.0

    .. [1] A. Lo, *Financial Analysts Journal* 58 (4), 2002, eq. 20.
    """
    kept = returns[~np.isnan(returns)]
    if kept.size < 2 or np.ptp(kept) == 0.0:  # noqa: PLR2004 - one period has no spread
        return math.nan
    wanted = hac_lags(kept.size, 1) if n_lags is None else n_lags
    used = max(0, min(wanted, kept.size - 1, math.ceil(periods_per_year) - 1))
    centred = kept - np.mean(kept)
    variance = float(centred @ centred)
    total = periods_per_year
    for lag in range(1, used + 1):
        total += 2.0 * (periods_per_year - lag) * float(centred[lag:] @ centred[:-lag]) / variance
    return periods_per_year / math.sqrt(total) if total > 0.0 else math.nan


def annualised_sharpe(returns: Floats, periods_per_year: float, n_lags: int | None = None) -> float:
    """Yearly Sharpe ratio by `annualisation_factor`, not by the root of the days of a year alone.

    Example:
        >>> returns = np.random.default_rng(1).normal(0.1, 1.0, size=4000)
        >>> 1.2 < annualised_sharpe(returns, 250.0) < 2.0
        True
    """
    return sharpe_moments(returns).sharpe * annualisation_factor(returns, periods_per_year, n_lags)


def effective_trials(returns: Floats, min_correlation: float = 0.5) -> int:
    """Number of clusters of trials, by complete linkage of the correlation of their returns.

    Within a cluster every pair correlates at least ``min_correlation``; so variants of one
    idea count once. A constant trial is a cluster of its own.

    Args:
        returns: Shape ``(T, N)``; rows with a NaN are left out.
        min_correlation: In ``[0, 1)``.

    Example:
        >>> one, two = np.random.default_rng(0).normal(size=(2, 100))
        >>> effective_trials(np.column_stack([one, one + 0.1 * two, two]))
        2
    """
    from scipy.cluster import hierarchy

    kept = returns[~np.isnan(returns).any(axis=1)]
    n_trials = int(returns.shape[1])
    if n_trials < 2 or kept.shape[0] < 2:  # noqa: PLR2004 - nothing to compare
        return n_trials
    std = np.std(kept, axis=0)
    scores = np.divide(kept - kept.mean(axis=0), std, out=np.zeros_like(kept), where=std > 0.0)
    distance = np.clip(1.0 - scores.T @ scores / kept.shape[0], 0.0, 2.0)
    tree = hierarchy.linkage(distance[np.triu_indices(n_trials, 1)], method="complete")
    return int(np.max(hierarchy.fcluster(tree, 1.0 - min_correlation, criterion="distance")))


def _error_scale(moments: SharpeMoments) -> float:
    squared = 1.0 - moments.skewness * moments.sharpe + (moments.kurtosis - 1.0) / 4.0 * moments.sharpe**2
    return math.sqrt(squared) if squared > 0.0 else math.nan
