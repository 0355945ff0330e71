"""Strength of a trend from Wilder's directional movements: the index and its rating."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.directional_movement import movements
from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.talib_windows import wilder_mean
from forecast_pipeline.features.indicators.trend import adx
from forecast_pipeline.features.indicators.windows import lagged, require_lookback
from forecast_pipeline.features.warm_up import bars_to_forget, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def dx(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6
) -> FloatArray:
    """Directional index with its sign: (+DI - -DI) over (+DI + -DI).

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Smoothing length.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-100, 100]``, positive in a rising market, where Wilder and TA-Lib take the absolute
        value; NaN in the first ``lookback_bars`` rows; 0 without any movement.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> low = np.array([4.0, 3.0, 2.0])
        >>> dx(low + 1.0, low, low, lookback_bars=2).tolist()  # it only ever falls
        [nan, nan, -100.0]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    require_lookback(lookback_bars)
    plus, minus = (wilder_mean(movement, lookback_bars) for movement in movements(high, low, close))
    is_still = has_stood_still(true_range(high, low, close) != 0.0, bars_to_forget((wilder(lookback_bars),), tolerance))
    index = 100.0 * ratio(plus - minus, plus + minus, neutral=0.0)
    return np.where(is_still & ~np.isnan(index), 0.0, index)


def adxr(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6
) -> FloatArray:
    """Wilder's rating: mean of the average directional index now and ``lookback_bars`` bars ago.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Smoothing length and distance of the two; TA-Lib's distance is one bar less.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``3 * lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.arange(10.0, 17.0)
        >>> adxr(high, high - 1.0, high - 0.5, lookback_bars=2)[5:].tolist()  # it only ever rises
        [100.0, 100.0]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    index = adx(high, low, close, lookback_bars, tolerance)
    return (index + lagged(index, lookback_bars)) / 2.0
