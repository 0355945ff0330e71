"""Second-order recursions of Ehlers's filters, and the poles that tell how fast they forget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray


def recursion(values: FloatArray, now: Sequence[float], before: Sequence[float]) -> FloatArray:
    """``y = now * values - before * earlier y``, from zero on, skipping NaNs at the start of ``values``."""
    from scipy.signal import lfilter

    out = np.full(values.size, np.nan)
    known = ~np.isnan(values)
    if known.any():
        first = int(np.argmax(known))
        out[first:] = lfilter(now, [1.0, *before], values[first:])
    return out


def super_smoother_pole(lookback_bars: float) -> float:
    """Share of the past that a super smoother keeps each bar.

    Example:
        >>> round(super_smoother_pole(10), 3)
        0.641
    """
    return math.exp(-math.sqrt(2.0) * math.pi / lookback_bars)


def high_pass_pole(lookback_bars: float) -> float:
    """Share of the past that Ehlers' two-pole high-pass filter keeps each bar and pole.

    Example:
        >>> round(high_pass_pole(48), 3)
        0.911
    """
    angle = math.sqrt(0.5) * 2.0 * math.pi / lookback_bars
    return 1.0 - (math.cos(angle) + math.sin(angle) - 1.0) / math.cos(angle)


def smoothed(values: FloatArray, lookback_bars: float) -> FloatArray:
    """Ehlers' two-pole super smoother of ``values``, from zero on.

    Example:
        >>> smoothed(np.zeros(2), 10).tolist()
        [0.0, 0.0]
    """
    pole = super_smoother_pole(lookback_bars)
    turn = 2.0 * pole * math.cos(math.sqrt(2.0) * math.pi / lookback_bars)
    gain = (1.0 - turn + pole * pole) / 2.0
    return recursion(values, [gain, gain], [-turn, pole * pole])
