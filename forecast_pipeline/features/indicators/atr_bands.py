"""Bands and stops at multiples of Wilder's average true range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.volatility import atr
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
    long_exit, short_exit = window_top(high, lookback_bars) - reach, window_bottom(low, lookback_bars) + reach
    return log_distance(close, long_exit), log_distance(close, short_exit)


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
