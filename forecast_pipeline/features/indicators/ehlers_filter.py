"""Ehlers' digital filters: smoothers of the price and oscillators made with them.

Each is a short recursion with constant factors, run by `scipy.signal.lfilter` as if the market had stood at its
first price before the history began.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import place, share, weighted_sum, window_bottom, window_top
from forecast_pipeline.features.indicators.windows import (
    ROUNDING,
    change,
    has_stood_still,
    log_distance,
    require_lookback,
    window_sum,
)
from forecast_pipeline.features.warm_up import bars_to_forget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray

FISHER_SMOOTHINGS = (0.33, 0.5)
"""Smoothing of the place in the range, and what the result forgets of its last value."""

_HIGHEST_PLACE = 0.999  # Ehlers' limit; its transform is 3.8


def _recursion(values: FloatArray, now: Sequence[float], before: Sequence[float]) -> FloatArray:
    """``y = now * values - before * earlier y``, from zero on, skipping NaNs at the start of ``values``."""
    from scipy.signal import lfilter

    out = np.full(values.size, np.nan)
    known = ~np.isnan(values)
    if known.any():
        first = int(np.argmax(known))
        out[first:] = lfilter(now, [1.0, *before], values[first:])
    return out


def super_smoother_pole(lookback_bars: float) -> float:
    """Share of the past that a super smoother keeps each bar.

    Example:
        >>> round(super_smoother_pole(10), 3)
        0.641
    """
    return math.exp(-math.sqrt(2.0) * math.pi / lookback_bars)


def high_pass_pole(lookback_bars: float) -> float:
    """Share of the past that Ehlers' two-pole high-pass filter keeps each bar and pole.

    Example:
        >>> round(high_pass_pole(48), 3)
        0.911
    """
    angle = math.sqrt(0.5) * 2.0 * math.pi / lookback_bars
    return 1.0 - (math.cos(angle) + math.sin(angle) - 1.0) / math.cos(angle)


def _smoothed(values: FloatArray, lookback_bars: float) -> FloatArray:
    pole = super_smoother_pole(lookback_bars)
    turn = 2.0 * pole * math.cos(math.sqrt(2.0) * math.pi / lookback_bars)
    gain = (1.0 - turn + pole * pole) / 2.0
    return _recursion(values, [gain, gain], [-turn, pole * pole])


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
    return log_distance(close, start + _smoothed(close - start, lookback_bars))


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
    return log_distance(close, start + _recursion(close - start, now, [-2.0 * (1.0 - s), (1.0 - s) ** 2]))


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
    detrended = _recursion(price - price[:1], [gain, -2.0 * gain, gain], [-2.0 * pole, pole * pole])
    return _smoothed(detrended, low_pass_bars)


def fisher_transform(high: FloatArray, low: FloatArray, lookback_bars: int = 10) -> FloatArray:
    """Ehlers' Fisher transform of the median price's place in its recent range.

    The place from -1 to 1 is smoothed by 0.33, held within 0.999, turned by ``log((1 + x) / (1 - x)) / 2``, and half
    of the last result is added.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Bars whose median prices make the range.

    Returns:
        Shape ``(T,)``, dimensionless, within 7.6 of 0; NaN in the first ``lookback_bars - 1`` rows. The limit is not
        fed back, as it is with Ehlers; median prices that are equal up to rounding stand in the middle.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> fisher_transform(np.full(3, 1.1), np.full(3, 1.1), 2).tolist()
        [nan, 0.0, 0.0]

    References: J. F. Ehlers, *Technical Analysis of Stocks & Commodities* 20:11, 2002.
    """
    require_lookback(lookback_bars)
    median = (high + low) / 2.0
    top = window_top(median, lookback_bars)
    centred = 2.0 * place(median, top, window_bottom(median, lookback_bars), ROUNDING * top) - 1.0
    first, second = FISHER_SMOOTHINGS
    smooth = np.clip(_recursion(centred, [first], [first - 1.0]), -_HIGHEST_PLACE, _HIGHEST_PLACE)
    return _recursion(np.log((1.0 + smooth) / (1.0 - smooth)) / 2.0, [1.0], [second - 1.0])


def laguerre_rsi(close: FloatArray, damping: float = 0.5, tolerance: float = 1e-6) -> FloatArray:
    """Ehlers' Laguerre index: share of rises among the steps of a four-stage Laguerre filter.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        damping: Share of the past that each stage keeps, 0 to 0.9; Ehlers' gamma.
        tolerance: Weight at which the filter counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``, defined from the first row on; 50 in a market that has not moved for as long
        as the filter remembers.

    Raises:
        ValueError: If ``damping`` is outside ``[0, 1)``.

    Example:
        >>> laguerre_rsi(np.array([1.0, 2.0, 3.0]), damping=0.0).tolist()
        [50.0, 100.0, 100.0]

    References: J. F. Ehlers, *Cybernetic Analysis for Stocks and Futures*, 2004, ch. 14.
    """
    if not 0.0 <= damping < 1.0:
        raise ValueError(f"damping must be in [0, 1), was {damping}")
    stages = [_recursion(close - close[:1], [1.0 - damping], [-damping])]
    for _ in range(3):
        stages.append(_recursion(stages[-1], [-damping, 1.0], [-damping]))
    rising, falling = np.zeros(close.size), np.zeros(close.size)
    for newer, older in itertools.pairwise(stages):
        rising += np.maximum(newer - older, 0.0)
        falling += np.maximum(older - newer, 0.0)
    memory_bars = bars_to_forget((1.0 - damping,) * 4, tolerance)
    return np.where(has_stood_still(change(close) != 0.0, memory_bars), 50.0, share(rising, falling))


def center_of_gravity(close: FloatArray, lookback_bars: int = 10) -> FloatArray:
    """Ehlers' centre of gravity of the last closes, in bars before or after the middle of the window.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, bars, positive if the newer closes are the heavier ones, a small fraction of a bar for prices
        that move little; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> center_of_gravity(np.array([1.0, 3.0]), 2).tolist()  # (0.5 * 3 - 0.5 * 1) / 4
        [nan, 0.25]

    References: J. F. Ehlers, *Technical Analysis of Stocks & Commodities* 20:5, 2002.
    """
    require_lookback(lookback_bars)
    arms = [(lookback_bars - 1) / 2.0 - lag for lag in range(lookback_bars)]
    return weighted_sum(close, arms) / window_sum(close, lookback_bars)
