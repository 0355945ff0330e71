"""Oscillators of smoothed oscillations: the wave trend, inertia."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.least_squares import line_end
from forecast_pipeline.features.indicators.oscillator import INERTIA_DEVIATION_BARS
from forecast_pipeline.features.indicators.ratios import ratio, share
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.sliding import window_squares
from forecast_pipeline.features.indicators.talib_windows import exponential_mean, wilder_average
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_mean
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_LAMBERT = 0.015  # as in the commodity channel index


def wave_trend(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    channel_bars: int = 10,
    average_bars: int = 21,
    signal_bars: int = 4,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray]:
    """Wave trend: a channel index of the typical price with exponential averages, averaged once more.

    Distance of the typical price from its exponential average over 0.015 times the exponential average of the absolute
    distance.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        channel_bars: Length of the averages of price and distance.
        average_bars: Length of the average of the index.
        signal_bars: Simple mean of the line.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Line and signal, each of shape ``(T,)``, unbounded in principle, mostly within 80; NaN until all averages exist;
        the index counts 0 in a market that has not moved for as long as its averages remember.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> ones = np.ones(9)
        >>> wave_trend(ones, ones, ones, channel_bars=2, average_bars=2, signal_bars=2)[0][-1].item()
        0.0

    References: LazyBear, "WaveTrend oscillator", TradingView, 2014.
    """
    typical = (high + low + close) / 3.0
    distance = typical - exponential_mean(typical, channel_bars)
    spread = exponential_mean(np.abs(distance), channel_bars)
    memory_bars = bars_to_forget((exponential(channel_bars),) * 2, tolerance)
    is_still = has_stood_still(true_range(high, low, close) != 0.0, memory_bars)
    index = ratio(distance, _LAMBERT * spread, neutral=0.0)
    index = np.where(is_still & ~np.isnan(spread), 0.0, index)
    line = exponential_mean(index, average_bars)
    return line, window_mean(line, signal_bars)


def inertia(
    close: FloatArray, lookback_bars: int = 20, volatility_bars: int = 14, tolerance: float = 1e-6
) -> FloatArray:
    """Dorsey's inertia: end of the line through his relative volatility index.

    The volatility index is the share of Wilder's average of the standard deviation of 10 closes that came with a
    higher close; his first form, of closes only.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Values of the volatility index through which the line goes.
        volatility_bars: Smoothing length of the volatility index.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, percent, mostly in ``[0, 100]``; NaN until all windows are full. In a market that has not moved
        for as long as the smoothing remembers the volatility index counts 50.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> inertia(np.arange(1.0, 20.0), 2, 2)[-1].round(9).item()  # it only ever rises
        100.0

    References: D. Dorsey, *Technical Analysis of Stocks & Commodities* 13:9, 1995.
    """
    require_lookback(min(lookback_bars, volatility_bars))
    step = change(close)
    std = np.sqrt(window_squares(close, INERTIA_DEVIATION_BARS) / INERTIA_DEVIATION_BARS)
    rising, falling = (
        wilder_average(np.where(side, std, 0.0 * std), volatility_bars) for side in (step > 0.0, step < 0.0)
    )
    index = share(rising, falling)
    is_still = has_stood_still(step != 0.0, bars_to_forget((wilder(volatility_bars),), tolerance))
    return line_end(np.where(is_still & ~np.isnan(index), 50.0, index), lookback_bars)
