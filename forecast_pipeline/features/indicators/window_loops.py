"""Statistics of windows by loops over the lag, with blocks of rows that stay in the cache."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray

BLOCK_BARS = 8_192
_SORTED_BLOCK_BARS = 2_048  # a sort needs every row's window at once


def in_blocks(
    columns: Sequence[FloatArray],
    reach_bars: int,
    compute: Callable[..., tuple[FloatArray, ...]],
    n_outputs: int = 1,
    block_bars: int | None = None,
) -> tuple[FloatArray, ...]:
    """Outputs of ``compute`` for every row that has ``reach_bars`` rows before it.

    Args:
        columns: Arrays of shape ``(T,)``.
        reach_bars: Rows that a row needs before itself.
        compute: Called with a stretch of every column that begins ``reach_bars`` rows early and with the number
            of rows wanted; returns arrays of that many rows. What it says of a row must not depend on the stretch.
        n_outputs: Arrays that ``compute`` returns.
        block_bars: Rows wanted at once; `BLOCK_BARS` unless given.

    Returns:
        Arrays of shape ``(T,)``, NaN in the first ``reach_bars`` rows.

    Example:
        >>> move = lambda close, n_rows: (close[1:] - close[:n_rows],)
        >>> in_blocks([np.array([1.0, 3.0, 7.0])], 1, move)[0].tolist()
        [nan, 2.0, 4.0]
    """
    size, block_bars = columns[0].size, block_bars or BLOCK_BARS
    outputs = tuple(np.full(size, np.nan) for _ in range(n_outputs))
    for start in range(reach_bars, size, block_bars):
        stop = min(start + block_bars, size)
        parts = compute(*(column[start - reach_bars : stop] for column in columns), stop - start)
        for output, part in zip(outputs, parts, strict=True):
            output[start:stop] = part
    return outputs


def lags(block: FloatArray, n_rows: int, lookback_bars: int) -> Iterator[FloatArray]:
    """Values of the last ``n_rows`` rows' windows, the oldest of each window first, the rows' own last.

    Example:
        >>> [values.tolist() for values in lags(np.array([1.0, 2.0, 3.0]), n_rows=2, lookback_bars=2)]
        [[1.0, 2.0], [2.0, 3.0]]
    """
    first = block.size - n_rows - lookback_bars + 1
    for start in range(first, first + lookback_bars):
        yield block[start : start + n_rows]


def mean_and_square(block: FloatArray, n_rows: int, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Mean and mean squared deviation of each window, the deviations taken in a second pass.

    Example:
        >>> [each.tolist() for each in mean_and_square(np.array([1.0, 3.0]), n_rows=1, lookback_bars=2)]
        [[2.0], [1.0]]
    """
    mean = np.zeros(n_rows)
    for values in lags(block, n_rows, lookback_bars):
        mean += values
    mean /= lookback_bars
    square, deviation = np.zeros(n_rows), np.empty(n_rows)
    for values in lags(block, n_rows, lookback_bars):
        np.subtract(values, mean, out=deviation)
        deviation *= deviation
        square += deviation
    square /= lookback_bars
    return mean, square


def rank_in_window(values: FloatArray, lookback_bars: int, tie: FloatArray, warm_up_bars: int = 0) -> FloatArray:
    """Share of the other values of a window that lie below the last one, ties by half.

    Args:
        values: Shape ``(T,)``.
        lookback_bars: Values in the window, the present one included.
        tie: Shape ``(T,)``, distance from the present value up to which another counts as equal.
        warm_up_bars: Leading rows of ``values`` that are NaN.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; NaN in the first ``warm_up_bars + lookback_bars - 1`` rows.

    Example:
        >>> rank_in_window(np.array([1.0, 3.0, 2.0]), 3, np.zeros(3)).tolist()
        [nan, nan, 0.5]
    """

    def compute(block: FloatArray, tie: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        top, bottom = block[-n_rows:] + tie[-n_rows:], block[-n_rows:] - tie[-n_rows:]
        doubled = np.zeros(n_rows)
        for others in lags(block, n_rows, lookback_bars):
            doubled += others < bottom
            doubled += others <= top
        return ((doubled - 1.0) / (2.0 * (lookback_bars - 1)),)  # the present value ties with itself

    return in_blocks((values, tie), warm_up_bars + lookback_bars - 1, compute)[0]


def sorted_windows(
    values: FloatArray,
    lookback_bars: int,
    compute: Callable[[FloatArray, FloatArray], tuple[FloatArray, ...]],
    n_outputs: int = 1,
    warm_up_bars: int = 0,
) -> tuple[FloatArray, ...]:
    """Outputs of ``compute``, which is given the sorted windows of a block of rows.

    Args:
        values: Shape ``(T,)``.
        lookback_bars: Window length.
        compute: Called with the windows, shape ``(rows, lookback_bars)``, each sorted from small to large, and
            with the rows' own values; returns arrays of shape ``(rows,)``.
        n_outputs: Arrays that ``compute`` returns.
        warm_up_bars: Leading rows of ``values`` that are NaN.

    Returns:
        Arrays of shape ``(T,)``, NaN in the first ``warm_up_bars + lookback_bars - 1`` rows.

    Example:
        >>> sorted_windows(np.array([3.0, 1.0]), 2, lambda windows, own: (windows[:, 0] - own,))[0].tolist()
        [nan, 0.0]
    """

    def compute_block(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        windows = np.sort(np.lib.stride_tricks.sliding_window_view(block[warm_up_bars:], lookback_bars), axis=1)
        return compute(windows, block[-n_rows:])

    reach_bars = warm_up_bars + lookback_bars - 1
    return in_blocks((values,), reach_bars, compute_block, n_outputs, _SORTED_BLOCK_BARS)


@functools.lru_cache(maxsize=64)
def entropy_table(n_counted: int, n_bins: int) -> FloatArray:
    """Share that a bin with 0, 1, … of ``n_counted`` observations has in Shannon's entropy, over its largest value.

    Example:
        >>> entropy_table(2, 2).round(9).tolist()  # two bins with one each have the largest entropy
        [0.0, 0.5, 0.0]
    """
    share = np.arange(n_counted + 1) / n_counted
    parts = -share * np.log(np.where(share > 0.0, share, 1.0)) / np.log(n_bins)
    return np.asarray(parts + 0.0)


def entropy(counts: Sequence[FloatArray], n_counted: int, n_bins: int) -> FloatArray:
    """Shannon's entropy of counts over bins, divided by its largest value.

    Args:
        counts: Observations of each bin, whole numbers, each of shape ``(T,)``; NaN in warm-up.
        n_counted: Their sum.
        n_bins: Bins that can occur.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; NaN where a count is.

    Example:
        >>> entropy([np.array([1.0, 2.0]), np.array([1.0, 0.0])], 2, 2).round(9).tolist()
        [1.0, 0.0]
    """
    table = entropy_table(n_counted, n_bins)
    total = np.zeros(counts[0].size)
    for count in counts:
        total += table[np.where(np.isnan(count), 0.0, count).astype(np.int64)]
    return np.where(np.isnan(counts[0]), np.nan, np.clip(total, 0.0, 1.0))
