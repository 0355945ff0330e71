"""How much the rows can prove: effective sample size, HAC means, tests of equal loss, families of tests.

Forecasts issued every bar for ``horizon_bars`` ahead overlap, so their errors are
serially correlated and row counts overstate the evidence about ``horizon_bars`` times.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]


class EffectiveSampleSize(NamedTuple):
    """Row count, the two corrected counts, and the smaller of them, ``n_eff``."""

    n_rows: int
    n_disjoint: int
    n_long_run: float
    n_eff: int


class MeanInterval(NamedTuple):
    """Mean with a two-sided confidence interval; NaN bounds where there is no variance."""

    mean: float
    low: float
    high: float
    standard_error: float


class DieboldMariano(NamedTuple):
    """Mean loss difference, Student statistic and two-sided p; a negative one favours the first."""

    mean_difference: float
    statistic: float
    p_value: float
    n_rows: int


class GiacominiWhite(NamedTuple):
    """Wald statistic of conditional equal loss, its p-value and its degrees of freedom; NaN where not defined."""

    statistic: float
    p_value: float
    n_instruments: int
    n_rows: int


def disjoint_rows(label_start: Positions, label_end: Positions) -> Positions:
    """Positions of a largest set of rows whose label intervals do not overlap.

    Greedy by label end, which is optimal for half-open intervals ``(start, end]`` and
    exact under holes: an interval may start where another ends.

    Args:
        label_start: Shape ``(B,)``, decision instants as integers, any order.
        label_end: Shape ``(B,)``, later than the start, on the same clock.

    Returns:
        Positions into the arguments, by label end.

    Example:
        >>> disjoint_rows(np.arange(7), np.arange(7) + 3).tolist()
        [0, 3, 6]
    """
    is_ordered = np.all(np.diff(label_start) >= 0) and np.all(np.diff(label_end) >= 0)
    if is_ordered and np.all(label_start < label_end):
        return _disjoint_in_order(label_start, label_end)
    chosen, free_from = [], -math.inf
    order = np.lexsort((label_start, label_end))
    # Plain integers: a loop over numpy scalars is ten times slower.
    starts, ends = label_start[order].tolist(), label_end[order].tolist()
    for position, start, end in zip(order.tolist(), starts, ends, strict=True):
        if start >= free_from:
            chosen.append(position)
            free_from = end
    return np.asarray(chosen, dtype=np.int64)


def hac_lags(n_rows: int, horizon_bars: int) -> int:
    """Lags of the Bartlett kernel: ``max(h - 1, floor(4 (n / 100)^(2/9)))``, less than n.

    The second term is the rule of Newey and West (1994).

    Example:
        >>> hac_lags(1000, 1), hac_lags(1000, 60), hac_lags(3, 60)
        (6, 59, 2)
    """
    newey_west = math.floor(4.0 * math.pow(n_rows / 100.0, 2.0 / 9.0))
    return max(0, min(max(horizon_bars - 1, newey_west), n_rows - 1))


def long_run_variance(series: Floats, n_lags: int) -> float:
    """Bartlett estimate ``g0 + 2 sum_k (1 - k/(L+1)) g_k``, autocovariances with divisor n.

    Never negative (Newey and West 1987). Computed as ``sum_t (x_t + ... + x_(t-L))^2 / (n (L + 1))``
    over all windows that touch the series, which is the same sum in another order: its
    cost does not grow with the number of lags.

    Args:
        series: Shape ``(B,)``, in order of time, without NaN.
        n_lags: ``L``, less than the number of rows.

    Example:
        >>> long_run_variance(np.array([1.0, -1.0, 1.0, -1.0]), 1)  # 1 + 2 * 0.5 * (-0.75)
        0.25
    """
    return float(_bartlett((series - np.mean(series))[:, None], n_lags)[0, 0])


def effective_sample_size(
    label_start: Positions, label_end: Positions, series: Floats, horizon_bars: int
) -> EffectiveSampleSize:
    """Number of independent rows that carry as much evidence as these.

    The smaller of the largest set of disjoint labels and ``n g0 / V``, with ``V`` the
    long-run variance of ``series``.

    Args:
        label_start: Shape ``(B,)``, decision instants in order of time.
        label_end: Shape ``(B,)``, label ends.
        series: Shape ``(B,)``, what is averaged, for example standardised outcomes.
        horizon_bars: Overlap of the labels in rows.

    Example:
        >>> starts = np.arange(12)
        >>> effective_sample_size(starts, starts + 4, np.tile([1.0, -1.0], 6), 4).n_eff
        3
    """
    n_rows = series.size
    if n_rows == 0:
        return EffectiveSampleSize(0, 0, 0.0, 0)
    n_disjoint = int(disjoint_rows(label_start, label_end).size)
    variance = float(np.var(series))
    long_run = long_run_variance(series, hac_lags(n_rows, horizon_bars))
    # A constant series, or one that cancels exactly, gives no estimate: the labels decide.
    is_defined = variance > 0.0 and long_run > 0.0
    n_long_run = n_rows * variance / long_run if is_defined else float(n_rows)
    return EffectiveSampleSize(n_rows, n_disjoint, n_long_run, max(1, min(n_disjoint, int(n_long_run))))


def mean_interval(series: Floats, horizon_bars: int, confidence: float = 0.95) -> MeanInterval:
    """Mean of a serially correlated series with its HAC confidence interval.

    Bartlett kernel with `hac_lags`, Student quantile with n - 1 degrees of freedom.

    Args:
        series: Shape ``(B,)``, in order of time; NaN rows are left out.
        horizon_bars: Overlap of the labels in rows.
        confidence: Probability of the interval.

    Example:
        >>> interval = mean_interval(np.array([1.0, 2.0, 3.0, 4.0]), 1)
        >>> interval.mean, interval.low < 2.5 < interval.high
        (2.5, True)
    """
    from scipy import special

    kept = series[~np.isnan(series)]
    if kept.size == 0:
        return MeanInterval(math.nan, math.nan, math.nan, math.nan)
    mean = float(np.mean(kept))
    variance = long_run_variance(kept, hac_lags(kept.size, horizon_bars))
    if kept.size < 2 or not _is_varying(kept, variance):  # noqa: PLR2004 - one row has no spread
        return MeanInterval(mean, math.nan, math.nan, math.nan)
    standard_error = math.sqrt(variance / kept.size)
    reach = float(special.stdtrit(kept.size - 1, 0.5 + confidence / 2.0)) * standard_error
    return MeanInterval(mean, mean - reach, mean + reach, standard_error)


def diebold_mariano(loss: Floats, reference_loss: Floats, horizon_bars: int) -> DieboldMariano:
    """Test of equal expected loss, with the small-sample correction of Harvey et al.

    ``t = mean(d) / sqrt(V / n) * sqrt((n + 1 - 2h + h (h - 1) / n) / n)`` against Student's
    t with n - 1 degrees of freedom [1]_, ``d = loss - reference_loss``, ``V`` the Bartlett
    long-run variance with `hac_lags` (the rectangular kernel of the original can be negative).

    Args:
        loss: Shape ``(B,)``, in order of time; rows with a NaN on either side are left out.
        reference_loss: Shape ``(B,)``, the same rows.
        horizon_bars: Overlap of the labels in rows.

    Returns:
        A negative statistic if the first loss is smaller; NaN statistic and p-value
        when the difference is constant or there are too few rows for the horizon.

    Example:
        >>> loss = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 0.0])
        >>> diebold_mariano(loss, np.ones(6), 1).statistic < -2
        True

    .. [1] D. Harvey, S. Leybourne, P. Newbold, *International Journal of Forecasting* 13, 1997, eq. 9.
    """
    from scipy import special

    difference = np.asarray(loss - reference_loss, dtype=np.float64)
    difference = difference[~np.isnan(difference)]
    n_rows = difference.size
    if n_rows == 0:
        return DieboldMariano(math.nan, math.nan, math.nan, 0)
    mean = float(np.mean(difference))
    variance = long_run_variance(difference, hac_lags(n_rows, horizon_bars))
    h = horizon_bars
    correction = (n_rows + 1 - 2 * h + h * (h - 1) / n_rows) / n_rows
    if n_rows <= 2 * h or correction <= 0.0 or not _is_varying(difference, variance):
        return DieboldMariano(mean, math.nan, math.nan, n_rows)
    statistic = mean / math.sqrt(variance / n_rows) * math.sqrt(correction)
    return DieboldMariano(mean, statistic, float(2.0 * special.stdtr(n_rows - 1, -abs(statistic))), n_rows)


def holm(p_values: Floats) -> Floats:
    """P-values adjusted by Holm's step-down method; NaN stays NaN and is not counted.

    Holds the probability of any false rejection, whatever the dependence.

    Example:
        >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).round(12).tolist()
        [0.03, 0.06, nan, 0.06]
    """
    adjusted = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def benjamini_hochberg(p_values: Floats) -> Floats:
    """P-values adjusted by Benjamini and Hochberg's step-up method; NaN stays NaN and is not counted.

    Holds the expected share of false ones among the rejections (false discovery rate),
    for independent or positively dependent tests.

    Example:
        >>> benjamini_hochberg(np.array([0.01, 0.04, np.nan, 0.03])).round(12).tolist()
        [0.03, 0.04, nan, 0.04]
    """
    from scipy import stats

    adjusted = np.full(p_values.shape, np.nan)
    is_tested = ~np.isnan(p_values)
    if is_tested.any():
        adjusted[is_tested] = stats.false_discovery_control(p_values[is_tested], method="bh")
    return adjusted


def giacomini_white(
    loss: Floats, reference_loss: Floats, horizon_bars: int, instruments: Floats | None = None
) -> GiacominiWhite:
    """Test that nothing known at the decision predicts which of two losses will be smaller.

    ``W = n mean(A)' S^-1 mean(A)`` against chi-squared with as many degrees of freedom as
    there are instruments [1]_; ``A_t = z_t (loss_t - reference_loss_t)``, ``S`` the Bartlett
    long-run covariance of ``A`` with ``horizon_bars - 1`` lags. Equal loss in each regime
    separately is tested with `regime_instruments`.

    Args:
        loss: Shape ``(B,)``, in order of time; rows with a NaN anywhere are left out.
        reference_loss: Shape ``(B,)``, the same rows.
        horizon_bars: Overlap of the labels in rows.
        instruments: Shape ``(B, Z)``, known when the forecast was issued; a constant when left out.
            Instruments that add nothing to the others are not counted.

    Returns:
        NaN statistic and p-value when the difference is constant or too few rows are left.

    Example:
        >>> loss = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 0.0])
        >>> giacomini_white(loss, np.ones(6), 1).p_value < 0.01
        True

    .. [1] R. Giacomini and H. White, *Econometrica* 74, 2006, eq. 7 and 10.
    """
    from scipy import special

    difference = np.asarray(loss - reference_loss, dtype=np.float64)
    known = np.ones((difference.size, 1)) if instruments is None else np.asarray(instruments, dtype=np.float64)
    is_kept = ~np.isnan(difference) & ~np.isnan(known).any(axis=1)
    difference, known = difference[is_kept], known[is_kept]
    n_rows, n_instruments = known.shape
    lags = horizon_bars - 1
    if n_rows <= 2 * max(horizon_bars, n_instruments) or not _is_varying(difference, math.inf):
        return GiacominiWhite(math.nan, math.nan, n_instruments, n_rows)
    products = known * difference[:, None]  # (B, Z)
    mean = products.mean(axis=0)
    covariance = _bartlett(products - mean, lags)
    scale = np.sqrt(np.diag(covariance))
    is_used = scale > 0.0
    correlation = covariance[np.ix_(is_used, is_used)] / np.outer(scale[is_used], scale[is_used])
    values, vectors = np.linalg.eigh(correlation)
    is_free = values > 1e-10  # noqa: PLR2004 - smaller eigenvalues of a correlation matrix are rounding
    projected = vectors[:, is_free].T @ (mean[is_used] / scale[is_used])
    degrees = int(is_free.sum())
    if degrees == 0:
        return GiacominiWhite(math.nan, math.nan, 0, n_rows)
    statistic = float(n_rows * np.sum(projected**2 / values[is_free]))
    return GiacominiWhite(statistic, float(special.chdtrc(degrees, statistic)), degrees, n_rows)


def regime_instruments(regimes: npt.ArrayLike) -> Floats:
    """One column of ones and zeros for each regime, in sorted order; their sum is the constant.

    Args:
        regimes: Shape ``(B,)``, the regime known at each decision, text or numbers.

    Returns:
        Shape ``(B, R)``.

    Example:
        >>> regime_instruments(["calm", "wild", "calm"]).tolist()
        [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    labels, position = np.unique(np.asarray(regimes), return_inverse=True)
    return np.asarray(position[:, None] == np.arange(labels.size)[None, :], dtype=np.float64)


def _disjoint_in_order(label_start: Positions, label_end: Positions) -> Positions:
    # Starts and ends rise together, so the next row is the first that starts at or after this end.
    following = np.searchsorted(label_start, label_end, side="left").tolist()
    n_rows, row, chosen = label_end.size, 0, []
    while row < n_rows:
        chosen.append(row)
        row = following[row]
    return np.asarray(chosen, dtype=np.int64)


def _bartlett(centred: Floats, n_lags: int) -> Floats:
    # Bartlett weights are the overlap of two windows of n_lags + 1 rows: squares of window sums.
    # Beyond the last row the running sum stays 0, the sum of all centred rows.
    n_rows, n_columns = centred.shape
    sums = np.zeros((n_rows + 2 * n_lags + 1, n_columns))
    np.cumsum(centred, axis=0, out=sums[n_lags + 1 : n_lags + 1 + n_rows])
    windows = sums[n_lags + 1 :] - sums[: n_rows + n_lags]
    return np.asarray(windows.T @ windows / (n_rows * (n_lags + 1)))


def _is_varying(series: Floats, variance: float) -> bool:
    # Rounding leaves a variance near eps² of the level in a constant series; that is not evidence.
    level = float(np.max(np.abs(series)))
    return variance > (1e-12 * level) ** 2 and float(np.ptp(series)) > 0.0
