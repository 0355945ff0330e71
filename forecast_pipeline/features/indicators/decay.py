"""Decaying averages of values with gaps, and whether they have forgotten all that moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.warm_up import bars_to_forget

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray


def decaying_mean(values: FloatArray, smoothing: float, tolerance: float = 1e-6) -> FloatArray:
    """Exponential average of the known values, whose weights are divided by their sum.

    TA-Lib's starts with a simple mean instead, which counts for more than its bars until it is forgotten; a
    burst of volume at the start would be seen for long. And unlike in TA-Lib's, an unknown value does not make
    the rest of the history unknown: the rows are NaN until its weight is below the tolerance.

    Args:
        values: Shape ``(T,)``, oldest first; NaN where unknown.
        smoothing: Weight of the present value in (0, 1]: ``2 / (n + 1)``, or Wilder's ``1 / n``.
        tolerance: Weight at which the average counts as having forgotten.

    Returns:
        Shape ``(T,)``, in the unit of the values; NaN before the first known value.

    Example:
        >>> decaying_mean(np.array([np.nan, 3.0, 9.0, 16.0]), 0.5).tolist()  # 9/2 + 3/4 over 3/4, 16/2 + … over 7/8
        [nan, 3.0, 7.0, 12.142857142857142]
    """
    from scipy.signal import lfilter

    out = np.full(values.size, np.nan)
    is_unknown = np.isnan(values)
    known = np.flatnonzero(~is_unknown)
    if known.size == 0:
        return out
    first = int(known[0])
    filled = np.where(is_unknown, 0.0, values)[first:]
    kept = 1.0 - smoothing
    out[first:] = lfilter([smoothing], [1.0, -kept], filled) / (1.0 - kept ** np.arange(1.0, filled.size + 1.0))
    row = np.arange(values.size)
    last_unknown = np.maximum.accumulate(np.where(is_unknown & (row > first), row, -values.size - 1))
    memory_bars = min(bars_to_forget((smoothing,), tolerance), values.size)
    out[row - last_unknown < memory_bars] = np.nan
    return out


def nothing_traded(volume: FloatArray, smoothing: float, tolerance: float = 1e-6) -> npt.NDArray[np.bool_]:
    """Whether an average of the volume has forgotten all trade, so that its quotients say nothing.

    Args:
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded, which is not nothing.
        smoothing: Weight of the present value in the average.
        tolerance: Weight at which the average counts as having forgotten.

    Example:
        >>> nothing_traded(np.array([5.0, 5.0, 0.0, 0.0]), 0.5, 0.25).tolist()
        [True, False, False, True]
    """
    return has_stood_still(volume != 0.0, bars_to_forget((smoothing,), tolerance))


def has_stood_still(moved: npt.NDArray[np.bool_], memory_bars: int) -> npt.NDArray[np.bool_]:
    """Whether nothing moved for ``memory_bars`` bars, or ever since the history began.

    A ratio of two decaying averages keeps its last value for ever when the market stands still. After the
    memory of the averages has passed it says nothing about the present, and the neutral value is due.

    Args:
        moved: Shape ``(T,)``, whether the bar differs from the one before; the first row is ignored.
        memory_bars: Bars after which the averages have forgotten.

    Example:
        >>> has_stood_still(np.array([False, True, False, False]), 2).tolist()
        [True, False, False, True]
    """
    still = np.zeros(moved.size, dtype=np.bool_)
    n_moves = int(np.count_nonzero(moved[1:]))
    still[: int(np.argmax(moved[1:])) + 1 if n_moves else moved.size] = True
    if moved.size - n_moves <= memory_bars:  # too few still bars for so long a stop
        return still
    moves = np.flatnonzero(moved[1:]) + 1
    ends = np.append(moves[1:], moved.size)
    for last in np.flatnonzero(ends - moves > memory_bars):  # hardly ever one
        still[moves[last] + memory_bars : ends[last]] = True
    return still


def decayed_share(part: FloatArray, volume: FloatArray, smoothing: float, tolerance: float) -> FloatArray:
    """Part of the average volume; 0 once an average has forgotten all trade."""
    mean = decaying_mean(volume, smoothing, tolerance)
    part = np.where(nothing_traded(volume, smoothing, tolerance) & ~np.isnan(mean), 0.0, part)
    return ratio(part, mean, 0.0)
