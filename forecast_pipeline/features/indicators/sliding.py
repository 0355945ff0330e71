"""Windows gone through bar by bar: views of their values, weighted sums, squares taken around the mean.

One lag after the other for all rows: a sum over lags adds the same numbers in the same order wherever the history
begins, so its rounding does not depend on the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray


def lags(values: FloatArray, n_rows: int, lookback_bars: int) -> list[FloatArray]:
    """Values of the last ``n_rows`` rows' windows, the oldest of each window first, the rows' own last.

    Example:
        >>> [each.tolist() for each in lags(np.array([1.0, 2.0, 3.0]), n_rows=2, lookback_bars=2)]
        [[1.0, 2.0], [2.0, 3.0]]
    """
    first = values.size - n_rows - lookback_bars + 1
    return [values[start : start + n_rows] for start in range(first, first + lookback_bars)]


def newest_first(values: FloatArray, lookback_bars: int) -> list[FloatArray]:
    """Values of all full windows, those of the rows themselves first, then those of one bar earlier, ….

    Nothing if the history is shorter than the window.

    Example:
        >>> [each.tolist() for each in newest_first(np.array([1.0, 2.0, 3.0]), 2)]
        [[2.0, 3.0], [1.0, 2.0]]
    """
    n_windows = values.size - lookback_bars + 1
    return lags(values, n_windows, lookback_bars)[::-1] if n_windows > 0 else []


def weighted_sum(values: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Sum of the last values times weights, the first weight for the present bar.

    One lag after the other for all rows, not a convolution: the rounding of a row does not depend on the rows after
    it, and a NaN or a huge price is forgotten with its window.

    Args:
        values: Shape ``(T,)``.
        weights: One a bar of the window, newest first.

    Returns:
        Shape ``(T,)``, NaN in the first ``len(weights) - 1`` rows.

    Example:
        >>> weighted_sum(np.array([1.0, 2.0, 4.0]), [2.0, 1.0]).tolist()
        [nan, 5.0, 10.0]
    """
    out = np.full(values.size, np.nan)
    total = np.zeros(max(0, values.size - len(weights) + 1))
    for lag, view in enumerate(newest_first(values, len(weights))):
        total += weights[lag] * view
    out[len(weights) - 1 :] = total
    return out


def linear_mean(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Mean with weights that fall in a straight line from ``lookback_bars`` to 1.

    Example:
        >>> linear_mean(np.array([1.0, 4.0]), 2).tolist()  # (1 * 1 + 2 * 4) / 3
        [nan, 3.0]
    """
    require_lookback(lookback_bars, least=1)
    return weighted_sum(values, [float(k) for k in range(lookback_bars, 0, -1)]) / (
        lookback_bars * (lookback_bars + 1) / 2.0
    )


def window_squares(values: FloatArray, lookback_bars: int, shares: Sequence[float] | None = None) -> FloatArray:
    """Sum of squared deviations from the window's mean, which is taken first.

    The usual difference of squares loses all digits when the spread is a millionth of the level, as for prices.

    Args:
        values: Shape ``(T,)``.
        lookback_bars: Window length.
        shares: Weights of the bars, newest first, that sum to 1: the mean and the squares are weighted with them. By
            default every square counts once.

    Returns:
        Shape ``(T,)``, in the squared unit of the values; NaN in the first ``lookback_bars - 1`` rows.

    Example:
        >>> [window_squares(np.array([1.0, 3.0]), 2, shares).tolist() for shares in (None, [0.5, 0.5])]
        [[nan, 2.0], [nan, 1.0]]
    """
    mean = window_mean(values, lookback_bars) if shares is None else weighted_sum(values, shares)
    first = lookback_bars - 1
    out = np.full(values.size, np.nan)
    total = np.zeros(max(0, values.size - first))
    for lag, view in enumerate(newest_first(values, lookback_bars)):
        deviation = view - mean[first:]
        deviation *= deviation
        if shares is not None:
            deviation *= shares[lag]
        total += deviation
    out[first:] = total
    return out


def window_std(values: FloatArray, lookback_bars: int, shares: Sequence[float] | None = None) -> FloatArray:
    """Standard deviation (ddof 0) of the last values, weighted by ``shares`` as in `window_squares`.

    Example:
        >>> window_std(np.array([1.0, 3.0, 3.0]), 2).tolist()
        [nan, 1.0, 0.0]
    """
    squares = window_squares(values, lookback_bars, shares)
    return np.sqrt(squares / lookback_bars if shares is None else squares)
