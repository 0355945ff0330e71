"""Klinger's oscillator of the volume's force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import decayed_share, decaying_mean
from forecast_pipeline.features.indicators.ratios import ROUNDING
from forecast_pipeline.features.indicators.windows import change
from forecast_pipeline.features.warm_up import exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def klinger(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    fast_bars: int = 34,
    slow_bars: int = 55,
    signal_bars: int = 13,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray]:
    """Klinger's volume oscillator in its short form, in mean volumes.

    Volume signed by the change of the typical price, fast minus slow exponential average, over the slow average of
    the volume. Klinger's own weighs the volume further by ranges summed since the trend last turned, which has
    no finite memory; charting programs leave that out.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average.
        signal_bars: Length of the average of the oscillator.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Oscillator and signal, each of shape ``(T,)``; NaN in the first row and until an unrecorded volume is
        forgotten. 0 once all volume is forgotten; typical prices that are equal in ticks have no sign.

    Raises:
        ValueError: If the lengths do not increase from at least 1.

    Example:
        >>> price = np.array([1.0, 2.0, 1.0])  # signed volume 1, then -1: averages -1 and -1/3
        >>> klinger(price, price, price, np.ones(3), fast_bars=1, slow_bars=3)[0].round(4).tolist()
        [nan, 0.0, -0.6667]

    References: S. J. Klinger, *Technical Analysis of Stocks & Commodities* 15:12, 1997.
    """
    if not 1 <= fast_bars < slow_bars:
        raise ValueError(f"lengths must increase from at least 1, was {fast_bars}, {slow_bars}")
    total = high + low + close
    step = change(total)
    signed = np.sign(np.where(np.abs(step) <= ROUNDING * total, 0.0, step)) * volume
    fast, slow = exponential(fast_bars), exponential(slow_bars)
    difference = decaying_mean(signed, fast, tolerance) - decaying_mean(signed, slow, tolerance)
    line = decayed_share(difference, volume + 0.0 * step, slow, tolerance)
    return line, decaying_mean(line, exponential(signal_bars), tolerance)
