"""Moving averages of finite windows, as the log distance of the close from them."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import (
    linear_mean,
    weighted_sum,
    window_bottom,
    window_mean,
    window_top,
)
from forecast_pipeline.features.indicators.windows import ROUNDING, log_distance, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

N_ORDERED = 5


def wma(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from its linearly weighted average.

    The present close weighs ``lookback_bars``, the oldest 1, as in TA-Lib's WMA.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(wma(np.array([1.0, 4.0]), 2)).round(9).tolist()  # average (1 + 2 * 4) / 3
        [nan, 1.333333333]

    References: TA-Lib WMA.
    """
    require_lookback(lookback_bars)
    return log_distance(close, linear_mean(close, lookback_bars))


def trima(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from its triangular average, the simple mean of a simple mean.

    The weights rise to the middle of the window and fall again. Both means cover about half of the window, as in
    TA-Lib's TRIMA.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(trima(np.array([1.0, 2.0, 3.0]), 3)).tolist()  # average (1 + 2 * 2 + 3) / 4
        [nan, nan, 1.5]

    References: TA-Lib TRIMA.
    """
    require_lookback(lookback_bars)
    first = (lookback_bars + 1) // 2
    return log_distance(close, window_mean(window_mean(close, first), lookback_bars + 1 - first))


def hma(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from Hull's average, which hurries after the price.

    Twice the linearly weighted average of half the window minus that of the whole, smoothed by a third one over the
    square root of the window. Half is rounded down, the root to the nearest whole number.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first
        ``lookback_bars + round(sqrt(lookback_bars)) - 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> hma(np.arange(101.0, 109.0), 4)[4:].round(6).tolist()  # it follows a straight line without a lag
        [0.0, 0.0, 0.0, 0.0]

    References: A. Hull, "How to reduce lag in a moving average", 2005.
    """
    require_lookback(lookback_bars, least=4)
    hurried = 2.0 * linear_mean(close, lookback_bars // 2) - linear_mean(close, lookback_bars)
    return log_distance(close, linear_mean(hurried, hull_smoothing_bars(lookback_bars)))


def hull_smoothing_bars(lookback_bars: int) -> int:
    """Length of the last of Hull's three averages.

    Example:
        >>> hull_smoothing_bars(16), hull_smoothing_bars(20)
        (4, 4)
    """
    return round(math.sqrt(lookback_bars))


def alma(close: FloatArray, lookback_bars: int = 21, offset: float = 0.85, width: float = 6.0) -> FloatArray:
    """Log distance of the close from Arnaud Legoux's average, a bell of weights near the window's new end.

    The bell stands at ``offset * (lookback_bars - 1)`` from the oldest bar and has the standard deviation
    ``lookback_bars / width``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.
        offset: Place of the bell, from 0 at the oldest bar to 1 at the present one.
        width: Standard deviations of the bell in a window.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(alma(np.array([1.0, 2.0, 3.0]), 3, offset=0.5)).tolist()  # a bell around the middle
        [nan, nan, 1.5]

    References: A. Legoux, D. Kouzis-Loukas, "ALMA: Arnaud Legoux moving average", 2009.
    """
    require_lookback(lookback_bars)
    centre, std = offset * (lookback_bars - 1), lookback_bars / width
    bell = [math.exp(-(((lookback_bars - 1 - lag - centre) / std) ** 2) / 2.0) for lag in range(lookback_bars)]
    total = math.fsum(bell)
    return log_distance(close, weighted_sum(close, [weight / total for weight in bell]))


def midpoint(close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Log distance of the close from the middle between the highest and the lowest close.

    Unlike the middle of Donchian's channel it needs no highs and lows.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / middle)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(midpoint(np.array([1.0, 5.0, 3.0]), 3)).tolist()
        [nan, nan, 1.0]

    References: TA-Lib MIDPOINT.
    """
    require_lookback(lookback_bars)
    return log_distance(close, (window_top(close, lookback_bars) + window_bottom(close, lookback_bars)) / 2.0)


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
