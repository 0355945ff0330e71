"""Moving averages beside each other and beside their own past."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.moving_average import N_ORDERED
from forecast_pipeline.features.indicators.ratios import ROUNDING
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def moving_average_ratio(close: FloatArray, fast_bars: int = 50, slow_bars: int = 200) -> FloatArray:
    """Log of the fast over the slow simple average; its sign changes at the golden and the death cross.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average, more than ``fast_bars``.

    Returns:
        Shape ``(T,)``, dimensionless, positive in a rising market; NaN in the first ``slow_bars - 1`` rows.

    Raises:
        ValueError: If ``fast_bars`` is not less than ``slow_bars``.

    Example:
        >>> np.exp(moving_average_ratio(np.array([1.0, 2.0, 6.0]), 2, 3)).round(9).tolist()  # 4 over 3
        [nan, nan, 1.333333333]

    References: W. Brock, J. Lakonishok, B. LeBaron, *Journal of Finance* 47, 1992.
    """
    if fast_bars >= slow_bars:
        raise ValueError(f"fast_bars must be less than slow_bars={slow_bars}, was {fast_bars}")
    return np.asarray(np.log(window_mean(close, fast_bars) / window_mean(close, slow_bars)))


def moving_average_slope(close: FloatArray, lookback_bars: int = 20, slope_bars: int = 5) -> FloatArray:
    """Log return per bar of the simple average over the last ``slope_bars`` bars.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the average.
        slope_bars: Bars over which its return counts.

    Returns:
        Shape ``(T,)``, log return per bar; NaN in the first ``lookback_bars + slope_bars - 1`` rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> moving_average_slope(np.exp([0.0, 2.0, 4.0, 6.0]), 2, 2).round(9).tolist()
        [nan, nan, nan, 2.0]
    """
    require_lookback(lookback_bars)
    require_lookback(slope_bars, least=1)
    average = np.log(window_mean(close, lookback_bars))
    out = np.full(close.size, np.nan)
    out[slope_bars:] = (average[slope_bars:] - average[: max(0, close.size - slope_bars)]) / slope_bars
    return out


def moving_average_order(close: FloatArray, lookback_bars: int = 5) -> FloatArray:
    """How far five simple averages stand in the order of a trend.

    The averages cover ``lookback_bars`` and 2, 4, 8 and 16 times as many bars. Of the four neighbouring pairs, those
    whose faster average is above the slower one count 1, those below count -1; averages that are equal up to
    rounding count 0.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the fastest average.

    Returns:
        Mean of the four, shape ``(T,)``, from -1 (all in falling order) to 1; NaN in the first
        ``16 * lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> moving_average_order(np.arange(1.0, 34.0), 2)[-1]
        np.float64(1.0)
    """
    require_lookback(lookback_bars)
    averages = [window_mean(close, lookback_bars * 2**k) for k in range(N_ORDERED)]
    total = np.zeros(close.size)
    for faster, slower in itertools.pairwise(averages):
        gap = faster - slower
        total += np.where(np.abs(gap) <= ROUNDING * slower, 0.0 * gap, np.sign(gap))
    return total / (N_ORDERED - 1)
