"""Scaling exponent of the log price by detrended fluctuation analysis.

Both measure ``H`` in moves that grow like ``k ** H`` with their span ``k``: 0.5 for a random walk.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.log_slope import log_slope
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_SMALLEST_BOX = 4
NEUTRAL_EXPONENT = 0.5
# Closes on a line leave what rounding makes of the difference of two large sums, and no residual.
_LINE_SHARE = 1e-13


@functools.lru_cache(maxsize=64)
def box_sizes(lookback_bars: int) -> tuple[int, ...]:
    """Boxes of the detrended fluctuation: four closes, doubled up to an eighth of the window.

    Example:
        >>> box_sizes(128), box_sizes(64)
        ((4, 8, 16), (4, 8))
    """
    n_doublings = int(math.log2(max(2, lookback_bars // (2 * _SMALLEST_BOX) // _SMALLEST_BOX)))
    return tuple(_SMALLEST_BOX * 2**power for power in range(n_doublings + 1))


@functools.lru_cache(maxsize=256)
def random_walk_fluctuation(size: int) -> float:
    """Root of the mean squared residual that a line leaves of ``size`` points of a random walk with unit steps.

    Example:
        >>> round(random_walk_fluctuation(3) ** 2, 6)  # residuals (1, -2, 1) (r2 - r1) / 6: 6 * 2 / 36 / 3
        0.111111
    """
    times = np.arange(size) - (size - 1) / 2.0
    walk = np.minimum.outer(np.arange(size), np.arange(size)).astype(float)  # covariance of positions
    residual = np.eye(size) - 1.0 / size - np.outer(times, times) / float((times**2).sum())
    return math.sqrt(float(np.sum((residual @ walk) * residual)) / size)


def detrended_fluctuation(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Exponent of detrended fluctuation analysis of the log returns, corrected for small boxes.

    Log prices, the profile of the returns, are detrended by a line in every box of 4, 8, … bars that lies in the
    window, boxes overlapping. The root mean squared residual of each size is divided by that of a random walk, and the
    slope of its log on the log of the size is added to one half. Without that division boxes this small would show
    more than one half on a random walk.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Shape ``(T,)``, dimensionless; 0.5 without memory, more if moves persist, less if they revert, 0.5 where the log
        price is a line. NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 64.

    Example:
        >>> detrended_fluctuation(np.full(65, 1.1), 64)[[62, 63, 64]].tolist()
        [nan, 0.5, 0.5]

    References: C.-K. Peng, S. V. Buldyrev, S. Havlin, M. Simons, H. E. Stanley, A. L. Goldberger, "Mosaic organization
    of DNA nucleotides", *Physical Review E* 49, 1994.
    """
    require_lookback(lookback_bars, least=64)
    level = np.log(close)
    sizes = box_sizes(lookback_bars)
    fluctuations = []
    for size in sizes:
        squares = in_blocks((level,), size - 1, functools.partial(_residual_square, size=size))[0]
        mean = window_mean(squares, lookback_bars - size + 1)
        fluctuations.append(np.sqrt(mean) / random_walk_fluctuation(size))
    return NEUTRAL_EXPONENT + log_slope(sizes, fluctuations, 0.0)


def _residual_square(level: FloatArray, n_rows: int, *, size: int) -> tuple[FloatArray, ...]:
    """Mean squared residual of a line through the last ``size`` values, in every row."""
    own = level[-n_rows:]
    times = [place - (size - 1) / 2.0 for place in range(size)]
    total, squares, together = np.zeros(n_rows), np.zeros(n_rows), np.zeros(n_rows)
    for time, values in zip(times, lags(level, n_rows, size), strict=True):
        distance = values - own  # exactly zero where nothing moved
        total += distance
        together += time * distance
        distance *= distance
        squares += distance
    left = squares - total * total / size - together * together / sum(time * time for time in times)
    return (np.where(left <= _LINE_SHARE * squares, 0.0, left) / size,)
