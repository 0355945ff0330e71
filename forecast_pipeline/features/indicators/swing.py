"""Swing points: local extremes of high and low, known only once the bars after them have confirmed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance
from forecast_pipeline.features.indicators.talib_windows import window_top
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray


def confirmed_peaks(high: FloatArray, side_bars: int) -> npt.NDArray[np.bool_]:
    """Whether the bar ``side_bars`` before each row has just been confirmed as a swing high.

    Its high must exceed the highs of ``side_bars`` bars on both sides by more than rounding.

    Example:
        >>> confirmed_peaks(np.array([1.0, 3.0, 2.0, 2.0]), 1).tolist()
        [False, False, True, False]
    """
    out = np.zeros(high.size, dtype=bool)
    n_centres = high.size - 2 * side_bars
    if n_centres < 1:
        return out
    centre = high[side_bars : side_bars + n_centres]
    lower = centre - ROUNDING * np.abs(centre)  # lows are turned into highs by their sign
    is_peak = np.ones(n_centres, dtype=bool)
    for offset in range(2 * side_bars + 1):
        if offset != side_bars:
            is_peak &= high[offset : offset + n_centres] < lower
    out[2 * side_bars :] = is_peak
    return out


def last_swing_high(high: FloatArray, lookback_bars: int, side_bars: int) -> FloatArray:
    """Price of the last confirmed swing high that lies within the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Bars, the present one included, among which the swing high must lie.
        side_bars: Bars on either side that confirm it.

    Returns:
        Shape ``(T,)``, in quote currency; the highest high of the window where it holds no confirmed swing high.
        NaN in the first ``lookback_bars - 1`` rows.

    Example:
        >>> last_swing_high(np.array([1.0, 3.0, 2.0, 2.5, 2.5]), 3, 1).tolist()  # the 3 is out of sight at last
        [nan, nan, 3.0, 3.0, 2.5]
    """
    row = np.arange(high.size)
    at = np.maximum.accumulate(np.where(confirmed_peaks(high, side_bars), row - side_bars, -1))
    is_in_sight = (at >= 0) & (row - at < lookback_bars)
    window = window_top(high, lookback_bars)
    return np.where(is_in_sight & ~np.isnan(window), high[at], window)


def swing_levels(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 50, *, side_bars: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from the last confirmed swing high and swing low.

    With one bar on either side this is the three-bar swing, with two it is Williams' fractal. A swing of ``k`` bars
    ago is used from the bar on that confirms it and never earlier. If the window holds none, its highest high or
    lowest low takes the place, so that the memory ends with the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Bars, the present one included, among which the swing must lie.
        side_bars: Bars on either side that confirm it.

    Returns:
        ``log(close / level)`` for high and low, each of shape ``(T,)``; NaN in the first ``lookback_bars - 1``
        rows.

    Raises:
        ValueError: If ``side_bars`` is less than 1, or the window has no place for a swing and its confirmation.

    Example:
        >>> price = np.array([1.0, 4.0, 2.0])
        >>> [np.exp(distance).round(9).tolist() for distance in swing_levels(price, price, price, 3)]
        [[nan, nan, 0.5], [nan, nan, 2.0]]

    References: B. M. Williams, *Trading Chaos*, 1995 (fractals); the three-bar swing is W. D. Gann's.
    """
    require_lookback(side_bars, least=1)
    require_lookback(lookback_bars, least=side_bars + 2)
    peak, valley = last_swing_high(high, lookback_bars, side_bars), -last_swing_high(-low, lookback_bars, side_bars)
    return log_distance(close, peak), log_distance(close, valley)
