"""Ranks of values in their windows, and windows that are sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast_pipeline.features.bar_arrays import FloatArray


_SORTED_BLOCK_BARS = 2_048  # a sort needs every row's window at once


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
