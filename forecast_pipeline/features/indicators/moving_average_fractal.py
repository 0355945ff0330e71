"""Ehlers's moving average that follows the fractal dimension."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.adaptive_mean import adaptive_mean
from forecast_pipeline.features.indicators.moving_average_adaptive import SLOWEST_FRAMA, STEEPNESS_FRAMA
from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def frama(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 16, *, memory_bars: int = 100
) -> FloatArray:
    """Log distance of the close from Ehlers' fractal adaptive average of the median price.

    The window is cut into two halves; the dimension compares their ranges with that of the whole. A line
    (dimension 1) gives the smoothing 1, a path that fills the plane (2) about 0.01.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Window of the dimension; an odd one is used without its oldest bar.
        memory_bars: Bars before the present one at which the average starts from the median price.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars + memory_bars - 2``
        rows, one less for an odd window. Where a half or the whole has no range the dimension is 1.5; Ehlers keeps
        the last one.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> ones = np.ones(8)
        >>> frama(ones, ones, ones, 4, memory_bars=2)[4:].round(9).tolist()
        [0.0, 0.0, 0.0, 0.0]

    References: J. F. Ehlers, *Technical Analysis of Stocks & Commodities* 23:10, 2005.
    """
    require_lookback(lookback_bars, least=4)
    half = lookback_bars // 2
    newer = window_top(high, half) - window_bottom(low, half)
    older = lagged(newer, half)
    whole = window_top(high, 2 * half) - window_bottom(low, 2 * half)
    negligible = ROUNDING * close
    is_flat = (newer <= negligible) | (older <= negligible) | (whole <= negligible)
    part = np.where(is_flat, 1.0, (newer + older) / half)
    spread = np.where(is_flat, 1.0, whole / (2 * half))
    dimension = np.where(is_flat, 1.5, np.log(part / spread) / math.log(2.0))
    smoothing = np.clip(np.exp(-STEEPNESS_FRAMA * (dimension - 1.0)), SLOWEST_FRAMA, 1.0)
    return log_distance(close, adaptive_mean((high + low) / 2.0, smoothing, memory_bars))
