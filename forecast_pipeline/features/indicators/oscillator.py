"""Oscillators that divide one decaying average by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.talib_windows import exponential_mean
from forecast_pipeline.features.indicators.windows import change, window_mean
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

INERTIA_DEVIATION_BARS = 10
"""Closes in the standard deviation of Dorsey's relative volatility index."""


def tsi(
    close: FloatArray, *, first_bars: int = 25, second_bars: int = 13, signal_bars: int = 7, tolerance: float = 1e-6
) -> tuple[FloatArray, FloatArray]:
    """Blau's true strength index: doubly averaged change over the doubly averaged absolute change.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        first_bars: First exponential average of both.
        second_bars: Second exponential average of both.
        signal_bars: Exponential average of the line.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Line and signal, each of shape ``(T,)``, in ``[-100, 100]``; NaN in the first ``first_bars + second_bars - 1``
        and ``signal_bars - 1`` more rows; 0 in a market that has not moved for as long as the averages remember.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> line, signal = tsi(np.arange(1.0, 8.0), first_bars=2, second_bars=2, signal_bars=2)  # it only ever rises
        >>> line[-1].item(), signal[-1].item()
        (100.0, 100.0)

    References: W. Blau, *Momentum, Direction, and Divergence*, 1995.
    """
    step = change(close)
    moved, path = (exponential_mean(exponential_mean(part, first_bars), second_bars) for part in (step, np.abs(step)))
    is_still = has_stood_still(
        step != 0.0, bars_to_forget((exponential(first_bars), exponential(second_bars)), tolerance)
    )
    line = 100.0 * ratio(moved, path, neutral=0.0)
    line = np.where(is_still & ~np.isnan(line), 0.0, line)
    return line, exponential_mean(line, signal_bars)


def pretty_good_oscillator(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6
) -> FloatArray:
    """Johnson's oscillator: distance of the close from its simple mean, in exponentially averaged true ranges.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Length of the mean and of the average.
        tolerance: Weight at which the average counts as having forgotten.

    Returns:
        Shape ``(T,)``, in true ranges, positive above the mean; NaN in the first ``lookback_bars`` rows; 0 where the
        close equals its mean up to rounding, or the market has not moved for as long as the average remembers.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([1.0, 2.0, 4.0])  # mean 3, true ranges 1 and 2
        >>> pretty_good_oscillator(close, close, close, 2).round(4).tolist()
        [nan, nan, 0.6667]

    References: M. Johnson; in the form of TradingView's "Pretty good oscillator".
    """
    distance = close - window_mean(close, lookback_bars)
    reach = true_range(high, low, close)
    average = exponential_mean(reach, lookback_bars)
    is_still = has_stood_still(reach != 0.0, bars_to_forget((exponential(lookback_bars),), tolerance))
    is_nothing = (is_still & ~np.isnan(average)) | (np.abs(distance) <= ROUNDING * close)
    return ratio(np.where(is_nothing, 0.0 * average, distance), average, neutral=0.0)
