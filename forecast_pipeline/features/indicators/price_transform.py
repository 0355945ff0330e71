"""Transforms of prices: averages of one bar, Heikin-Ashi, returns over spans and lags, acceleration, place in range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.window_parts import highest, lagged, lowest, share
from forecast_pipeline.features.indicators.windows import ROUNDING, log_distance, require_lookback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecast_pipeline.features.bar_arrays import FloatArray

SPANS = (1, 2, 3, 5, 8, 13, 21)
N_LAGS = 5


def price_averages(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from four averages of its own bar.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.

    Returns:
        ``log(close / average)`` for the typical ``(h + l + c) / 3``, the median ``(h + l) / 2``, the weighted
        ``(h + l + 2c) / 4`` and the average price ``(o + h + l + c) / 4``; each of shape ``(T,)``, never NaN.

    Example:
        >>> bar = (np.array([x]) for x in (2.0, 5.0, 1.0, 4.0))
        >>> [float(np.exp(distance[0]).round(3)) for distance in price_averages(*bar)]
        [1.2, 1.333, 1.143, 1.333]

    References: TA-Lib TYPPRICE, MEDPRICE, WCLPRICE, AVGPRICE.
    """
    reach = high + low
    levels = ((reach + close) / 3.0, reach / 2.0, (reach + 2.0 * close) / 4.0, (open_ + reach + close) / 4.0)
    typical, median, weighted, average = (log_distance(close, level) for level in levels)
    return typical, median, weighted, average


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


def spanned_returns(close: FloatArray, spans: Iterable[int] = SPANS) -> tuple[FloatArray, ...]:
    """Log returns over several spans that end at the present close.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        spans: Bars of each span.

    Returns:
        One array of shape ``(T,)`` a span, dimensionless; NaN in its first ``span`` rows.

    Example:
        >>> [part.round(9).tolist() for part in spanned_returns(np.exp([0.0, 1.0, 3.0]), [1, 2])]
        [[nan, 1.0, 2.0], [nan, nan, 3.0]]

    References: J. Y. Campbell, A. W. Lo, A. C. MacKinlay, *The Econometrics of Financial Markets*, 1997, ch. 1.
    """
    log_price = np.log(close)
    return tuple(log_price - lagged(log_price, span) for span in spans)


def lagged_returns(close: FloatArray, lag_bars: int = 1, n_lags: int = N_LAGS) -> tuple[FloatArray, ...]:
    """Log returns of single bars before the present one.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lag_bars: Bars from one return to the next one back.
        n_lags: How many returns.

    Returns:
        The one-bar returns of ``lag_bars``, ``2 * lag_bars``, … bars ago, each of shape ``(T,)``; NaN in the
        first ``lag + 1`` rows.

    Example:
        >>> [part.round(9).tolist() for part in lagged_returns(np.exp([0.0, 1.0, 3.0, 7.0]), 1, 2)]
        [[nan, nan, 1.0, 2.0], [nan, nan, nan, 1.0]]

    References: J. Y. Campbell, A. W. Lo, A. C. MacKinlay, *The Econometrics of Financial Markets*, 1997, ch. 1.
    """
    (log_return,) = spanned_returns(close, [1])
    return tuple(lagged(log_return, lag_bars * number) for number in range(1, n_lags + 1))


def price_acceleration(close: FloatArray, lookback_bars: int = 5) -> FloatArray:
    """Log return over the last ``lookback_bars`` bars minus that over as many bars before.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Bars of each return, at least 1.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``2 * lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> price_acceleration(np.exp([0.0, 1.0, 4.0]), 1).round(9).tolist()
        [nan, nan, 2.0]

    References: second difference of the log price.
    """
    require_lookback(lookback_bars, least=1)
    (log_return,) = spanned_returns(close, [lookback_bars])
    return log_return - lagged(log_return, lookback_bars)


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
    bottom = lowest(low, lookback_bars)
    return share(close - bottom, highest(high, lookback_bars) - bottom, 0.5, ROUNDING * close)
