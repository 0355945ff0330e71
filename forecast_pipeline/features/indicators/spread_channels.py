"""Channels of standard deviations: double bands, linear weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.levels import channel_distances
from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance, ratio
from forecast_pipeline.features.indicators.sliding import weighted_sum, window_std
from forecast_pipeline.features.indicators.squeeze import EQUAL
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_DOUBLE = (1.0, 2.0)


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
    score = ratio(close - mean, std, 0.0, ROUNDING * close)
    inner, outer = ((np.abs(score) > band * (1.0 + EQUAL)).astype(np.float64) for band in _DOUBLE)
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
    return channel_distances(close, middle, half)
