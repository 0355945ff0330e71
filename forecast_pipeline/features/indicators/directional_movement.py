"""Direction of the bars' highs and lows: Wilder's movements, the vortex."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.talib_windows import wilder_mean
from forecast_pipeline.features.indicators.windows import change, lagged, require_lookback, window_sum
from forecast_pipeline.features.warm_up import bars_to_forget, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def movements(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Wilder's movement up and down: the larger one if it is positive, neither where they tie in ticks."""
    up, down = change(high), -change(low)
    tie = ROUNDING * close
    return (
        np.where((up - down > tie) & (up > tie), up, 0.0),
        np.where((down - up > tie) & (down > tie), down, 0.0),
    )


def directional_movement(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6
) -> tuple[FloatArray, FloatArray]:
    """Wilder's directional indicators +DI and -DI.

    Wilder's averages of the movement up and of the movement down, in percent of that of the true range. Moves that
    are equal in ticks tie as in `trend.adx`; TA-Lib, besides, starts with one movement less.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Smoothing length.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        +DI and -DI, each of shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars`` rows; 0 in a market
        that has not moved for as long as the smoothing remembers.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.arange(10.0, 14.0)  # rises by 1 a bar, true range 1.5
        >>> plus, minus = directional_movement(high, high - 1.0, high - 0.5, lookback_bars=2)
        >>> plus.round(2).tolist(), minus.tolist()
        ([nan, nan, 66.67, 66.67], [nan, nan, 0.0, 0.0])

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    require_lookback(lookback_bars)
    reach = true_range(high, low, close)
    mean_range = wilder_mean(reach, lookback_bars)
    is_still = has_stood_still(reach != 0.0, bars_to_forget((wilder(lookback_bars),), tolerance))
    mean_range = np.where(is_still & ~np.isnan(mean_range), 0.0, mean_range)
    plus, minus = (
        100.0 * ratio(wilder_mean(movement, lookback_bars), mean_range, neutral=0.0)
        for movement in movements(high, low, close)
    )
    return plus, minus


def vortex(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14
) -> tuple[FloatArray, FloatArray]:
    """Vortex lines: distance of each high from the low before, and of each low from the high before.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars that are summed.

    Returns:
        Rising and falling line as multiples of the summed true range, each of shape ``(T,)``, around 1; NaN in the
        first ``lookback_bars`` rows; 1 without any range.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.array([2.0, 3.0, 4.0])  # lows one lower: true ranges 1.5, rises 2, falls 0
        >>> [line.round(4).tolist() for line in vortex(high, high - 1.0, high - 0.5, lookback_bars=2)]
        [[nan, nan, 1.3333], [nan, nan, 0.0]]

    References: E. Botes, D. Siepman, *Technical Analysis of Stocks & Commodities* 28:1, 2010.
    """
    require_lookback(lookback_bars)
    reach = window_sum(true_range(high, low, close), lookback_bars)
    rising = window_sum(np.abs(high - lagged(low, 1)), lookback_bars)
    falling = window_sum(np.abs(low - lagged(high, 1)), lookback_bars)
    return ratio(rising, reach, neutral=1.0), ratio(falling, reach, neutral=1.0)
