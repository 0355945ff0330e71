"""Sums, means, lags and changes over a window, exact wherever the history begins.

TA-Lib's sliding sums keep the rounding residue of every bar that ever passed, so a window of zeros need not sum
to zero. Here a window is put together from halves of halves, in ``log2(n)`` passes: its sum is the same
whatever came before, and zeros sum to zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray


def require_lookback(lookback_bars: int, least: int = 2) -> None:
    """Refuse a lookback that is too short.

    Raises:
        ValueError: If ``lookback_bars`` is below ``least``.
    """
    if lookback_bars < least:
        raise ValueError(f"lookback_bars must be at least {least}, was {lookback_bars}")


def window_sum(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Sum of the last ``lookback_bars`` values.

    Args:
        values: Shape ``(T,)``; a NaN spoils only the windows that hold it.
        lookback_bars: Window length, at least 1.

    Returns:
        Shape ``(T,)``, NaN in the first ``lookback_bars - 1`` rows.

    Example:
        >>> window_sum(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
        [nan, nan, 6.0, 9.0]
    """
    n_windows = values.size - lookback_bars + 1
    out = np.empty(values.size)
    out[: lookback_bars - 1] = np.nan
    if n_windows < 1:
        return out
    total = out[lookback_bars - 1 :]
    block, width, offset = values, 1, 0  # block[j] is the sum of `width` values from j on
    while True:
        if lookback_bars & width:
            part = block[offset : offset + n_windows]
            np.add(total, part, out=total) if offset else np.copyto(total, part)
            offset += width
        if 2 * width > lookback_bars:
            return out
        block = block[:-width] + block[width:]
        width *= 2


def window_sums(values: FloatArray, lookbacks: Sequence[int]) -> list[FloatArray]:
    """Sums over several windows; one that is twice another is put together from it.

    Args:
        values: Shape ``(T,)``; a NaN spoils only the windows that hold it.
        lookbacks: Window lengths, increasing.

    Returns:
        One array a window, as `window_sum` gives it.

    Example:
        >>> [sums.tolist() for sums in window_sums(np.array([1.0, 2.0, 3.0, 4.0]), (1, 2))]
        [[1.0, 2.0, 3.0, 4.0], [nan, 3.0, 5.0, 7.0]]
    """
    sums: dict[int, FloatArray] = {}
    for lookback_bars in lookbacks:
        half = sums.get(lookback_bars // 2)
        if half is None or lookback_bars % 2:
            sums[lookback_bars] = window_sum(values, lookback_bars)
            continue
        whole = np.full(values.size, np.nan)
        np.add(half[: -lookback_bars // 2], half[lookback_bars // 2 :], out=whole[lookback_bars // 2 :])
        sums[lookback_bars] = whole
    return list(sums.values())


def window_mean(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Simple mean of the last ``lookback_bars`` values, without residue of earlier ones.

    Example:
        >>> window_mean(np.array([1.0, 3.0]), 2).tolist()
        [nan, 2.0]
    """
    require_lookback(lookback_bars, least=1)
    return window_sum(values, lookback_bars) / lookback_bars


def lagged(values: FloatArray, lag_bars: int) -> FloatArray:
    """The value ``lag_bars`` bars ago, NaN where there is none.

    Example:
        >>> lagged(np.array([1.0, 2.0, 3.0]), 1).tolist()
        [nan, 1.0, 2.0]
    """
    out = np.full(values.size, np.nan)
    out[lag_bars:] = values[: max(0, values.size - lag_bars)]
    return out


def change(values: FloatArray) -> FloatArray:
    """Difference to the value one bar earlier; the first row is NaN.

    Example:
        >>> change(np.array([1.0, 3.0])).tolist()
        [nan, 2.0]
    """
    out = np.empty(values.size)
    out[:1] = np.nan
    np.subtract(values[1:], values[:-1], out=out[1:])
    return out
