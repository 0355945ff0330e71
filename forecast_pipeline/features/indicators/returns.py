"""Log returns without rounding noise, guarded ratios, and second moments of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import ROUNDING, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# A single tick is a log return of 1e-6 or more; a standard deviation below this is the rounding of the log price.
NO_SPREAD = 1e-12
# Returns that are equal in ticks at neighbouring prices differ by the square of a tick, rounding by 1e-16.
RETURN_TIE = 1e-14
# Values that agree with their mean to a hundred thousandth have no spread that sums of squares could resolve.
_FLAT_SHARE = 1e-10


def log_ratio(prices: FloatArray, base: FloatArray) -> FloatArray:
    """``log(prices / base)``; prices that are equal up to rounding give exactly 0.

    The ratio comes before the logarithm: a difference of two logarithms would carry the rounding of the level,
    which is larger for prices of ``1e-10`` than for prices near one.

    Example:
        >>> log_ratio(np.array([1.0, np.e]), np.array([1.0 + 1e-15, 1.0])).tolist()
        [0.0, 1.0]
    """
    out = np.asarray(np.log(prices / base))
    out[np.abs(out) <= ROUNDING] = 0.0
    return out


def log_returns(close: FloatArray) -> FloatArray:
    """Log returns of the closes, 0 where two closes are equal up to rounding; the first row is NaN.

    Example:
        >>> log_returns(np.array([1.0, np.e, np.e])).tolist()
        [nan, 1.0, 0.0]
    """
    out = np.full(close.size, np.nan)
    out[1:] = log_ratio(close[1:], close[:-1])
    return out


def ratio(numerator: FloatArray, denominator: FloatArray, neutral: float) -> FloatArray:
    """``numerator / denominator``, and ``neutral`` where the denominator is 0; NaN stays NaN.

    Example:
        >>> ratio(np.array([1.0, 0.0, np.nan]), np.array([2.0, 0.0, 1.0]), neutral=7.0).tolist()
        [0.5, 7.0, nan]
    """
    is_void = denominator == 0.0
    return np.where(is_void, neutral, numerator / np.where(is_void, 1.0, denominator))


def window_mean(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Simple mean of the last ``lookback_bars`` values; see `windows.window_sum`."""
    return window_sum(values, lookback_bars) / lookback_bars


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


def lagged(values: FloatArray, lag_bars: int) -> FloatArray:
    """The values ``lag_bars`` rows earlier, NaN where there is none.

    Example:
        >>> lagged(np.array([1.0, 2.0, 3.0]), 1).tolist()
        [nan, 1.0, 2.0]
    """
    out = np.full(values.size, np.nan)
    out[lag_bars:] = values[: max(0, values.size - lag_bars)]
    return out
