"""Shannon's entropy of counts over bins, divided by its largest value."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray


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
