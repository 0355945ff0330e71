"""Statistics of windows by loops over the lag, with blocks of rows that stay in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import lags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray

BLOCK_BARS = 8_192


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
