"""Scores of point forecasts: size of the error, explained variance, direction.

Rows with a NaN on either side are left out of every score.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


class PesaranTimmermann(NamedTuple):
    """Standard normal statistic, one-sided p-value and the rows that had a direction; NaN where not defined."""

    statistic: float
    p_value: float
    n_rows: int


def mae(forecast: Floats, outcome: Floats) -> float:
    """Mean absolute error, in the unit of the target; NaN without rows.

    Example:
        >>> mae(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
        1.5
    """
    error = _known(outcome - forecast)
    return float(np.mean(np.abs(error))) if error.size else math.nan


def rmse(forecast: Floats, outcome: Floats) -> float:
    """Root of the mean squared error, in the unit of the target; NaN without rows.

    Example:
        >>> rmse(np.array([0.0, 0.0]), np.array([3.0, -4.0])) == math.sqrt(12.5)
        True
    """
    error = _known(outcome - forecast)
    return float(np.sqrt(np.mean(error**2))) if error.size else math.nan


def r2_out_of_sample(forecast: Floats, outcome: Floats, reference: Floats | float = 0.0) -> float:
    """Share of the squared error of a reference forecast that the forecast removes.

    This is Campbell and Thompson's out-of-sample R² [1]_, ``1 - SSE / SSE_ref``, with
    the random walk, a forecast of zero return, as the default reference. It is *not*
    the R² of a regression: the mean of the outcomes is never used, for it was not known.

    Args:
        forecast: Shape ``(B,)``.
        outcome: Shape ``(B,)``.
        reference: Forecast to beat, a number or shape ``(B,)``.

    Returns:
        At most 1; negative when the reference is better; NaN if the reference makes no error.

    Example:
        >>> r2_out_of_sample(np.array([1.0, -1.0]), np.array([2.0, -2.0]))
        0.75

    .. [1] J. Campbell and S. Thompson, *Review of Financial Studies* 21, 2008, eq. 1.
    """
    squared, of_reference = (outcome - forecast) ** 2, (outcome - reference) ** 2
    is_known = ~np.isnan(squared + of_reference)
    reference_error = float(np.sum(of_reference[is_known]))
    return 1.0 - float(np.sum(squared[is_known])) / reference_error if reference_error > 0.0 else math.nan


def directional_hits(forecast: Floats, outcome: Floats) -> Floats:
    """One where the signs agree, zero where they differ, NaN where either is zero or NaN.

    A zero outcome has no direction to hit, a zero forecast names none: both are left
    out rather than counted as half a hit or as a miss.

    Example:
        >>> directional_hits(np.array([1.0, 1.0, 1.0, 0.0]), np.array([2.0, -2.0, 0.0, 1.0])).tolist()
        [1.0, 0.0, nan, nan]
    """
    is_called = (forecast != 0.0) & (outcome != 0.0) & ~np.isnan(forecast) & ~np.isnan(outcome)
    return np.where(is_called, (np.sign(forecast) == np.sign(outcome)).astype(np.float64), np.nan)


def hit_rate(forecast: Floats, outcome: Floats) -> float:
    """Share of directions called right among rows that have one; NaN if none has.

    Example:
        >>> hit_rate(np.array([1.0, 1.0, -1.0]), np.array([2.0, -2.0, 0.0]))
        0.5
    """
    hits = directional_hits(forecast, outcome)
    hits = hits[~np.isnan(hits)]
    return float(np.mean(hits)) if hits.size else math.nan


def information_coefficient(forecast: Floats, outcome: Floats) -> float:
    """Pearson correlation of forecast and outcome; NaN if either is constant.

    Example:
        >>> round(information_coefficient(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])), 12)
        1.0
    """
    is_known = ~np.isnan(forecast) & ~np.isnan(outcome)
    if np.sum(is_known) < 2:  # noqa: PLR2004 - a correlation needs two points
        return math.nan
    return float(np.mean(standard_scores(forecast[is_known]) * standard_scores(outcome[is_known])))


def standard_scores(values: Floats) -> Floats:
    """Values less their mean, divided by their standard deviation (divisor n); NaN if constant or NaN.

    The mean of a product of two of these is the information coefficient, which is how
    its standard error is had from a HAC mean.

    Example:
        >>> standard_scores(np.array([1.0, 3.0])).tolist()
        [-1.0, 1.0]
    """
    known = _known(values)
    if known.size == 0 or np.ptp(known) == 0.0:
        return np.full(values.shape, np.nan)
    std = np.std(known)
    # Values too close together to have a spread in double precision count as constant.
    return np.full(values.shape, np.nan) if std == 0.0 else (values - np.mean(known)) / std


def rank_scores(values: Floats) -> Floats:
    """`standard_scores` of the ranks, ties sharing their mean rank; NaN if constant or NaN.

    The mean of a product of two of these is the rank information coefficient, as for `standard_scores`.

    Example:
        >>> rank_scores(np.array([1.0, 100.0])).tolist()
        [-1.0, 1.0]
    """
    from scipy import stats

    return standard_scores(np.asarray(stats.rankdata(values, nan_policy="omit"), dtype=np.float64))


def rank_information_coefficient(forecast: Floats, outcome: Floats) -> float:
    """Spearman correlation of forecast and outcome; NaN if either is constant.

    Example:
        >>> round(rank_information_coefficient(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 11.0])), 12)
        1.0
    """
    is_known = ~np.isnan(forecast) & ~np.isnan(outcome)
    if np.sum(is_known) < 2:  # noqa: PLR2004 - a correlation needs two points
        return math.nan
    return float(np.mean(rank_scores(forecast[is_known]) * rank_scores(outcome[is_known])))


def pesaran_timmermann(forecast: Floats, outcome: Floats) -> PesaranTimmermann:
    """Test that directions are called right more often than by independent guessing.

    ``(P - P*) / sqrt(V(P) - V(P*))`` with ``P`` the hit rate and ``P*`` the one that the shares of
    rises alone would give [1]_: always calling a trend that happened earns nothing.

    Args:
        forecast: Shape ``(B,)``, rows with disjoint labels (`significance.disjoint_rows`).
        outcome: Shape ``(B,)``. Rows with a zero or a NaN on either side have no direction and are left out.

    Returns:
        NaN where forecasts or outcomes all have one direction.

    Example:
        >>> signs = np.tile([1.0, -1.0], 50)
        >>> round(pesaran_timmermann(signs, signs).statistic, 2)
        10.05

    .. [1] M. Pesaran and A. Timmermann, *Journal of Business and Economic Statistics* 10, 1992, eq. 6.
    """
    from scipy import special

    is_called = (forecast * outcome != 0.0) & ~np.isnan(forecast * outcome)
    rises, calls = outcome[is_called] > 0.0, forecast[is_called] > 0.0
    n_rows = rises.size
    if n_rows == 0:
        return PesaranTimmermann(math.nan, math.nan, 0)
    hit, y, x = float(np.mean(rises == calls)), float(np.mean(rises)), float(np.mean(calls))
    expected = y * x + (1.0 - y) * (1.0 - x)
    of_hit = expected * (1.0 - expected)
    of_expected = (2.0 * y - 1.0) ** 2 * x * (1.0 - x) + (2.0 * x - 1.0) ** 2 * y * (1.0 - y)
    of_expected += 4.0 * y * x * (1.0 - y) * (1.0 - x) / n_rows
    variance = (of_hit - of_expected) / n_rows
    if variance <= 1e-15:  # noqa: PLR2004 - exactly 0 but for rounding if one direction is missing
        return PesaranTimmermann(math.nan, math.nan, n_rows)
    statistic = (hit - expected) / math.sqrt(variance)
    return PesaranTimmermann(statistic, float(special.ndtr(-statistic)), n_rows)


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]
