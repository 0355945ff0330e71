"""Channels made of extremes: Donchian."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def donchian(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from Donchian's channel.

    Upper and lower line are the highest high and the lowest low of the last ``lookback_bars`` bars, *the
    present one included* (Donchian's breakout rule compares with the bars before); the middle is their mean.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Window length.

    Returns:
        ``log(close / level)`` for upper (at most 0), middle and lower line (at least 0), each of shape
        ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> upper, middle, lower = donchian(np.array([4.0, 3.0]), np.array([1.0, 2.0]), np.array([2.0, 2.0]), 2)
        >>> np.exp(upper).tolist(), np.exp(middle).round(9).tolist(), np.exp(lower).round(9).tolist()
        ([nan, 0.5], [nan, 0.8], [nan, 2.0])

    References: R. D. Donchian, "High finance in copper", *Financial Analysts Journal* 16, 1960.
    """
    import talib

    require_lookback(lookback_bars)
    upper = np.asarray(talib.MAX(high, timeperiod=lookback_bars))
    lower = np.asarray(talib.MIN(low, timeperiod=lookback_bars))
    return (
        log_distance(close, upper),
        log_distance(close, (upper + lower) / 2.0),
        log_distance(close, lower),
    )
