"""Squares, spreads and correlations of returns in a window, from exact sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import NO_SPREAD
from forecast_pipeline.features.indicators.windows import window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


# Values that agree with their mean to a hundred thousandth have no spread that sums of squares could resolve.
_FLAT_SHARE = 1e-10


def root_mean_square(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Root of the mean square of the last ``lookback_bars`` values.

    Example:
        >>> root_mean_square(np.array([1.0, 7.0]), 2).tolist()
        [nan, 5.0]
    """
    return np.sqrt(window_mean(values * values, lookback_bars))


def centred_squares(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Sum of squared deviations from the window's mean; exactly 0 where the values do not differ.

    Made for returns and ranges, whose mean is no larger than some thousand standard deviations.

    Args:
        values: Shape ``(T,)``, dimensionless; a NaN spoils only the windows that hold it.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, at least 0; NaN in the first ``lookback_bars - 1`` rows. 0 where the standard deviation is
        below a hundred thousandth of the root mean square or below the rounding of a log price.

    Example:
        >>> centred_squares(np.array([1.0, 3.0, 3.0]), 2).tolist()
        [nan, 2.0, 0.0]
    """
    squares = window_sum(values * values, lookback_bars)
    total = window_sum(values, lookback_bars)
    centred = squares - total * total / lookback_bars
    is_flat = centred <= np.maximum(_FLAT_SHARE * squares, lookback_bars * NO_SPREAD * NO_SPREAD)
    return np.where(is_flat, 0.0, centred)


def correlation(left: FloatArray, right: FloatArray, lookback_bars: int) -> FloatArray:
    """Pearson's correlation of two series in a window.

    Args:
        left: Shape ``(T,)``, dimensionless.
        right: Shape ``(T,)``.
        lookback_bars: Pairs in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; NaN in the first ``lookback_bars - 1`` rows, 0 where one does not vary.

    Example:
        >>> correlation(np.array([1.0, 2.0, 2.0]), np.array([5.0, 3.0, 4.0]), 2).round(9).tolist()
        [nan, -1.0, 0.0]
    """
    left_squares, right_squares = centred_squares(left, lookback_bars), centred_squares(right, lookback_bars)
    product = window_sum(left, lookback_bars) * window_sum(right, lookback_bars) / lookback_bars
    together = window_sum(left * right, lookback_bars) - product
    return np.clip(ratio(together, np.sqrt(left_squares * right_squares), 0.0), -1.0, 1.0)
