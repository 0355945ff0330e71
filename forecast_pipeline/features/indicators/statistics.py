"""Statistics of the path: Hurst's exponent."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import NO_SPREAD
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

SMALLEST_CHUNK = 8
_RESIDUE = 1e-6  # a mean square less a squared mean leaves some 1e-7 of the mean where nothing should be left
_BLOCK_BARS = 16_384  # temporaries of this many bars stay in the cache


@functools.lru_cache(maxsize=64)
def chunk_sizes(lookback_bars: int) -> tuple[int, ...]:
    """Chunk lengths of the rescaled-range analysis: the window halved down to eight returns.

    Example:
        >>> chunk_sizes(64), chunk_sizes(100)
        ((64, 32, 16, 8), (100, 50, 25, 12))
    """
    sizes = []
    size = lookback_bars
    while size >= SMALLEST_CHUNK:
        sizes.append(size)
        size //= 2
    return tuple(sizes)


@functools.lru_cache(maxsize=256)
def expected_rescaled_range(size: int) -> float:
    """Mean rescaled range of ``size`` independent normal returns.

    Example:
        >>> round(expected_rescaled_range(2), 6), round(expected_rescaled_range(64), 3)
        (1.0, 8.966)

    References: A. A. Anis, E. H. Lloyd, *Biometrika* 63, 1976, eq. 2.
    """
    factor = math.exp(math.lgamma((size - 1) / 2) - math.lgamma(size / 2)) / math.sqrt(math.pi)
    return factor * sum(math.sqrt((size - i) / i) for i in range(1, size))


def hurst(close: FloatArray, lookback_bars: int = 64) -> FloatArray:
    """Hurst's exponent by rescaled range, corrected for short windows.

    The last ``lookback_bars`` log returns are cut, from the newest back, into chunks of each length of
    `chunk_sizes`. A chunk's rescaled range R/S is the range of its cumulated deviations from the chunk's mean
    over the standard deviation (ddof 0). The mean R/S of each length is divided by what independent normal
    returns give (Anis and Lloyd), and the least-squares slope of its log on the log of the length is added to
    one half. Without that division short windows show about 0.6 on a random walk.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, at least 16.

    Returns:
        Shape ``(T,)``, dimensionless, finite; 0.5 without memory, more if moves persist, less if they revert,
        now and then outside ``[0, 1]`` because the window is short. NaN in the first ``lookback_bars`` rows.
        A chunk without spread counts as memoryless, so constant prices give 0.5.

    Raises:
        ValueError: If ``lookback_bars`` is less than 16.

    Example:
        >>> hurst(np.full(20, 1.1), lookback_bars=16)[[15, 16, 19]].tolist()
        [nan, 0.5, 0.5]

    References: H. E. Hurst, *Trans. ASCE* 116, 1951; E. E. Peters, *Fractal Market Analysis*, 1994, ch. 4.
    """
    require_lookback(lookback_bars, least=2 * SMALLEST_CHUNK)
    out = np.full(close.size, np.nan)
    log_price = np.log(close)
    for start in range(lookback_bars, close.size, _BLOCK_BARS):
        stop = min(start + _BLOCK_BARS, close.size)
        out[start:stop] = _hurst_block(log_price[start - lookback_bars : stop], lookback_bars)
    return out


def _hurst_block(log_price: FloatArray, lookback_bars: int) -> FloatArray:
    """Exponents of the bars from ``lookback_bars`` on, given the bars before them."""
    sizes = chunk_sizes(lookback_bars)
    n_bars = log_price.size - lookback_bars
    logs = [math.log(size) for size in sizes]
    centre = sum(logs) / len(logs)
    spread = sum((x - centre) ** 2 for x in logs)
    exponent = np.full(n_bars, 0.5)
    for size, log_size in zip(sizes, logs, strict=True):
        ratio = _rescaled_range(log_price, size) / expected_rescaled_range(size)
        n_chunks = lookback_bars // size
        total = np.zeros(n_bars)
        for chunk in range(n_chunks):  # newest chunk first; ratio[j] belongs to the chunk that ends at j + size
            first = lookback_bars - size * (chunk + 1)
            total += ratio[first : first + n_bars]
        # A fixed weight per length instead of a matrix product: its rounding does not depend on the block.
        exponent += (log_size - centre) / spread * np.log(total / n_chunks)
    return exponent


def _rescaled_range(log_price: FloatArray, size: int) -> FloatArray:
    """R/S of the ``size`` returns that end at each bar from ``size`` on; the expected one without spread."""
    n_ends = log_price.size - size
    base = log_price[:n_ends]
    mean = (log_price[size:] - base) / size
    returns = log_price[1:] - log_price[:-1]
    squares = window_sum(returns * returns, size)[size - 1 :]
    std = np.sqrt(np.maximum(squares / size - mean * mean, 0.0))
    line, deviation = base.copy(), np.empty(n_ends)
    top, bottom = np.zeros(n_ends), np.zeros(n_ends)
    for lag in range(1, size):  # the last deviation is zero
        # The log price is the cumulated return already: deviation = price minus the mean's straight line.
        line += mean
        np.subtract(log_price[lag : lag + n_ends], line, out=deviation)
        np.maximum(top, deviation, out=top)
        np.minimum(bottom, deviation, out=bottom)
    is_flat = std <= NO_SPREAD + _RESIDUE * np.abs(mean)
    top -= bottom
    return np.where(is_flat, expected_rescaled_range(size), top / np.where(is_flat, 1.0, std))
