"""Direction of the bars' highs and lows: Wilder's movements, vortex, Aroon, Ichimoku, new highs and lows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import lagged, ratio, window_bottom, window_top
from forecast_pipeline.features.indicators.trend import adx
from forecast_pipeline.features.indicators.windows import (
    ROUNDING,
    change,
    has_stood_still,
    log_distance,
    require_lookback,
    true_range,
    wilder_mean,
    window_sum,
)
from forecast_pipeline.features.warm_up import bars_to_forget, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def _movements(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, FloatArray]:
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
        for movement in _movements(high, low, close)
    )
    return plus, minus


def dx(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6
) -> FloatArray:
    """Directional index with its sign: (+DI - -DI) over (+DI + -DI).

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Smoothing length.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-100, 100]``, positive in a rising market, where Wilder and TA-Lib take the absolute
        value; NaN in the first ``lookback_bars`` rows; 0 without any movement.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> low = np.array([4.0, 3.0, 2.0])
        >>> dx(low + 1.0, low, low, lookback_bars=2).tolist()  # it only ever falls
        [nan, nan, -100.0]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    require_lookback(lookback_bars)
    plus, minus = (wilder_mean(movement, lookback_bars) for movement in _movements(high, low, close))
    is_still = has_stood_still(true_range(high, low, close) != 0.0, bars_to_forget((wilder(lookback_bars),), tolerance))
    index = 100.0 * ratio(plus - minus, plus + minus, neutral=0.0)
    return np.where(is_still & ~np.isnan(index), 0.0, index)


def adxr(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6
) -> FloatArray:
    """Wilder's rating: mean of the average directional index now and ``lookback_bars`` bars ago.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Smoothing length and distance of the two; TA-Lib's distance is one bar less.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``3 * lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.arange(10.0, 17.0)
        >>> adxr(high, high - 1.0, high - 0.5, lookback_bars=2)[5:].tolist()  # it only ever rises
        [100.0, 100.0]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    index = adx(high, low, close, lookback_bars, tolerance)
    return (index + lagged(index, lookback_bars)) / 2.0


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


def aroon(high: FloatArray, low: FloatArray, lookback_bars: int = 25) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Chande's Aroon: how recent the highest high and the lowest low are, and the difference.

    TA-Lib's: among equal extremes the latest counts.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Bars before the present one that count.

    Returns:
        Up and down, in ``[0, 100]``, 100 if the extreme is the present bar's, and up minus down; each of shape
        ``(T,)``, NaN in the first ``lookback_bars`` rows. A market that stands still gives 100, 100 and 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.array([1.0, 3.0, 2.0])  # the highest one bar ago, the lowest two
        >>> [line[-1].item() for line in aroon(high, high, lookback_bars=2)]
        [50.0, 0.0, 50.0]

    References: T. S. Chande, *Technical Analysis of Stocks & Commodities* 13:9, 1995.
    """
    import talib

    require_lookback(lookback_bars)
    down, up = talib.AROON(high, low, timeperiod=lookback_bars)
    return np.asarray(up), np.asarray(down), np.asarray(up - down)


def ichimoku(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    conversion_bars: int = 9,
    base_bars: int = 26,
    span_bars: int = 52,
    displacement_bars: int = 26,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from Hosoda's conversion line, base line and the two edges of the cloud.

    Each line is the middle between highest high and lowest low. The cloud is drawn forward: its first edge at a bar
    is the mean of conversion and base line ``displacement_bars`` bars earlier, its second edge the middle of
    ``span_bars`` bars as it was then. The lagging line, which draws the close back, would be tomorrow's price.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        conversion_bars: Window of the conversion line (tenkan).
        base_bars: Window of the base line (kijun).
        span_bars: Window of the second edge (senkou B).
        displacement_bars: Bars by which the cloud is drawn forward.

    Returns:
        ``log(close / line)`` for tenkan, kijun, first and second edge, each of shape ``(T,)``, dimensionless.

    Raises:
        ValueError: If a window is shorter than 2.

    Example:
        >>> ones = np.ones(78)
        >>> [line[-1].item() for line in ichimoku(ones, ones, ones)]
        [0.0, 0.0, 0.0, 0.0]

    References: N. Elliott, *Ichimoku Charts*, 2007.
    """
    tenkan, kijun, span = (
        (window_top(high, length) + window_bottom(low, length)) / 2.0
        for length in (conversion_bars, base_bars, span_bars)
    )
    cloud = (lagged((tenkan + kijun) / 2.0, displacement_bars), lagged(span, displacement_bars))
    first, second = (log_distance(close, edge) for edge in cloud)
    return log_distance(close, tenkan), log_distance(close, kijun), first, second
