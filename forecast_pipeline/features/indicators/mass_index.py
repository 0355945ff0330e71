"""Dorsey's mass index of widening ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.talib_windows import exponential_mean
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def mass_index(
    high: FloatArray, low: FloatArray, lookback_bars: int = 25, smoothing_bars: int = 9, tolerance: float = 1e-6
) -> FloatArray:
    """Dorsey's mass index: how much ranges widen.

    The exponential average of the range over its own exponential average, summed.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Ratios that are summed.
        smoothing_bars: Length of both averages.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Shape ``(T,)``, around ``lookback_bars``, Dorsey's bulge is at 27 for 25 bars; NaN in the first
        ``lookback_bars + 2 * smoothing_bars - 3`` rows. A bar before which no range was seen for as long as the
        averages remember counts 1.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> high = np.full(9, 2.0)
        >>> mass_index(high, high - 1.0, lookback_bars=3, smoothing_bars=2)[-1].item()
        3.0

    References: D. Dorsey, *Technical Analysis of Stocks & Commodities* 10:6, 1992.
    """
    require_lookback(lookback_bars)
    reach = high - low
    once = exponential_mean(reach, smoothing_bars)
    twice = exponential_mean(once, smoothing_bars)
    memory_bars = bars_to_forget((exponential(smoothing_bars),) * 2, tolerance)
    has_no_range = window_sum((reach != 0.0).astype(np.float64), memory_bars) == 0.0
    widening = np.where(has_no_range & ~np.isnan(twice), 1.0, ratio(once, twice, neutral=1.0))
    return window_sum(widening, lookback_bars)
