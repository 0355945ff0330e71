"""Averages and extremes as TA-Lib computes them, from the first known value on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray
if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast_pipeline.features.bar_arrays import FloatArray


def wilder_mean(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Wilder's average: a simple mean first, then a decay by ``1 / lookback_bars``.

    Args:
        values: Shape ``(T,)``, at least 0. The first row, which has no change yet, is left out.
        lookback_bars: Smoothing length.

    Returns:
        Shape ``(T,)``, NaN in the first ``lookback_bars`` rows.

    Example:
        >>> wilder_mean(np.array([9.0, 1.0, 3.0, 4.0]), 2).tolist()
        [nan, nan, 2.0, 3.0]
    """
    import talib

    # TA-Lib has no plain Wilder average, but the true range of a bar from zero to x after a close of zero is x.
    nothing = np.zeros(values.size)
    if np.isnan(values[:1]).any():
        values = np.concatenate([nothing[:1], values[1:]])
    return np.asarray(talib.ATR(values, nothing, nothing, timeperiod=lookback_bars))


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
