"""Schaff's trend cycle: the place of the averages' difference in its range, twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import ROUNDING, place
from forecast_pipeline.features.indicators.talib_windows import exponential_mean, window_bottom, window_top
from forecast_pipeline.features.indicators.windows import change
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def schaff_trend_cycle(
    close: FloatArray, *, fast_bars: int = 23, slow_bars: int = 50, cycle_bars: int = 10, tolerance: float = 1e-6
) -> FloatArray:
    """Schaff's trend cycle: the place of the convergence line in its range, smoothed, and the place of that again.

    The line is the fast minus the slow exponential average of the close; both places are smoothed by one half.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average, more than ``fast_bars``.
        cycle_bars: Bars whose range counts, both times.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``slow_bars + 2 * cycle_bars + 1`` rows. Where the line has no
        range, or the market stood still for as long as the averages remember, its place is the middle; where the
        first place has none, as at the end of a long move, it counts itself: Schaff keeps the last value.

    Raises:
        ValueError: If ``fast_bars`` is not less than ``slow_bars``.

    Example:
        >>> schaff_trend_cycle(np.full(10, 1.1), fast_bars=2, slow_bars=3, cycle_bars=2)[7:].tolist()
        [nan, 50.0, 50.0]

    References: D. Schaff, "The Schaff trend cycle", 1999.
    """
    if fast_bars >= slow_bars:
        raise ValueError(f"fast_bars must be less than slow_bars={slow_bars}, was {fast_bars}")
    line = exponential_mean(close, fast_bars) - exponential_mean(close, slow_bars)
    is_still = has_stood_still(change(close) != 0.0, bars_to_forget((exponential(slow_bars),), tolerance))
    first = _half_smoothed(_place_of(line, cycle_bars, np.where(is_still, np.inf, ROUNDING * close), 0.5))
    return 100.0 * _half_smoothed(_place_of(first, cycle_bars, np.full(close.size, ROUNDING), first))


def _place_of(
    values: FloatArray, lookback_bars: int, negligible: FloatArray, neutral: FloatArray | float
) -> FloatArray:
    """Place of the values in their own recent range, ``neutral`` where that is negligible."""
    return place(values, window_top(values, lookback_bars), window_bottom(values, lookback_bars), negligible, neutral)


def _half_smoothed(values: FloatArray) -> FloatArray:
    """Average of the value and its own last one, from the first known value on."""
    # An exponential average of three bars has the smoothing one half.
    return exponential_mean(values, 3)
