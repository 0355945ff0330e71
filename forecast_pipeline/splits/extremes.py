"""Path extremes: how far the price went up and down inside each increment between horizons.

The second module besides `targets` that reads the future, and no further than the labels do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.splits.targets import Targets

    Floats = npt.NDArray[np.float64]
    Bars = npt.NDArray[np.int64]

CHUNK_ROWS = 16_384
"""Rows whose extremes are computed at once: what they need stays in the cache."""


def extreme_columns(horizon: int) -> tuple[str, str]:
    """Names of the columns that hold the extremes of the increment that ends at a horizon.

    Example:
        >>> extreme_columns(12)
        ('highest_12', 'lowest_12')
    """
    return f"highest_{horizon}", f"lowest_{horizon}"


def path_extremes(targets: Targets, close: Floats, high: Floats, low: Floats) -> Floats:
    """Highest and lowest log price inside each increment, relative to the price at its start.

    Increment ``k`` of a row runs from the price that ends label ``k - 1`` (the row's own close for the first) to the
    price that ends label ``k``. Counted are the bars after the former up to and including the latter, by their high
    and low, and both prices themselves: so the first value is never below ``max(0, increment)`` and the second never
    above ``min(0, increment)``. No bar after `Targets.end_bar` is read: the label ends are those of the returns.

    Args:
        targets: Labels of the rows, as `targets.forward_log_returns` made them of the same closes.
        close: Shape ``(T,)``, prices.
        high: Shape ``(T,)``, highest price of each bar; NaN makes the increments that hold the bar NaN.
        low: Shape ``(T,)``, lowest price of each bar, likewise.

    Returns:
        Shape ``(T, K, 2)``: highest, lowest. NaN where the increment is not known.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> from forecast_pipeline.splits.targets import forward_log_returns
        >>> close_us = np.datetime64("2024-07-03T00:00", "us").astype(np.int64) + 3_600_000_000 * np.arange(3)
        >>> close, high, low = np.array([1.0, 2.0, 1.0]), np.array([9.0, 4.0, 2.0]), np.array([0.1, 0.5, 1.0])
        >>> targets = forward_log_returns(close_us, close, Timeframe.H1, (1, 2))
        >>> (path_extremes(targets, close, high, low)[0] / np.log(2)).tolist()
        [[2.0, -1.0], [0.0, -1.0]]
    """
    made = np.full((*targets.end_bar.shape, 2), np.nan)
    logs = np.log(close), np.log(high), -np.log(low)
    for first in range(0, close.size, CHUNK_ROWS):
        end_bar = targets.end_bar[first : first + CHUNK_ROWS]
        stop = max(int(end_bar.max(initial=0)), first + end_bar.shape[0] - 1) + 1
        _fill(made[first : first + CHUNK_ROWS], end_bar - first, *(each[first:stop] for each in logs))
    return made


def _fill(made: Floats, end_bar: Bars, log_close: Floats, log_high: Floats, minus_log_low: Floats) -> None:
    """Extremes of consecutive rows; bars are counted from the first of them on."""
    start = np.arange(end_bar.shape[0])
    for k in range(end_bar.shape[1]):
        end = end_bar[:, k]
        rows = np.flatnonzero((start >= 0) & (end >= 0))  # an unknown end is below zero
        first, last = start[rows], end[rows]
        at_start = log_close[first]
        increment = log_close[last] - at_start
        made[rows, k, 0] = _reached(increment, range_maximum(log_high, first + 1, last) - at_start)
        made[rows, k, 1] = -_reached(-increment, range_maximum(minus_log_low, first + 1, last) + at_start)
        start = end


def _reached(increment: Floats, inside: Floats) -> Floats:
    """The largest of what was reached inside, at the end and at the start."""
    return np.asarray(np.maximum(np.maximum(inside, increment, out=inside), 0.0, out=inside))


def range_maximum(values: Floats, first: Bars, last: Bars) -> Floats:
    """Maximum over many ranges of an array, by the doubling of a sparse table.

    A range is covered by two overlapping runs of the largest power of two that fits into it; only the runs of one
    length are held at a time (Bender and Farach-Colton 2000, *The LCA problem revisited*, section 3).

    Args:
        values: Shape ``(T,)``; NaN in a range makes its maximum NaN.
        first: Shape ``(Q,)``, first place of each range.
        last: Shape ``(Q,)``, last place, inside the range; before ``first`` where it is empty.

    Returns:
        Shape ``(Q,)``; minus infinity where the range is empty.

    Example:
        >>> range_maximum(np.array([3.0, 1.0, 2.0, 5.0]), np.array([0, 1, 2]), np.array([0, 3, 1])).tolist()
        [3.0, 5.0, -inf]
    """
    length = last - first + 1
    longest = int(length.max(initial=0))
    if longest <= 0:
        return np.full(length.size, -np.inf)
    widest = 1 << (longest.bit_length() - 1)
    # But for holes in the market all ranges are about as long as the longest: the others are looked up by themselves.
    shorter = np.flatnonzero(length < widest)
    found = np.full(shorter.size, -np.inf)
    run, width = values, 1
    while width < widest:
        of_width = (length[shorter] >= width) & (length[shorter] < 2 * width)
        places = shorter[of_width]
        found[of_width] = np.maximum(run[first[places]], run[last[places] - width + 1])
        run, width = np.maximum(run[:-width], run[width:]), 2 * width
    made = run.take(first, mode="clip")  # any place will do for the shorter ranges
    np.maximum(made, run.take(last - (widest - 1), mode="clip"), out=made)
    made[shorter] = found
    return made
