"""Fast and slow averages of the volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import decaying_mean, nothing_traded
from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.warm_up import exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def percentage_volume_oscillator(
    volume: FloatArray,
    *,
    fast_bars: int = 12,
    slow_bars: int = 26,
    signal_bars: int = 9,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fast minus slow exponential average of the volume over the slow one, its signal and the difference.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average.
        signal_bars: Length of the average of the line.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Line, signal and histogram as fractions, not percent, each of shape ``(T,)``; NaN until an unrecorded
        volume is forgotten, 0 once all volume is.

    Raises:
        ValueError: If the lengths do not increase from at least 1.

    Example:
        >>> volume = np.array([3.0, 9.0])  # averages 9 and 7
        >>> [part.round(4).tolist() for part in percentage_volume_oscillator(volume, fast_bars=1, slow_bars=3)][0]
        [0.0, 0.2857]

    References: G. Appel's percentage price oscillator, applied to volume.
    """
    if not 1 <= fast_bars < slow_bars:
        raise ValueError(f"lengths must increase from at least 1, was {fast_bars}, {slow_bars}")
    slow_smoothing = exponential(slow_bars)
    slow = decaying_mean(volume, slow_smoothing, tolerance)
    difference = decaying_mean(volume, exponential(fast_bars), tolerance) - slow
    is_idle = nothing_traded(volume, slow_smoothing, tolerance) & ~np.isnan(slow)
    line = ratio(np.where(is_idle, 0.0, difference), slow, 0.0)
    signal = decaying_mean(line, exponential(signal_bars), tolerance)
    return line, signal, line - signal
