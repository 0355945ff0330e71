"""Channels along the regression line of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.least_squares import slope
from forecast_pipeline.features.indicators.levels import channel_distances
from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.sliding import newest_first
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def regression_channel(
    close: FloatArray, lookback_bars: int = 60, width: float = 2.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from the end of its regression line and lines parallel to it.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Closes in the least-squares line.
        width: Standard deviations of the residuals (ddof 0) between the line and each parallel.

    Returns:
        ``log(close / level)`` for upper, middle and lower line at the present bar, each of shape ``(T,)``; NaN in
        the first ``lookback_bars - 1`` rows. On a straight line all three are 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> middle = regression_channel(np.array([1.0, 4.0, 4.0]), 3)[1]  # the line 1.5, 3, 4.5
        >>> (4.0 * np.exp(-middle)).round(9).tolist()
        [nan, nan, 4.5]

    References: G. Raff, *Technical Analysis of Stocks & Commodities* 9:10, 1991; TA-Lib LINEARREG.
    """
    require_lookback(lookback_bars, least=3)
    first = lookback_bars - 1
    rise = slope(close, lookback_bars)
    middle = window_mean(close, lookback_bars) + rise * (first / 2.0)
    squares = np.zeros(max(0, close.size - first))
    for lag, view in enumerate(newest_first(close, lookback_bars)):
        residual = view - middle[first:]
        residual += lag * rise[first:]
        residual *= residual
        squares += residual
    half = np.full(close.size, np.nan)
    half[first:] = width * np.sqrt(squares / lookback_bars)
    return channel_distances(close, middle, half)


def projection_bands(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from Widner's projection bands.

    Every high of the window is carried forward to the present bar along the slope of the highs' regression line,
    and the highest is the upper band; lows give the lower band. The close never lies outside.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Window length.

    Returns:
        ``log(close / level)`` for upper (at most 0) and lower band (at least 0), each of shape ``(T,)``; NaN in
        the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 4.0, 4.0])  # slope 1.5: carried to 4, 5.5 and 4
        >>> [float((4.0 * np.exp(-d[-1])).round(9)) for d in projection_bands(price, price, price, 3)]
        [5.5, 4.0]

    References: M. Widner, *Technical Analysis of Stocks & Commodities* 13:7, 1995.
    """
    require_lookback(lookback_bars)
    return (
        log_distance(close, _carried(high, lookback_bars, np.maximum)),
        log_distance(close, _carried(low, lookback_bars, np.minimum)),
    )


def _carried(values: FloatArray, lookback_bars: int, extreme: np.ufunc) -> FloatArray:
    """Extreme of the window's values carried forward along the slope of their line."""
    first = lookback_bars - 1
    rise = slope(values, lookback_bars)[first:]
    out = np.full(values.size, np.nan)
    best = values[first:]
    for lag, view in enumerate(newest_first(values, lookback_bars)):
        best = extreme(best, view + lag * rise)
    out[first:] = best
    return out
