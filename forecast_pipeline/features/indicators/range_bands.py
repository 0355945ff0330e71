"""Bands of mean ranges around a simple mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.levels import channel_distances
from forecast_pipeline.features.indicators.volatility import atr
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
        >>> import numpy as np
        >>> price = np.array([1.0, 1.0, 3.0])  # mean 2, average true range 1
        >>> [float(np.exp(line[-1]).round(9)) for line in starc(price, price, price, 2, atr_lookback_bars=2, width=1)]
        [1.0, 1.5, 3.0]

    References: M. Stoller's STARC bands, 1980s.
    """
    require_lookback(lookback_bars)
    half = width * atr(high, low, close, atr_lookback_bars) * close
    return channel_distances(close, window_mean(close, lookback_bars), half)


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
        >>> import numpy as np
        >>> high, low, close = np.array([5.0, 5.0]), np.array([3.0, 3.0]), np.array([4.0, 4.0])
        >>> [float(np.exp(-line[-1]).round(9)) for line in keltner_simple(high, low, close, 2)]
        [1.5, 1.0, 0.5]

    References: C. W. Keltner, *How To Make Money in Commodities*, 1960.
    """
    require_lookback(lookback_bars)
    middle, half = window_mean((high + low + close) / 3.0, lookback_bars), window_mean(high - low, lookback_bars)
    return channel_distances(close, middle, half)
