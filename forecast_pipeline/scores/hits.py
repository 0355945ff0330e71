"""Do misses of an interval come alone, as rare as stated, and unpredictably: Christoffersen, dynamic quantile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.scores.calibration import Rejection, coverage_band, kupiec
from forecast_pipeline.scores.significance import disjoint_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]


class GroupCoverage(NamedTuple):
    """Coverage of one group beside the exact binomial band that a calibrated interval stays in."""

    group: str
    n_rows: int
    n_eff: int
    coverage: float
    low: float
    high: float
    is_inside: bool


def christoffersen_independence(is_miss: Floats) -> Rejection:
    """Likelihood-ratio test that a miss does not change the chance of the next one.

    From the transition counts ``n_ij`` of consecutive rows, chi-squared with one degree of
    freedom [1]_. Without a miss the statistic is 0.

    Args:
        is_miss: Shape ``(B,)``, zeros and ones, rows with disjoint labels in order of time;
            NaN rows are left out.

    Example:
        >>> christoffersen_independence(np.repeat([0.0, 1.0], 20)).p_value < 0.001
        True

    .. [1] P. Christoffersen, *International Economic Review* 39, 1998, eq. 12.
    """
    from scipy import special

    kept = is_miss[~np.isnan(is_miss)] != 0.0
    if kept.size < 2:  # noqa: PLR2004 - no transition
        return Rejection(math.nan, math.nan)
    n = np.bincount(2 * kept[:-1] + kept[1:], minlength=4).reshape(2, 2).astype(np.float64)

    def log_likelihood(stays: float, misses: float) -> float:
        total = stays + misses
        share = misses / total if total else 0.0
        return float(special.xlogy(stays, 1.0 - share) + special.xlogy(misses, share))

    restricted = log_likelihood(n[0, 0] + n[1, 0], n[0, 1] + n[1, 1])
    free = log_likelihood(n[0, 0], n[0, 1]) + log_likelihood(n[1, 0], n[1, 1])
    statistic = max(0.0, -2.0 * (restricted - free))
    return Rejection(statistic, float(special.chdtrc(1, statistic)))


def christoffersen(is_miss: Floats, miss_probability: float) -> Rejection:
    """Test of conditional coverage: as rare as stated *and* independent.

    The sum of `kupiec` and `christoffersen_independence`, chi-squared with two degrees of freedom.

    Args:
        is_miss: Shape ``(B,)``, zeros and ones, rows with disjoint labels in order of time.
        miss_probability: Stated chance of a miss.

    Example:
        >>> christoffersen(np.repeat([1.0, 0.0], [10, 90]), 0.1).p_value < 0.001
        True
    """
    from scipy import special

    kept = is_miss[~np.isnan(is_miss)]
    coverage = kupiec(int(np.sum(kept != 0.0)), kept.size, miss_probability)
    statistic = coverage.statistic + christoffersen_independence(kept).statistic
    return Rejection(statistic, float(special.chdtrc(2, statistic)) if not math.isnan(statistic) else math.nan)


def dynamic_quantile(
    is_miss: Floats, miss_probability: float, known: Floats | None = None, n_lags: int = 4
) -> Rejection:
    """Test that misses cannot be predicted from earlier misses nor from what was known.

    Regression of ``is_miss - p`` on a constant, ``n_lags`` of its own lags and ``known``;
    ``Hit' X (X'X)^-1 X' Hit / (p (1 - p))``, chi-squared with the rank of ``X`` [1]_.

    Args:
        is_miss: Shape ``(B,)``, zeros and ones, rows with disjoint labels in order of time.
        miss_probability: Stated chance of a miss.
        known: Shape ``(B,)`` or ``(B, Z)``, known at the decision, usually the quantile or the width itself.
        n_lags: Earlier misses to use.

    Returns:
        NaN where fewer than two rows for each regressor are left.

    Example:
        >>> dynamic_quantile(np.repeat([1.0, 0.0], [10, 90]), 0.1, n_lags=1).p_value < 0.001
        True

    .. [1] R. Engle and S. Manganelli, *Journal of Business and Economic Statistics* 22, 2004, sec. 4.
    """
    from scipy import special

    beside = np.empty((is_miss.size, 0)) if known is None else known.reshape(is_miss.size, -1)
    is_kept = ~np.isnan(is_miss) & ~np.isnan(beside).any(axis=1)
    hits, beside = (is_miss[is_kept] != 0.0) - miss_probability, beside[is_kept]
    n_rows = hits.size - n_lags
    if n_rows < 2 * (1 + n_lags + beside.shape[1]):
        return Rejection(math.nan, math.nan)
    lagged = [hits[n_lags - lag : n_lags - lag + n_rows] for lag in range(1, n_lags + 1)]
    regressors = np.column_stack([np.ones(n_rows), *lagged, beside[n_lags:]])
    size = np.sqrt(np.mean(regressors**2, axis=0))
    regressors /= np.where(size > 0.0, size, 1.0)
    left, values, _ = np.linalg.svd(regressors, full_matrices=False)
    is_free = values > 1e-8 * values[0]
    statistic = float(np.sum((left[:, is_free].T @ hits[n_lags:]) ** 2)) / (miss_probability * (1.0 - miss_probability))
    return Rejection(statistic, float(special.chdtrc(int(is_free.sum()), statistic)))


def coverage_by_group(
    is_covered: Floats,
    group: npt.ArrayLike,
    label_start: Positions,
    label_end: Positions,
    nominal: float,
    confidence: float = 0.95,
) -> list[GroupCoverage]:
    """Coverage of each group of rows, with the exact binomial band for its disjoint labels.

    The coverage is of all rows, which varies no more than that of the disjoint ones.

    Args:
        is_covered: Shape ``(B,)``, zeros and ones; NaN rows are left out.
        group: Shape ``(B,)``, for example the block of the hour of the week, or the regime.
        label_start: Shape ``(B,)``, decision instants.
        label_end: Shape ``(B,)``, label ends.
        nominal: Stated coverage.
        confidence: Probability of the band.

    Returns:
        One entry for each group, in sorted order.

    Example:
        >>> covered, start = np.array([1.0, 0.0, 1.0]), np.arange(3)
        >>> [(each.group, each.n_eff, each.coverage) for each in
        ...  coverage_by_group(covered, ["a", "a", "b"], start, start + 2, 0.9)]
        [('a', 1, 0.5), ('b', 1, 1.0)]
    """
    labels, position = np.unique(np.asarray(group), return_inverse=True)
    known = np.flatnonzero(~np.isnan(is_covered))
    rows_by_group = known[np.argsort(position[known], kind="stable")]
    ends = np.searchsorted(position[rows_by_group], np.arange(labels.size + 1))
    found: list[GroupCoverage] = []
    for index, label in enumerate(labels.tolist()):
        rows = rows_by_group[ends[index] : ends[index + 1]]
        if rows.size == 0:
            continue
        n_eff = int(disjoint_rows(label_start[rows], label_end[rows]).size)
        share = float(np.mean(is_covered[rows]))
        low, high = coverage_band(nominal, n_eff, confidence)
        found.append(GroupCoverage(str(label), rows.size, n_eff, share, low, high, low <= share <= high))
    return found
