"""Hosoda's balance of middles of ranges, without the lines that are drawn into the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import lagged

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
        >>> import numpy as np
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
