"""Ehlers's oscillators: Fisher's transform, Laguerre's relative strength, the centre of gravity."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ehlers_filter import FISHER_SMOOTHINGS
from forecast_pipeline.features.indicators.ehlers_recursion import recursion
from forecast_pipeline.features.indicators.ratios import ROUNDING, place, share
from forecast_pipeline.features.indicators.sliding import weighted_sum
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_sum
from forecast_pipeline.features.warm_up import bars_to_forget

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_HIGHEST_PLACE = 0.999  # Ehlers' limit; its transform is 3.8


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
    smooth = np.clip(recursion(centred, [first], [first - 1.0]), -_HIGHEST_PLACE, _HIGHEST_PLACE)
    return recursion(np.log((1.0 + smooth) / (1.0 - smooth)) / 2.0, [1.0], [second - 1.0])


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
    stages = [recursion(close - close[:1], [1.0 - damping], [-damping])]
    for _ in range(3):
        stages.append(recursion(stages[-1], [-damping, 1.0], [-damping]))
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
