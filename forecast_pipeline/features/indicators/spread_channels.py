"""Channels of standard deviations: rank of the bandwidth, double bands, linear weights, regression, projection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.window_parts import (
    lags,
    line_slope,
    share,
    weighted_sum,
    window_mean,
    window_std,
)
from forecast_pipeline.features.indicators.windows import ROUNDING, log_distance, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_EQUAL = 1e-9  # spreads of ticks that are equal differ by less, as fractions of each other
_DOUBLE = (1.0, 2.0)


def bandwidth_percentile(close: FloatArray, lookback_bars: int = 20, rank_bars: int = 120) -> FloatArray:
    """Share of the last ``rank_bars - 1`` Bollinger bandwidths that are narrower than the present one.

    A bandwidth is standard deviation over mean of ``lookback_bars`` closes; equal ones count half.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Window of the bands.
        rank_bars: Bandwidths compared, the present one included.

    Returns:
        Shape ``(T,)``, from 0, the tightest squeeze, to 1; NaN in the first ``lookback_bars + rank_bars - 2``
        rows. Equal prices give 0.5.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> bandwidth_percentile(np.array([1.0, 1.0, 2.0, 5.0]), 2, 3).tolist()  # bandwidths 0, 1/3, 3/7
        [nan, nan, nan, 1.0]

    References: J. Bollinger, *Bollinger on Bollinger Bands*, 2001 (BandWidth).
    """
    require_lookback(min(lookback_bars, rank_bars))
    bandwidth = window_std(close, lookback_bars) / window_mean(close, lookback_bars)
    bandwidth = np.where(bandwidth <= ROUNDING, 0.0, bandwidth)
    first = rank_bars - 1
    out = np.full(close.size, np.nan)
    present = bandwidth[first:]
    below, up_to = present * (1.0 - _EQUAL), present * (1.0 + _EQUAL)
    narrower = np.zeros(present.size)
    for lag, view in lags(bandwidth, rank_bars):
        if lag:
            narrower += view < below
            narrower += view <= up_to
    out[first:] = narrower / (2.0 * first)
    out[: lookback_bars + first - 1] = np.nan
    return out


def double_bands(close: FloatArray, lookback_bars: int = 20) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Zone of the close among Bollinger bands at one and two standard deviations, and the inner bands.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Window length.

    Returns:
        The zone, -2 below both lower bands, -1 between them, 0 inside the inner bands, 1 and 2 above; then
        ``log(close / level)`` for the inner upper and inner lower band; each of shape ``(T,)``, NaN in the first
        ``lookback_bars - 1`` rows. Equal prices are zone 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> double_bands(np.array([1.0, 1.0, 1.0, 1.0, 2.0]), 5)[0].tolist()  # on the second band, not beyond it
        [nan, nan, nan, nan, 1.0]

    References: K. Lien, *Day Trading and Swing Trading the Currency Market*, 2006.
    """
    require_lookback(lookback_bars)
    mean, std = window_mean(close, lookback_bars), window_std(close, lookback_bars)
    score = share(close - mean, std, 0.0, ROUNDING * close)
    inner, outer = ((np.abs(score) > band * (1.0 + _EQUAL)).astype(np.float64) for band in _DOUBLE)
    return np.sign(score) * (inner + outer), log_distance(close, mean + std), log_distance(close, mean - std)


def linear_weighted_bands(
    close: FloatArray, lookback_bars: int = 25, width: float = 2.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from bands around its linearly weighted mean.

    Mean and standard deviation both weigh the newest close ``lookback_bars`` times as much as the oldest.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Window length.
        width: Weighted standard deviations between the middle and each band.

    Returns:
        ``log(close / level)`` for upper, middle and lower band, each of shape ``(T,)``; NaN in the first
        ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> upper, middle, lower = linear_weighted_bands(np.array([1.0, 4.0]), 2, 1.0)  # mean 3, deviation sqrt(2)
        >>> [float((4.0 * np.exp(-line[-1])).round(3)) for line in (upper, middle, lower)]
        [4.414, 3.0, 1.586]

    References: Bollinger's bands with the weights of TA-Lib WMA.
    """
    require_lookback(lookback_bars)
    total = lookback_bars * (lookback_bars + 1) / 2.0
    weights = [(lookback_bars - lag) / total for lag in range(lookback_bars)]
    middle, half = weighted_sum(close, weights), width * window_std(close, lookback_bars, weights)
    return log_distance(close, middle + half), log_distance(close, middle), log_distance(close, middle - half)


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
    slope = line_slope(close, lookback_bars)
    middle = window_mean(close, lookback_bars) + slope * (first / 2.0)
    squares = np.zeros(max(0, close.size - first))
    for lag, view in lags(close, lookback_bars):
        residual = view - middle[first:]
        residual += lag * slope[first:]
        residual *= residual
        squares += residual
    half = np.full(close.size, np.nan)
    half[first:] = width * np.sqrt(squares / lookback_bars)
    return log_distance(close, middle + half), log_distance(close, middle), log_distance(close, middle - half)


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
    slope = line_slope(values, lookback_bars)[first:]
    out = np.full(values.size, np.nan)
    best = values[first:]
    for lag, view in lags(values, lookback_bars):
        best = extreme(best, view + lag * slope)
    out[first:] = best
    return out
