"""Bands of standard deviations around a mean: their width and the close's place in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.windows import require_lookback

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
