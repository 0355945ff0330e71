"""Slope of the log of a size on the log of its scale."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import NO_SPREAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray

# A size that vanishes at one scale (prices that alternate) counts as this part of the largest.
_LEAST_SHARE = 1e-6


def log_slope(scales: Sequence[int], sizes: Sequence[FloatArray], neutral: float) -> FloatArray:
    """Least-squares slope of log size on log scale in every row.

    Fixed weights per scale instead of a matrix product: its rounding does not depend on the number of rows.

    Args:
        scales: Scales, such as lags in bars.
        sizes: Size of moves at each scale, log returns, each of shape ``(T,)``. One that vanishes counts as a
            millionth of the largest.
        neutral: Slope of rows where all sizes are rounding.

    Returns:
        Shape ``(T,)``, NaN where a size is.

    Example:
        >>> log_slope([1, 4], [np.array([1.0, 0.0]), np.array([2.0, 0.0])], neutral=7.0).tolist()
        [0.5, 7.0]
    """
    logs = [math.log(scale) for scale in scales]
    centre = sum(logs) / len(logs)
    spread = sum((x - centre) ** 2 for x in logs)
    largest = functools.reduce(np.maximum, sizes)
    is_flat = largest <= NO_SPREAD
    least = np.where(is_flat, 1.0, _LEAST_SHARE * largest)
    slope = np.zeros(largest.size)
    for log_scale, size in zip(logs, sizes, strict=True):
        slope += (log_scale - centre) / spread * np.log(np.maximum(size, least))
    return np.where(is_flat, neutral, slope)
