"""Transforms of prices: averages of one bar, Heikin-Ashi, place in range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.levels import level_distances
from forecast_pipeline.features.indicators.ratios import ROUNDING, place
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

SPANS = (1, 2, 3, 5, 8, 13, 21)
N_LAGS = 5


def price_averages(open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
    """Log distance of the close from two averages of its own bar.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.

    Returns:
        ``log(close / average)`` for the median ``(h + l) / 2`` and the average price ``(o + h + l + c) / 4``; each of
        shape ``(T,)``, never NaN. The typical ``(h + l + c) / 3`` and the weighted price ``(h + l + 2c) / 4`` would
        say two thirds and half of what the median says.

    Example:
        >>> bar = (np.array([x]) for x in (2.0, 5.0, 1.0, 4.0))
        >>> [float(np.exp(distance[0]).round(3)) for distance in price_averages(*bar)]
        [1.333, 1.333]

    References: TA-Lib MEDPRICE, AVGPRICE.
    """
    reach = high + low
    return level_distances(close, reach / 2.0, (open_ + reach + close) / 4.0)


def heikin_ashi(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Body and shadows of the Heikin-Ashi bar as log distances.

    Its close is the mean of the four prices, its open the middle of the Heikin-Ashi bar before, an exponential
    average of those closes with smoothing 1/2; high and low are the bar's own, widened to both.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.

    Returns:
        ``log(close / open)``, ``log(high / upper end of the body)`` and ``log(lower end of the body / low)`` of
        the Heikin-Ashi bar, each of shape ``(T,)``, never NaN; the first bar's open is the middle of its body.

    Example:
        >>> price = np.array([2.0, 4.0, 4.0])  # opens 2, 2, 3
        >>> [np.exp(part).round(3).tolist() for part in heikin_ashi(price, price, price, price)]
        [[1.0, 2.0, 1.333], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]

    References: D. Valcu, "Using the heikin-ashi technique", *Technical Analysis of Stocks & Commodities* 22:2, 2004.
    """
    from scipy.signal import lfilter

    if close.size == 0:
        return close, close, close
    mean = (open_ + high + low + close) / 4.0
    start = (open_[:1] + close[:1]) / 2.0
    middle = np.concatenate([start, lfilter([0.5], [1.0, -0.5], mean[:-1], zi=0.5 * start)[0]])
    top, bottom = np.maximum(mean, middle), np.minimum(mean, middle)
    return np.log(mean / middle), np.log(np.maximum(high, top) / top), np.log(bottom / np.minimum(low, bottom))


def range_position(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 100) -> FloatArray:
    """Place of the close between the lowest low and the highest high of the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Window length, the present bar included.

    Returns:
        Shape ``(T,)``, from 0 at the bottom to 1 at the top; NaN in the first ``lookback_bars - 1`` rows. A range
        of zero gives 0.5.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 5.0, 4.0, 4.0])
        >>> range_position(price, price, price, 2).tolist()
        [nan, 1.0, 0.0, 0.5]

    References: G. C. Lane's raw %K, *Technical Analysis of Stocks & Commodities* 2:3, 1984, as a fraction.
    """
    require_lookback(lookback_bars)
    return place(close, window_top(high, lookback_bars), window_bottom(low, lookback_bars), ROUNDING * close)
