"""Donchian's channel of extremes before the present bar, its width and the close's place in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance, place
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def donchian_previous(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from Donchian's channel of the bars *before* the present one.

    Donchian's breakout rule: positive from the upper line is a close above every high of the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Bars before the present one.

    Returns:
        ``log(close / level)`` for upper and lower line, each of shape ``(T,)``; NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 2.0, 4.0])
        >>> [np.exp(d).round(9).tolist() for d in donchian_previous(price, price, price, 2)]
        [[nan, nan, 2.0], [nan, nan, 4.0]]

    References: R. D. Donchian, "High finance in copper", *Financial Analysts Journal* 16, 1960.
    """
    require_lookback(lookback_bars)
    upper, lower = lagged(window_top(high, lookback_bars), 1), lagged(window_bottom(low, lookback_bars), 1)
    return log_distance(close, upper), log_distance(close, lower)


def donchian_width(high: FloatArray, low: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Width of Donchian's channel as a fraction of its middle.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Window length, the present bar included.

    Returns:
        Shape ``(T,)``, in ``[0, 2)``; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> donchian_width(np.array([4.0, 5.0]), np.array([3.0, 4.0]), 2).tolist()
        [nan, 0.5]

    References: R. D. Donchian, *Financial Analysts Journal* 16, 1960.
    """
    require_lookback(lookback_bars)
    upper, lower = window_top(high, lookback_bars), window_bottom(low, lookback_bars)
    return 2.0 * (upper - lower) / (upper + lower)


def donchian_position(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Place of the close in the channel of the bars *before* the present one.

    Unlike a stochastic it leaves the range when the close breaks out: above 1 over every earlier high, below 0
    under every earlier low.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars before the present one.

    Returns:
        Shape ``(T,)``, from -10 to 11, where it is cut; NaN in the first ``lookback_bars`` rows. A channel
        without width gives 0.5.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 3.0, 4.0, 3.5])
        >>> donchian_position(price, price, price, 2).tolist()
        [nan, nan, 1.5, 0.5]

    References: R. D. Donchian, *Financial Analysts Journal* 16, 1960.
    """
    require_lookback(lookback_bars)
    upper, lower = lagged(window_top(high, lookback_bars), 1), lagged(window_bottom(low, lookback_bars), 1)
    return np.clip(place(close, upper, lower, ROUNDING * upper), -10.0, 11.0)
