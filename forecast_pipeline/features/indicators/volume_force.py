"""Moves of the price times or over the volume behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def force_index(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, lookback_bars: int = 13
) -> FloatArray:
    """Elder's force index over the window, in mean volumes times mean true ranges.

    Simple means in place of Elder's exponential average, so that numerator and measure share the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Changes in the window.

    Returns:
        Mean of change times volume over mean volume and mean true range, shape ``(T,)``, within
        ``lookback_bars`` either way; NaN in the first ``lookback_bars`` rows and where the window holds an
        unrecorded volume. 0 without volume or without range.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> price = np.array([1.0, 3.0, 1.0])  # changes 2 and -2 with volume 1 and 3
        >>> force_index(price, price, price, np.array([1.0, 1.0, 3.0]), 2).tolist()
        [nan, nan, -0.5]

    References: A. Elder, *Trading for a Living*, 1993.
    """
    require_lookback(lookback_bars)
    force = window_sum(change(close) * volume, lookback_bars) * lookback_bars
    per_volume = ratio(force, window_sum(volume, lookback_bars), 0.0)
    return ratio(per_volume, window_sum(true_range(high, low, close), lookback_bars), 0.0, ROUNDING * close)


def ease_of_movement(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, lookback_bars: int = 14
) -> FloatArray:
    """Arms' ease of movement, free of units: how far the middle of the range moved where little was traded.

    Arms divides each move of the middle, times the range, by the volume. Here it is multiplied by
    ``2 M / (volume + M)``, ``M`` being the window's mean volume: 1 at the mean, 2 without volume, where Arms'
    quotient has no value. The sum is divided by the sum of squared true ranges.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Moves in the window, with the mean volume up to each of them.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``2 * lookback_bars - 2`` rows and where the window holds
        an unrecorded volume. 0 without volume or without range.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> low = np.array([1.0, 1.0, 2.0, 3.0])  # range 1, then moves 0, 1, 1, true ranges 1, 1.5, 1.5
        >>> found = ease_of_movement(low + 1.0, low, low + 0.5, np.ones(4), 2)
        >>> found.round(4).tolist()
        [nan, nan, 0.3077, 0.4444]

    References: R. W. Arms, *Volume Cycles in the Stock Market*, 1983.
    """
    require_lookback(lookback_bars)
    mean = window_sum(volume, lookback_bars) / lookback_bars
    moved = change((high + low) / 2.0) * (high - low) * ratio(2.0 * mean, volume + mean, 0.0)
    reach = true_range(high, low, close)
    squares = window_sum(reach * reach, lookback_bars)
    return ratio(window_sum(moved, lookback_bars), squares, 0.0, (ROUNDING * close) ** 2)
