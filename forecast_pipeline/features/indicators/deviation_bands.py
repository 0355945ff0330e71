"""Bands of deviation around a mean: width, place and squeeze, and how far closes fall below their peak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import log_ratio, ratio
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.windows import ROUNDING, require_lookback, true_range, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def mean_and_deviation(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Simple mean and standard deviation (ddof 0) of the closes; the deviation is 0 where they differ by rounding.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Both in quote currency, each of shape ``(T,)``; NaN in the first ``lookback_bars - 1`` rows.

    Example:
        >>> [each.tolist() for each in mean_and_deviation(np.array([1.0, 3.0, 3.0]), 2)]
        [[nan, 2.0, 3.0], [nan, 1.0, 0.0]]
    """

    def compute(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        mean, square = mean_and_square(block, n_rows, lookback_bars)
        deviation = np.sqrt(square)
        return mean, np.where(deviation <= ROUNDING * mean, 0.0, deviation)

    mean, deviation = in_blocks((close,), lookback_bars - 1, compute, n_outputs=2)
    return mean, deviation


def bollinger_bandwidth(close: FloatArray, lookback_bars: int, *, width: float) -> FloatArray:
    """Bollinger's bandwidth: distance of the bands over the middle one.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Closes in the window.
        width: Standard deviations (ddof 0) from the middle to each band.

    Returns:
        Shape ``(T,)``, fraction of the mean close, at least 0; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> bollinger_bandwidth(np.array([1.0, 3.0]), 2, width=1.0).tolist()  # bands at 1 and 3 around 2
        [nan, 1.0]

    References: J. Bollinger, *Bollinger on Bollinger Bands*, 2001.
    """
    require_lookback(lookback_bars)
    mean, deviation = mean_and_deviation(close, lookback_bars)
    return 2.0 * width * deviation / mean


def bollinger_percent_b(close: FloatArray, lookback_bars: int, *, width: float) -> FloatArray:
    """Bollinger's %b: place of the close between the lower band (0) and the upper band (1).

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Closes in the window.
        width: Standard deviations (ddof 0) from the middle to each band.

    Returns:
        Shape ``(T,)``, outside ``[0, 1]`` where the close is outside the bands; 0.5 where the closes are equal, NaN in
        the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> bollinger_percent_b(np.array([1.0, 3.0, 3.0]), 2, width=1.0).tolist()
        [nan, 1.0, 0.5]

    References: J. Bollinger, *Bollinger on Bollinger Bands*, 2001.
    """
    require_lookback(lookback_bars)
    mean, deviation = mean_and_deviation(close, lookback_bars)
    return 0.5 + ratio(close - mean, 2.0 * width * deviation, 0.0)


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


def ulcer_index(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Root mean square of the falls below the highest close of the window.

    Every close of the window is compared with the highest of the ``lookback_bars`` closes that it ends, so
    ``2 lookback_bars - 1`` closes count. Falls are fractions of the peak, where Martin has percent.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Falls in the mean, and closes behind each peak.

    Returns:
        Shape ``(T,)``, fraction of the peak, in ``[0, 1]``; NaN in the first ``2 lookback_bars - 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> ulcer_index(np.array([2.0, 2.0, 1.0]), 2).round(4).tolist()  # falls 0 and one half
        [nan, nan, 0.3536]

    References: P. G. Martin, B. B. McCann, *The Investor's Guide to Fidelity Funds*, 1989.
    """
    import talib

    require_lookback(lookback_bars)
    peak = np.asarray(talib.MAX(close, timeperiod=lookback_bars))
    fall = -np.expm1(log_ratio(close, peak))
    return np.sqrt(window_sum(fall * fall, lookback_bars) / lookback_bars)
