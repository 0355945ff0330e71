"""Building blocks of the indicators: exact sliding sums, changes, true range, distances.

TA-Lib's sliding sums keep the rounding residue of every bar that ever passed, so a window of zeros need not sum
to zero. Here a window is put together from halves of halves, in ``log2(n)`` passes: its sum is the same
whatever came before, and zeros sum to zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray


# One tick is a millionth of the price or more; sums and differences of a few prices that are closer to each
# other than this fraction of the price differ by rounding only.
ROUNDING = 1e-10


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


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Wilder's true range, the range widened to the previous close; the first row is NaN.

    Example:
        >>> true_range(np.array([2.0, 5.0]), np.array([1.0, 4.0]), np.array([1.5, 4.5])).tolist()
        [nan, 3.5]
    """
    out = np.empty(close.size)
    out[:1] = np.nan
    np.maximum(high[1:], close[:-1], out=out[1:])
    out[1:] -= np.minimum(low[1:], close[:-1])
    return out


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
    moves = np.flatnonzero(moved[1:]) + 1
    still[: moves[0] if moves.size else moved.size] = True
    ends = np.append(moves[1:], moved.size)
    for last in np.flatnonzero(ends - moves > memory_bars):  # hardly ever one
        still[moves[last] + memory_bars : ends[last]] = True
    return still


def log_distance(close: FloatArray, level: FloatArray) -> FloatArray:
    """Log distance of the close from a price level, ``log(close / level)``.

    Args:
        close: Shape ``(T,)``, positive.
        level: Shape ``(T,)``, same unit, NaN in warm-up. A band may reach zero when the range exceeds the
            price; levels below a millionth of the close count as that, so the result stays finite.

    Returns:
        Shape ``(T,)``, dimensionless, positive above the level, NaN where the level is.

    Example:
        >>> log_distance(np.array([1.0, 1.0]), np.array([1.0, -1.0])).round(2).tolist()
        [0.0, 13.82]
    """
    ratio = close * 1e-6
    np.maximum(level, ratio, out=ratio)
    np.divide(close, ratio, out=ratio)
    return np.asarray(np.log(ratio, out=ratio))
