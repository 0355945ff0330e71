"""Volatility: average true range, Bollinger bands, Keltner channels, realised volatility."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.levels import channel_distances
from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def atr(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Average true range with Wilder's smoothing, as a fraction of the close.

    This is Wilder's original [1]_: the first average is a simple mean of ``lookback_bars`` true ranges, later
    ones decay by ``1 / lookback_bars``. Divided by the close it is what TA-Lib calls NATR, without the factor
    100.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Smoothing length.

    Returns:
        Shape ``(T,)``, dimensionless, at least 0; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([1.0, 2.0, 2.0, 4.0])  # true ranges 1, 0, 2 when high = low = close
        >>> atr(close, close, close, lookback_bars=2).tolist()
        [nan, nan, 0.25, 0.3125]

    .. [1] J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    import talib

    require_lookback(lookback_bars)
    return np.asarray(talib.ATR(high, low, close, timeperiod=lookback_bars) / close)


def bollinger(
    close: FloatArray, lookback_bars: int = 20, width: float = 2.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from Bollinger's bands.

    The middle is the simple mean of ``lookback_bars`` closes, the bands stand ``width`` standard deviations
    (ddof 0) above and below.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.
        width: Standard deviations between the middle and each band.

    Returns:
        ``log(close / level)`` for upper, middle and lower band, each of shape ``(T,)``, dimensionless; NaN in
        the first ``lookback_bars - 1`` rows. Equal prices give 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> upper, middle, lower = bollinger(np.array([1.0, 3.0]), lookback_bars=2, width=1.0)
        >>> upper.tolist(), np.exp(middle).round(2).tolist(), np.exp(lower).round(2).tolist()
        ([nan, 0.0], [nan, 1.5], [nan, 3.0])

    References: J. Bollinger, *Bollinger on Bollinger Bands*, 2001, ch. 7.
    """
    import talib

    require_lookback(lookback_bars)
    upper, middle, lower = talib.BBANDS(close, timeperiod=lookback_bars, nbdevup=width, nbdevdn=width)
    return log_distance(close, upper), log_distance(close, middle), log_distance(close, lower)


def keltner(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    lookback_bars: int = 20,
    *,
    atr_lookback_bars: int = 10,
    width: float = 2.0,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from Keltner's channel.

    This is Raschke's variant: the middle is an exponential average of the close, the lines stand ``width``
    average true ranges (Wilder's) above and below. Keltner's own used a simple mean of typical prices and of
    ranges.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Length of the exponential average.
        atr_lookback_bars: Length of the average true range.
        width: Average true ranges between the middle and each line.

    Returns:
        ``log(close / level)`` for upper, middle and lower line, each of shape ``(T,)``, dimensionless; NaN
        until both averages exist.

    Raises:
        ValueError: If a lookback is less than 2.

    Example:
        >>> close = np.array([2.0, 2.0, 2.0, 2.0])
        >>> [line.tolist() for line in keltner(close, close, close, 2, atr_lookback_bars=2)][0]
        [nan, nan, 0.0, 0.0]

    References: C. W. Keltner, *How To Make Money in Commodities*, 1960; L. B. Raschke, *Street Smarts*, 1996.
    """
    import talib

    require_lookback(min(lookback_bars, atr_lookback_bars))
    middle = talib.EMA(close, timeperiod=lookback_bars)
    half = width * talib.ATR(high, low, close, timeperiod=atr_lookback_bars)
    middle[: max(lookback_bars - 1, atr_lookback_bars)] = np.nan
    return channel_distances(close, middle, half)


def realised_volatility(close: FloatArray, lookback_bars: int = 60) -> FloatArray:
    """Square root of the sum of squared log returns, not annualised.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Number of log returns.

    Returns:
        Shape ``(T,)``, dimensionless, at least 0; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> realised_volatility(np.exp([0.0, 3.0, 7.0]), lookback_bars=2).round(9).tolist()
        [nan, nan, 5.0]

    References: Andersen, Bollerslev, Diebold, Labys, *Econometrica* 71, 2003, eq. 2.
    """
    require_lookback(lookback_bars)
    log_return = change(np.log(close))
    return np.sqrt(window_sum(log_return * log_return, lookback_bars))


def return_std(close: FloatArray, lookback_bars: int = 60) -> FloatArray:
    """Standard deviation (ddof 0) of log returns, not annualised.

    Unlike `realised_volatility` it takes the mean return out and does not grow with the window.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Number of log returns.

    Returns:
        Shape ``(T,)``, dimensionless, at least 0; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> return_std(np.exp([0.0, 1.0, 4.0]), lookback_bars=2).round(9).tolist()
        [nan, nan, 1.0]
    """
    import talib

    require_lookback(lookback_bars)
    log_return = change(np.log(close))
    out = np.full(close.size, np.nan)
    out[1:] = talib.STDDEV(log_return[1:], timeperiod=lookback_bars)  # TA-Lib must not see the first NaN
    return out
