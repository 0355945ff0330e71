"""Momentum from highs and lows: how far they reach beyond those before and beyond averages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import share
from forecast_pipeline.features.indicators.talib_windows import exponential_mean
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def demarker(high: FloatArray, low: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """DeMark's oscillator: share of the steps up of the high among those and the steps down of the low.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Steps that are summed.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``, DeMark's value times 100; NaN in the first ``lookback_bars`` rows; 50 without
        any step.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> demarker(np.array([2.0, 5.0, 5.0]), np.array([1.0, 1.0, 0.0]), 2).tolist()  # 3 up, 1 down
        [nan, nan, 75.0]

    References: T. R. DeMark, *The New Science of Technical Analysis*, 1994.
    """
    require_lookback(lookback_bars)
    up, down = (window_sum(np.maximum(step, 0.0), lookback_bars) for step in (change(high), -change(low)))
    return share(up, down)


def elder_ray(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 13
) -> tuple[FloatArray, FloatArray]:
    """Elder's bull and bear power: distance of the high and of the low from the exponential average of the close.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Length of the average.

    Returns:
        Bull and bear power as fractions of the close, each of shape ``(T,)``; NaN in the first ``lookback_bars - 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> bull, bear = elder_ray(np.array([4.0, 5.0]), np.array([1.0, 1.0]), np.array([2.0, 4.0]), 2)
        >>> bull.tolist(), bear.tolist()  # average 3
        ([nan, 0.5], [nan, -0.5])

    References: A. Elder, *Trading for a Living*, 1993.
    """
    average = exponential_mean(close, lookback_bars)
    return (high - average) / close, (low - average) / close


def awesome_oscillator(
    high: FloatArray, low: FloatArray, close: FloatArray, *, fast_bars: int = 5, slow_bars: int = 34
) -> tuple[FloatArray, FloatArray]:
    """Williams' awesome oscillator and its accelerator, as fractions of the close.

    Simple mean of the median price ``(high + low) / 2`` over ``fast_bars`` minus that over ``slow_bars``; the
    accelerator is this minus its own simple mean over ``fast_bars``, in price.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        fast_bars: Length of the fast mean and of the accelerator's.
        slow_bars: Length of the slow mean, more than ``fast_bars``.

    Returns:
        Oscillator and accelerator, each of shape ``(T,)``, dimensionless; NaN in the first ``slow_bars - 1`` and
        ``fast_bars - 1`` more rows.

    Raises:
        ValueError: If ``fast_bars`` is not less than ``slow_bars``.

    Example:
        >>> price = np.array([2.0, 2.0, 2.0, 8.0])
        >>> awesome_oscillator(price, price, price, fast_bars=1, slow_bars=3)[0].tolist()  # (8 - 4) / 8
        [nan, nan, 0.0, 0.5]

    References: B. Williams, *New Trading Dimensions*, 1998.
    """
    if fast_bars >= slow_bars:
        raise ValueError(f"fast_bars must be less than slow_bars={slow_bars}, was {fast_bars}")
    median = (high + low) / 2.0
    line = window_mean(median, fast_bars) - window_mean(median, slow_bars)
    return line / close, (line - window_mean(line, fast_bars)) / close
