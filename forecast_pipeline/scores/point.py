"""Scores of point forecasts: size of the error, explained variance, direction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def mae(forecast: Floats, outcome: Floats) -> float:
    """Mean absolute error, in the unit of the target; NaN without rows.

    Example:
        >>> mae(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
        1.5
    """
    return float(np.mean(np.abs(outcome - forecast))) if outcome.size else math.nan


def rmse(forecast: Floats, outcome: Floats) -> float:
    """Root of the mean squared error, in the unit of the target; NaN without rows.

    Example:
        >>> rmse(np.array([0.0, 0.0]), np.array([3.0, -4.0])) == math.sqrt(12.5)
        True
    """
    return float(np.sqrt(np.mean((outcome - forecast) ** 2))) if outcome.size else math.nan


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
    reference_error = float(np.sum((outcome - reference) ** 2))
    if reference_error <= 0.0:
        return math.nan
    return 1.0 - float(np.sum((outcome - forecast) ** 2)) / reference_error


def directional_hits(forecast: Floats, outcome: Floats) -> Floats:
    """One where the signs agree, zero where they differ, NaN where either is zero.

    A zero outcome has no direction to hit, a zero forecast names none: both are left
    out rather than counted as half a hit or as a miss.

    Example:
        >>> directional_hits(np.array([1.0, 1.0, 1.0, 0.0]), np.array([2.0, -2.0, 0.0, 1.0])).tolist()
        [1.0, 0.0, nan, nan]
    """
    is_called = (forecast != 0.0) & (outcome != 0.0)
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
    if outcome.size < 2:  # noqa: PLR2004 - a correlation needs two points
        return math.nan
    scores = standard_scores(forecast) * standard_scores(outcome)
    return float(np.mean(scores))


def standard_scores(values: Floats) -> Floats:
    """Values less their mean, divided by their standard deviation (divisor n); NaN if constant.

    The mean of a product of two of these is the information coefficient, which is how
    its standard error is had from a HAC mean.

    Example:
        >>> standard_scores(np.array([1.0, 3.0])).tolist()
        [-1.0, 1.0]
    """
    if values.size == 0 or np.ptp(values) == 0.0:
        return np.full(values.shape, np.nan)
    std = np.std(values)
    # Values too close together to have a spread in double precision count as constant.
    return np.full(values.shape, np.nan) if std == 0.0 else (values - np.mean(values)) / std
