"""How narrow deviation bands are, beside ranges and beside their own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.deviation_bands import mean_and_deviation
from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.sliding import window_std
from forecast_pipeline.features.indicators.window_ranks import rank_in_window
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

EQUAL = 1e-9  # spreads of ticks that are equal differ by less, as fractions of each other


def squeeze(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    lookback_bars: int,
    *,
    width: float,
    range_width: float,
) -> tuple[FloatArray, FloatArray]:
    """Whether Bollinger's bands lie inside Keltner's channel, and how wide they are against it.

    Both stand around the simple mean; the channel's half width is ``range_width`` simple means of true ranges, so the
    window is finite.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Closes and true ranges in the window.
        width: Standard deviations to a Bollinger band.
        range_width: Mean true ranges to a Keltner line.

    Returns:
        1 inside and 0 else, and the ratio of the half widths, each of shape ``(T,)``; a market that stands still gives
        0 and 1. NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([3.0, 1.0, 3.0])  # deviation 1, true ranges 2 and 2
        >>> [each.tolist() for each in squeeze(close, close, close, 2, width=1.0, range_width=1.0)]
        [[nan, nan, 1.0], [nan, nan, 0.5]]

    References: J. F. Carter, *Mastering the Trade*, 2005.
    """
    require_lookback(lookback_bars)
    half = width * mean_and_deviation(close, lookback_bars)[1]
    reach = range_width * window_sum(true_range(high, low, close), lookback_bars) / lookback_bars
    share = ratio(half, np.where(reach <= ROUNDING * close, 0.0, reach), 1.0)
    share = np.where(np.isnan(reach), np.nan, share)
    return np.where(np.isnan(share), np.nan, share < 1.0 - ROUNDING), share


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
    return rank_in_window(bandwidth, rank_bars, EQUAL * bandwidth, lookback_bars - 1)
