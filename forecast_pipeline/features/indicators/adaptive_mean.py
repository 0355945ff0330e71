"""The recursive mean whose smoothing changes from bar to bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def adaptive_mean(values: FloatArray, smoothing: FloatArray, memory_bars: int) -> FloatArray:
    """Average that moves by its own smoothing each bar, started from the value ``memory_bars`` bars ago.

    ``y = y + smoothing * (value - y)`` over the last ``memory_bars`` bars. Two runs of such steps put one after the
    other are again a factor and a summand, so the runs are doubled and put together in ``log2`` passes.

    Args:
        values: Shape ``(T,)``.
        smoothing: Shape ``(T,)``, in ``[0, 1]``, NaN in leading rows that are not known.
        memory_bars: Steps of the recursion.

    Returns:
        Shape ``(T,)``; NaN where fewer than ``memory_bars`` smoothings are known or no bar is before them.

    Example:
        >>> half = np.full(4, 0.5)
        >>> adaptive_mean(np.array([0.0, 4.0, 4.0, 8.0]), half, 2).tolist()  # 0, 2, 3; then 4, 4, 6
        [nan, nan, 3.0, 6.0]
    """
    n_runs = values.size - memory_bars + 1  # of runs that have all their steps; the first one lacks a start
    out = np.full(values.size, np.nan)
    if n_runs < 2:  # noqa: PLR2004 - one run with a bar before it
        return out
    factor, summand, width = 1.0 - smoothing, smoothing * values, 1  # [j] is the run of `width` steps from j on
    kept, added, offset = np.ones(n_runs), np.zeros(n_runs), 0
    while True:
        if memory_bars & width:
            here = slice(offset, offset + n_runs)
            added = factor[here] * added + summand[here]
            kept = factor[here] * kept
            offset += width
        if 2 * width > memory_bars:
            break
        summand = factor[width:] * summand[:-width] + summand[width:]
        factor = factor[width:] * factor[:-width]
        width *= 2
    out[memory_bars:] = kept[1:] * values[: n_runs - 1] + added[1:]
    return out
