"""Intervals from resampled blocks: stationary bootstrap of a statistic, circular blocks of many shares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_MIN_ROWS_FOR_BLOCK = 10  # below this the automatic rule has no autocorrelations to look at


class BootstrapInterval(NamedTuple):
    """Statistic of the rows with its percentile interval; NaN bounds where there is no variation."""

    value: float
    low: float
    high: float
    block_rows: float


def block_length(series: Floats, min_rows: int = 1) -> float:
    """Mean block length of the stationary bootstrap by Politis and White's rule, corrected 2009.

    Args:
        series: Shape ``(B,)``, in order of time, without NaN.
        min_rows: Least length, for example the overlap of the labels in rows.

    Returns:
        Between 1 and the number of rows; ``min_rows`` for a constant or very short series.

    Example:
        >>> block_length(np.ones(50), min_rows=3)
        3.0
    """
    from arch.bootstrap import optimal_block_length

    most = max(1.0, float(series.size))
    if series.size < _MIN_ROWS_FOR_BLOCK or np.std(series) <= 1e-12 * np.max(np.abs(series)):
        return min(most, float(min_rows))
    found = float(optimal_block_length(series)["stationary"].iloc[0])
    return min(most, max(float(min_rows), 1.0, found if math.isfinite(found) else 1.0))


def stationary_interval(
    statistic: Callable[[Floats], float],
    series: Floats,
    *,
    seed: int,
    block_rows: float | None = None,
    confidence: float = 0.95,
    n_repetitions: int = 1000,
) -> BootstrapInterval:
    """Percentile interval of a statistic by Politis and Romano's stationary bootstrap.

    Args:
        statistic: Number of an array of shape ``(B,)``; may be NaN for some resamples, which are left out.
        series: Shape ``(B,)``, in order of time; NaN rows are left out.
        seed: Equal seeds give equal intervals.
        block_rows: Mean block length; `block_length` when left out.
        confidence: Probability of the interval.
        n_repetitions: Resamples.

    Example:
        >>> found = stationary_interval(np.mean, np.arange(100.0) % 7, seed=1)
        >>> found.low < found.value < found.high
        True
    """
    from arch.bootstrap import StationaryBootstrap

    kept = series[~np.isnan(series)]
    if kept.size == 0:
        return BootstrapInterval(math.nan, math.nan, math.nan, math.nan)
    block = block_length(kept) if block_rows is None else block_rows
    value = float(statistic(kept))
    if np.ptp(kept) == 0.0:
        return BootstrapInterval(value, math.nan, math.nan, block)
    resampled = StationaryBootstrap(max(1, round(block)), kept, seed=seed)
    values = resampled.apply(lambda rows: np.array([statistic(rows)]), n_repetitions)[:, 0]
    values = values[~np.isnan(values)]
    if values.size == 0:
        return BootstrapInterval(value, math.nan, math.nan, block)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return BootstrapInterval(value, float(low), float(high), block)


def block_means(values: Floats, block_rows: int, *, seed: int, n_repetitions: int = 500) -> Floats:
    """Column means of circular block resamples, the same rows for every column.

    A resample costs as many sums as it has blocks, not rows: many columns over many
    overlapping rows are resampled in milliseconds. The expected mean is the mean of the rows.

    Args:
        values: Shape ``(B, Q)``, in order of time, without NaN.
        block_rows: Length of a block, at least the overlap of the labels in rows.
        seed: Equal seeds give equal resamples.
        n_repetitions: ``R``.

    Returns:
        Shape ``(R, Q)``; NaN without rows.

    Example:
        >>> block_means(np.ones((10, 1)), 3, seed=0, n_repetitions=2).tolist()
        [[1.0], [1.0]]
    """
    n_rows, n_columns = values.shape
    if n_rows == 0:
        return np.full((n_repetitions, n_columns), np.nan)
    length = max(1, min(block_rows, n_rows))
    cumulative = np.zeros((n_rows + length, n_columns))
    np.cumsum(np.concatenate([values, values[: length - 1]]), axis=0, out=cumulative[1:])
    block_sums = cumulative[length:] - cumulative[:-length]  # (B, Q): the block that starts at each row
    n_blocks = -(-n_rows // length)
    starts = np.random.default_rng(seed).integers(0, n_rows, size=(n_repetitions, n_blocks))
    sums = [np.ascontiguousarray(column)[starts].sum(axis=1) for column in block_sums.T]
    return np.column_stack(sums) / (n_blocks * length) if sums else np.empty((n_repetitions, 0))
