"""Ehlers' digital filters: smoothers and trends of the price, and what remains without them.

Each is a short recursion with constant factors, run by `scipy.signal.lfilter` as if the market had stood at its
first price before the history began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ehlers_recursion import high_pass_pole, recursion, smoothed
from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

FISHER_SMOOTHINGS = (0.33, 0.5)
"""Smoothing of the place in the range, and what the result forgets of its last value."""


def super_smoother(close: FloatArray, lookback_bars: int = 10) -> FloatArray:
    """Log distance of the close from Ehlers' two-pole super smoother.

    A Butterworth filter over the mean of the last two closes, which takes waves shorter than ``lookback_bars`` out.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Shortest wave that passes.

    Returns:
        ``log(close / smoothed)``, shape ``(T,)``, dimensionless, defined from the first row on.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> super_smoother(np.full(3, 1.1)).tolist()
        [0.0, 0.0, 0.0]

    References: J. F. Ehlers, *Cycle Analytics for Traders*, 2013, ch. 3.
    """
    require_lookback(lookback_bars, least=3)
    start = close[:1]
    return log_distance(close, start + smoothed(close - start, lookback_bars))


def instantaneous_trendline(close: FloatArray, lookback_bars: int = 27) -> FloatArray:
    """Log distance of the close from Ehlers' instantaneous trendline.

    A two-pole low-pass filter with the smoothing ``2 / (lookback_bars + 1)``, about Ehlers' 0.07 for 27 bars, that
    follows a straight line without a lag.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the smoothing.

    Returns:
        ``log(close / trendline)``, shape ``(T,)``, dimensionless, defined from the first row on.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> instantaneous_trendline(np.full(3, 1.1)).tolist()
        [0.0, 0.0, 0.0]

    References: J. F. Ehlers, *Cybernetic Analysis for Stocks and Futures*, 2004, ch. 3.
    """
    require_lookback(lookback_bars)
    s = 2.0 / (lookback_bars + 1)
    start = close[:1]
    now = [s - s * s / 4.0, s * s / 2.0, -(s - 3.0 * s * s / 4.0)]
    return log_distance(close, start + recursion(close - start, now, [-2.0 * (1.0 - s), (1.0 - s) ** 2]))


def roofing_filter(close: FloatArray, low_pass_bars: int = 10, high_pass_bars: int = 48) -> FloatArray:
    """Waves of the log close between two lengths: a two-pole high-pass filter, then a super smoother.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        low_pass_bars: Shorter waves are noise.
        high_pass_bars: Longer waves are trend.

    Returns:
        Shape ``(T,)``, log return, around 0, defined from the first row on.

    Raises:
        ValueError: If ``low_pass_bars`` is not less than ``high_pass_bars``.

    Example:
        >>> roofing_filter(np.full(3, 1.1)).tolist()
        [0.0, 0.0, 0.0]

    References: J. F. Ehlers, *Cycle Analytics for Traders*, 2013, ch. 7.
    """
    if low_pass_bars >= high_pass_bars:
        raise ValueError(f"low_pass_bars must be less than high_pass_bars={high_pass_bars}, was {low_pass_bars}")
    pole = high_pass_pole(high_pass_bars)
    gain = ((1.0 + pole) / 2.0) ** 2
    price = np.log(close)
    detrended = recursion(price - price[:1], [gain, -2.0 * gain, gain], [-2.0 * pole, pole * pole])
    return smoothed(detrended, low_pass_bars)
