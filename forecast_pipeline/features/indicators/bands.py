"""Bands around averages of the price: envelopes, STARC, Headley's, Keltner's own, average true range, chandelier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.volatility import atr
from forecast_pipeline.features.indicators.window_parts import highest, lagged, lowest, window_mean
from forecast_pipeline.features.indicators.windows import log_distance, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_HEADLEY = 4.0  # bands at a range of twice the price's share, above and below


def _three(close: FloatArray, middle: FloatArray, half: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    middle = np.where(np.isnan(half), np.nan, middle)
    return log_distance(close, middle + half), log_distance(close, middle), log_distance(close, middle - half)


def envelope(close: FloatArray, lookback_bars: int = 40, width_fraction: float = 0.0025) -> FloatArray:
    """Place of the close in an envelope of fixed width around its simple mean.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Window length.
        width_fraction: Distance of each band from the mean, as a fraction of it.

    Returns:
        ``(close / mean - 1) / width_fraction``, shape ``(T,)``: 1 at the upper band, -1 at the lower; NaN in the
        first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> envelope(np.array([1.0, 3.0]), 2, 0.25).tolist()
        [nan, 2.0]

    References: J. J. Murphy, *Technical Analysis of the Financial Markets*, 1999.
    """
    require_lookback(lookback_bars)
    return (close / window_mean(close, lookback_bars) - 1.0) / width_fraction


def starc(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    lookback_bars: int = 6,
    *,
    atr_lookback_bars: int = 15,
    width: float = 2.0,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from Stoller's average range channel.

    The middle is a short simple mean of closes, the lines stand ``width`` average true ranges (Wilder's) away.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Length of the simple mean.
        atr_lookback_bars: Length of the average true range.
        width: Average true ranges between the middle and each line.

    Returns:
        ``log(close / level)`` for upper, middle and lower line, each of shape ``(T,)``; NaN until both averages
        exist.

    Raises:
        ValueError: If a lookback is less than 2.

    Example:
        >>> price = np.array([1.0, 1.0, 3.0])  # mean 2, average true range 1
        >>> [float(np.exp(line[-1]).round(9)) for line in starc(price, price, price, 2, atr_lookback_bars=2, width=1)]
        [1.0, 1.5, 3.0]

    References: M. Stoller's STARC bands, 1980s.
    """
    require_lookback(lookback_bars)
    half = width * atr(high, low, close, atr_lookback_bars) * close
    return _three(close, window_mean(close, lookback_bars), half)


def acceleration_bands(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from Headley's acceleration bands.

    Simple means of ``high (1 + 4 r)`` and ``low (1 - 4 r)`` with ``r = (high - low) / (high + low)``. The middle
    would be the simple mean of closes, which is the Bollinger middle of the same length, and is left out.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Window length.

    Returns:
        ``log(close / level)`` for upper and lower band, each of shape ``(T,)``; NaN in the first
        ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high, low = np.array([6.0, 6.0]), np.array([4.0, 4.0])  # r is 0.2
        >>> [float(np.exp(-d[-1]).round(9)) for d in acceleration_bands(high, low, np.ones(2), 2)]
        [10.8, 0.8]

    References: P. Headley, *Big Trends in Trading*, 2002; TA-Lib ACCBANDS.
    """
    require_lookback(lookback_bars)
    spread = _HEADLEY * (high - low) / (high + low)
    upper, lower = window_mean(high * (1.0 + spread), lookback_bars), window_mean(low * (1.0 - spread), lookback_bars)
    return log_distance(close, upper), log_distance(close, lower)


def chandelier_exit(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 22, width: float = 3.0
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from Le Beau's chandelier exits.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Window of the extremes and length of Wilder's average true range.
        width: Average true ranges below the highest high, above the lowest low.

    Returns:
        ``log(close / level)`` for the exit of a long and of a short position, each of shape ``(T,)``; NaN in the
        first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 1.0, 3.0])  # average true range 1; exits 3 - 1 and 1 + 1
        >>> [float(np.exp(d[-1]).round(9)) for d in chandelier_exit(price, price, price, 2, 1.0)]
        [1.5, 1.5]

    References: C. Le Beau; A. Elder, *Come Into My Trading Room*, 2002.
    """
    reach = width * atr(high, low, close, lookback_bars) * close
    long_exit, short_exit = highest(high, lookback_bars) - reach, lowest(low, lookback_bars) + reach
    return log_distance(close, long_exit), log_distance(close, short_exit)


def keltner_simple(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 10
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from Keltner's own channel.

    The middle is the simple mean of typical prices, the lines stand a simple mean of ranges (no gaps) away.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Window length of both means.

    Returns:
        ``log(close / level)`` for upper, middle and lower line, each of shape ``(T,)``; NaN in the first
        ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high, low, close = np.array([5.0, 5.0]), np.array([3.0, 3.0]), np.array([4.0, 4.0])
        >>> [float(np.exp(-line[-1]).round(9)) for line in keltner_simple(high, low, close, 2)]
        [1.5, 1.0, 0.5]

    References: C. W. Keltner, *How To Make Money in Commodities*, 1960.
    """
    require_lookback(lookback_bars)
    middle, half = window_mean((high + low + close) / 3.0, lookback_bars), window_mean(high - low, lookback_bars)
    return _three(close, middle, half)


def keltner_width(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    lookback_bars: int = 20,
    *,
    atr_lookback_bars: int = 10,
    width: float = 2.0,
) -> FloatArray:
    """Distance between the lines of Raschke's Keltner channel as a fraction of its middle.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Length of the exponential mean of closes in the middle.
        atr_lookback_bars: Length of Wilder's average true range.
        width: Average true ranges between the middle and each line.

    Returns:
        Shape ``(T,)``, at least 0; NaN until both averages exist.

    Raises:
        ValueError: If a lookback is less than 2.

    Example:
        >>> price = np.array([1.0, 1.0, 3.0])  # averages 1, 7/3; true range 1
        >>> keltner_width(price, price, price, 2, atr_lookback_bars=2, width=1.0).round(4).tolist()
        [nan, nan, 0.8571]

    References: L. B. Raschke, *Street Smarts*, 1996.
    """
    import talib

    require_lookback(lookback_bars)
    half = width * atr(high, low, close, atr_lookback_bars) * close
    return np.asarray(2.0 * half / talib.EMA(close, timeperiod=lookback_bars))


def atr_bands(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, width: float = 1.5
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from bands of average true ranges around the close before it.

    Both the close and the average true range are the last bar's, so a close beyond a band is a move that the
    range up to then did not lead one to expect.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Length of Wilder's average true range.
        width: Average true ranges from the last close to each band.

    Returns:
        ``log(close / level)`` for upper and lower band, each of shape ``(T,)``; NaN in the first
        ``lookback_bars + 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 1.0, 3.0, 4.0])  # average true range 1 at the close of 3
        >>> [float(np.exp(d[-1]).round(9)) for d in atr_bands(price, price, price, 2, 1.0)]
        [1.0, 2.0]

    References: J. W. Wilder's volatility system, *New Concepts in Technical Trading Systems*, 1978, made a band.
    """
    before = lagged(close, 1)
    half = width * lagged(atr(high, low, close, lookback_bars) * close, 1)
    return log_distance(close, before + half), log_distance(close, before - half)


def moving_average_channel(
    high: FloatArray, low: FloatArray, close: FloatArray, high_bars: int = 10, low_bars: int = 8
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from the simple means of the highs and of the lows.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        high_bars: Highs in the upper line.
        low_bars: Lows in the lower line.

    Returns:
        ``log(close / level)`` for upper and lower line, each of shape ``(T,)``; NaN where the line's window is not
        full.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> price = np.array([2.0, 4.0, 6.0])
        >>> [float(np.exp(d[-1]).round(9)) for d in moving_average_channel(price, price, price, 2, 3)]
        [1.2, 1.5]

    References: J. Bernstein's moving average channel.
    """
    require_lookback(min(high_bars, low_bars))
    return log_distance(close, window_mean(high, high_bars)), log_distance(close, window_mean(low, low_bars))
