"""Parts of price, channel and volume indicators: guarded quotients, lagged values, extremes, weighted sums, spread.

All take arrays of shape ``(T,)``, oldest first, and keep NaN where the window is not full. A sum over lags adds the
same numbers in the same order wherever the history begins, so its rounding does not depend on the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import window_sum

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray


def share(
    part: FloatArray, whole: FloatArray, neutral: float | FloatArray, least: float | FloatArray = 0.0
) -> FloatArray:
    """Quotient ``part / whole`` that is ``neutral`` where the whole is nothing.

    Args:
        part: Shape ``(T,)``.
        whole: Shape ``(T,)``, NaN where unknown.
        neutral: What nothing out of nothing counts as.
        least: Wholes up to this are nothing: 0 for exact sums, a rounding residue for differences of prices.

    Returns:
        Shape ``(T,)``, NaN where the whole is.

    Example:
        >>> share(np.array([1.0, 1.0]), np.array([4.0, 0.0]), 0.5).tolist()
        [0.25, 0.5]
    """
    is_nothing = whole <= least
    return np.where(is_nothing, neutral, part / np.where(is_nothing, 1.0, whole))


def lagged(values: FloatArray, lag_bars: int) -> FloatArray:
    """Value ``lag_bars`` bars earlier; NaN in the first ``lag_bars`` rows.

    Example:
        >>> lagged(np.array([1.0, 2.0, 3.0]), 1).tolist()
        [nan, 1.0, 2.0]
    """
    out = np.full(values.size, np.nan)
    out[lag_bars:] = values[: max(0, values.size - lag_bars)]
    return out


def highest(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Largest of the last ``lookback_bars`` values, at least two; no NaN may be among the values.

    Example:
        >>> highest(np.array([1.0, 3.0, 2.0, 1.0]), 2).tolist()
        [nan, 3.0, 3.0, 2.0]
    """
    import talib

    return np.asarray(talib.MAX(values, timeperiod=lookback_bars))


def lowest(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Smallest of the last ``lookback_bars`` values, at least two; no NaN may be among the values.

    Example:
        >>> lowest(np.array([1.0, 3.0, 2.0, 1.0]), 2).tolist()
        [nan, 1.0, 2.0, 1.0]
    """
    import talib

    return np.asarray(talib.MIN(values, timeperiod=lookback_bars))


def window_mean(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Simple mean of the last ``lookback_bars`` values, exact at every start.

    Example:
        >>> window_mean(np.array([1.0, 3.0, 5.0]), 2).tolist()
        [nan, 2.0, 4.0]
    """
    return window_sum(values, lookback_bars) / lookback_bars


def lags(values: FloatArray, lookback_bars: int) -> Iterator[tuple[int, FloatArray]]:
    """Each lag from 0 to ``lookback_bars - 1`` with the values so many bars before the rows of full windows.

    Nothing if the history is shorter than the window.

    Example:
        >>> [(lag, view.tolist()) for lag, view in lags(np.array([1.0, 2.0, 3.0]), 2)]
        [(0, [2.0, 3.0]), (1, [1.0, 2.0])]
    """
    first = lookback_bars - 1
    for lag in range(lookback_bars if values.size > first else 0):
        yield lag, values[first - lag : values.size - lag]


def weighted_sum(values: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Sum of the last values, the present one times ``weights[0]``, the one before times ``weights[1]``, ….

    Example:
        >>> weighted_sum(np.array([1.0, 2.0, 4.0]), [1.0, 10.0]).tolist()
        [nan, 12.0, 24.0]
    """
    first = len(weights) - 1
    out = np.full(values.size, np.nan)
    total = np.zeros(max(0, values.size - first))
    for lag, view in lags(values, len(weights)):
        total += weights[lag] * view
    out[first:] = total
    return out


def window_std(values: FloatArray, lookback_bars: int, weights: Sequence[float] | None = None) -> FloatArray:
    """Standard deviation (ddof 0) of the last values, in two passes.

    The usual difference of squares loses all digits when the spread is a millionth of the level, as for prices.

    Args:
        values: Shape ``(T,)``.
        lookback_bars: Window length.
        weights: Weight of each lag from 0 on, summing to 1; equal ones by default.

    Returns:
        Shape ``(T,)``, in the unit of the values; NaN in the first ``lookback_bars - 1`` rows.

    Example:
        >>> window_std(np.array([1.0, 3.0, 3.0]), 2).tolist()
        [nan, 1.0, 0.0]
    """
    shares = weights or [1.0 / lookback_bars] * lookback_bars
    mean = weighted_sum(values, shares) if weights else window_mean(values, lookback_bars)
    first = lookback_bars - 1
    out = np.full(values.size, np.nan)
    squares = np.zeros(max(0, values.size - first))
    for lag, view in lags(values, lookback_bars):
        deviation = view - mean[first:]
        deviation *= deviation
        deviation *= shares[lag]
        squares += deviation
    out[first:] = np.sqrt(squares)
    return out


def line_slope(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Slope per bar of the least-squares line through the last ``lookback_bars`` values.

    Example:
        >>> line_slope(np.array([1.0, 3.0, 5.0, 5.0]), 3).tolist()
        [nan, nan, 2.0, 1.0]
    """
    centre = (lookback_bars - 1) / 2.0
    spread = lookback_bars * (lookback_bars * lookback_bars - 1) / 12.0
    return weighted_sum(values, [(centre - lag) / spread for lag in range(lookback_bars)])
