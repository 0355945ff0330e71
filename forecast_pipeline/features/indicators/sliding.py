"""Building blocks of trend and momentum: weighted windows, averages that start late, places in a range.

Every function takes arrays of shape ``(T,)``, oldest first. Rows at the start that are not known yet are NaN, and
what is built upon them begins where they end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import require_lookback, wilder_mean, window_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray


def lagged(values: FloatArray, lag_bars: int) -> FloatArray:
    """The value ``lag_bars`` bars ago, NaN where there is none.

    Example:
        >>> lagged(np.array([1.0, 2.0, 3.0]), 1).tolist()
        [nan, 1.0, 2.0]
    """
    out = np.full(values.size, np.nan)
    out[lag_bars:] = values[: max(0, values.size - lag_bars)]
    return out


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
    n_windows = values.size - len(weights) + 1
    out = np.full(values.size, np.nan)
    if n_windows < 1:
        return out
    total, part = np.zeros(n_windows), np.empty(n_windows)
    for lag, weight in enumerate(weights):
        first = len(weights) - 1 - lag
        np.multiply(values[first : first + n_windows], weight, out=part)
        total += part
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


def window_mean(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Simple mean of the last ``lookback_bars`` values, without residue of earlier ones.

    Example:
        >>> window_mean(np.array([1.0, 3.0]), 2).tolist()
        [nan, 2.0]
    """
    require_lookback(lookback_bars, least=1)
    return window_sum(values, lookback_bars) / lookback_bars


def window_squares(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Sum of squared deviations from the window's mean, which is taken first.

    Example:
        >>> window_squares(np.array([1.0, 3.0]), 2).tolist()
        [nan, 2.0]
    """
    mean = window_mean(values, lookback_bars)[lookback_bars - 1 :]
    out = np.full(values.size, np.nan)
    total = np.zeros(mean.size)
    for lag in range(lookback_bars):
        first = lookback_bars - 1 - lag
        deviation = values[first : first + mean.size] - mean
        deviation *= deviation
        total += deviation
    out[lookback_bars - 1 :] = total
    return out


def _after_nans(function: Callable[[FloatArray], FloatArray], values: FloatArray) -> FloatArray:
    """Result of a function that must not see the NaNs with which ``values`` begin."""
    known = ~np.isnan(values)
    first = int(np.argmax(known)) if known.any() else values.size
    out = np.full(values.size, np.nan)
    out[first:] = function(values[first:])
    return out


def exponential_mean(values: FloatArray, lookback_bars: int) -> FloatArray:
    """TA-Lib's exponential average from the first known value on: a simple mean, then ``2 / (n + 1)``.

    Example:
        >>> exponential_mean(np.array([np.nan, 1.0, 3.0, 5.0]), 2).round(9).tolist()
        [nan, nan, 2.0, 4.0]
    """
    import talib

    require_lookback(lookback_bars)
    return _after_nans(lambda known: talib.EMA(known, timeperiod=lookback_bars), values)


def wilder_average(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Wilder's average of values of at least 0 from the first known one on: a simple mean, then ``1 / n``.

    Example:
        >>> wilder_average(np.array([np.nan, 1.0, 3.0, 4.0]), 2).tolist()
        [nan, nan, 2.0, 3.0]
    """
    require_lookback(lookback_bars)
    # `wilder_mean` leaves its first row out, which holds no change yet; here every row counts.
    return _after_nans(lambda known: wilder_mean(np.concatenate([[0.0], known]), lookback_bars)[1:], values)


def window_top(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Largest of the last ``lookback_bars`` values.

    Example:
        >>> window_top(np.array([3.0, 1.0, 2.0]), 2).tolist()
        [nan, 3.0, 2.0]
    """
    import talib

    require_lookback(lookback_bars)
    return _after_nans(lambda known: talib.MAX(known, timeperiod=lookback_bars), values)


def window_bottom(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Smallest of the last ``lookback_bars`` values.

    Example:
        >>> window_bottom(np.array([3.0, 1.0, 2.0]), 2).tolist()
        [nan, 1.0, 1.0]
    """
    import talib

    require_lookback(lookback_bars)
    return _after_nans(lambda known: talib.MIN(known, timeperiod=lookback_bars), values)


def place(values: FloatArray, top: FloatArray, bottom: FloatArray, negligible: FloatArray | float = 0.0) -> FloatArray:
    """Place between ``bottom`` (0) and ``top`` (1); the middle where they are not further apart than ``negligible``.

    Example:
        >>> place(np.array([2.0, 2.0]), np.array([5.0, 2.0]), np.array([1.0, 2.0])).tolist()
        [0.25, 0.5]
    """
    reach = top - bottom
    is_flat = reach <= negligible
    return np.where(is_flat, 0.5, (values - bottom) / np.where(is_flat, 1.0, reach))


def ratio(numerator: FloatArray, denominator: FloatArray, neutral: float) -> FloatArray:
    """Numerator over denominator, ``neutral`` where the denominator is zero.

    Example:
        >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]), neutral=0.5).tolist()
        [0.5, 0.5]
    """
    is_zero = denominator == 0.0
    return np.where(is_zero, neutral, numerator / np.where(is_zero, 1.0, denominator))


def share(one: FloatArray, other: FloatArray) -> FloatArray:
    """Share of ``one`` in the sum of both, which are at least 0, in percent; 50 where both are zero.

    Example:
        >>> share(np.array([3.0, 0.0]), np.array([1.0, 0.0])).tolist()
        [75.0, 50.0]
    """
    return 100.0 * ratio(one, one + other, neutral=0.5)
