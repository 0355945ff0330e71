"""Lines and parabolas fitted to the last log closes by least squares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.least_squares import centred_times, line_end, slope
from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import NO_SPREAD
from forecast_pipeline.features.indicators.sliding import weighted_sum, window_squares
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def linear_regression(close: FloatArray, lookback_bars: int = 20) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Line through the last log closes: distance of the close from its end, slope, share explained.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Log distance of the close from the line's present end; slope as log return per bar; r squared in ``[0, 1]``,
        0 where the closes have no spread. Each of shape ``(T,)``, NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> distance, slope_per_bar, explained = linear_regression(np.exp([0.0, 2.0, 4.0]), 3)
        >>> distance.round(9)[-1].item(), slope_per_bar.round(9)[-1].item(), explained.round(9)[-1].item()
        (0.0, 2.0, 1.0)

    References: TA-Lib LINEARREG and LINEARREG_SLOPE, here of the log close.
    """
    require_lookback(lookback_bars, least=3)
    price = np.log(close)
    slope_per_bar = slope(price, lookback_bars)
    squares = window_squares(price, lookback_bars)
    squares = np.where(squares <= lookback_bars * NO_SPREAD**2, 0.0, squares)
    line_squares = slope_per_bar**2 * math.fsum(x * x for x in centred_times(lookback_bars))
    explained = np.minimum(ratio(line_squares, squares, neutral=0.0), 1.0)
    return price - line_end(price, lookback_bars), slope_per_bar, explained


def quadratic_regression(close: FloatArray, lookback_bars: int = 30) -> tuple[FloatArray, FloatArray]:
    """Parabola through the last log closes: distance of the close from its end, curvature.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Log distance of the close from the parabola's present end, and its second difference, the change of the log
        return per bar. Each of shape ``(T,)``, NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> distance, curvature = quadratic_regression(np.exp([0.0, 1.0, 4.0, 9.0]), 4)  # squares of the time
        >>> distance.round(9)[-1].item(), curvature.round(9)[-1].item()
        (0.0, 2.0)

    References: P. R. Bevington, *Data Reduction and Error Analysis for the Physical Sciences*, 1969.
    """
    require_lookback(lookback_bars, least=4)
    price = np.log(close)
    # The squares of the times less their mean: at right angles to level and slope, so fitted on its own.
    bow = [x * x - (lookback_bars**2 - 1) / 12.0 for x in centred_times(lookback_bars)]
    half_curvature = weighted_sum(price, bow) / math.fsum(x * x for x in bow)
    return price - line_end(price, lookback_bars) - bow[0] * half_curvature, 2.0 * half_curvature


def chande_forecast(close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Chande's forecast oscillator: log distance of the close from what the line before it pointed at.

    The line goes through the ``lookback_bars`` log closes before the present one and is carried one bar further.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Shape ``(T,)``, dimensionless, positive where the close beat the forecast; NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> chande_forecast(np.exp([0.0, 1.0, 5.0]), 2).round(9).tolist()  # forecast 2
        [nan, nan, 3.0]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    require_lookback(lookback_bars)
    price = np.log(close)
    return price - lagged(line_end(price, lookback_bars, ahead_bars=1), 1)
