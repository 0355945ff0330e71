"""Fractal dimension of the log price's graph: Higuchi, Sevcik.

Where moves over ``k`` bars grow like ``k ** H``, the graph has the dimension ``2 - H``.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import NO_SPREAD, lagged, log_returns
from forecast_pipeline.features.indicators.window_loops import in_blocks, lags
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.features.bar_arrays import FloatArray

_HIGUCHI_LAGS = 8
# A size that vanishes at one scale (prices that alternate) counts as this part of the largest.
_LEAST_SHARE = 1e-6
_NEUTRAL_DIMENSION = 1.5


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


def _strided_sum(values: FloatArray, n_summed: int, stride: int) -> FloatArray:
    """Sum of ``n_summed`` values, each ``stride`` rows before the next, the last at the row itself."""
    total, block, width, offset = np.zeros(values.size), values, 1, 0
    while True:  # block holds sums of `width` values; `offset` values are in the total already
        if n_summed & width:
            total = total + lagged(block, offset * stride)
            offset += width
        if 2 * width > n_summed:
            return total
        block = block + lagged(block, width * stride)
        width *= 2


def higuchi_dimension(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Higuchi's fractal dimension of the log price.

    The length of the curve is measured with steps of 1 to 8 bars, from every start, and normalised for the bars that
    do not fill a step; the dimension is minus the slope of log length on log step.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Shape ``(T,)``, dimensionless, mostly in ``[1, 2]``: 1 for a straight line, 1.5 for a random walk, 2 for noise
        around a level; 1.5 where the market stands still, NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 17.

    Example:
        >>> higuchi_dimension(np.exp(np.arange(20.0)), 20)[-1].round(9).item()
        1.0

    References: T. Higuchi, "Approach to an irregular time series on the basis of the fractal theory", *Physica D* 31,
    1988.
    """
    require_lookback(lookback_bars, least=2 * _HIGUCHI_LAGS + 1)
    level = np.log(close)
    lengths = []
    for step in range(1, _HIGUCHI_LAGS + 1):
        move = np.abs(level - lagged(level, step))
        sums: dict[int, FloatArray] = {}
        length = np.zeros(close.size)
        for offset in range(step):  # curves end at the last close, one before it and so on, each with its own start
            n_steps = (lookback_bars - 1 - offset) // step
            if n_steps not in sums:
                sums[n_steps] = _strided_sum(move, n_steps, step)
            length += lagged(sums[n_steps], offset) * ((lookback_bars - 1) / (n_steps * step * step))
        lengths.append(length / step)
    out = -log_slope(range(1, _HIGUCHI_LAGS + 1), lengths, -_NEUTRAL_DIMENSION)
    out[: lookback_bars - 1] = np.nan
    return out


def sevcik_dimension(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Sevcik's fractal dimension of the log price, from the length of its curve in the unit square.

    ``1 + log(L) / log(2 (n - 1))``, time and log price each scaled to ``[0, 1]``. Short windows give less than the
    limit: about 1.32 on average for a random walk of 64 closes.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, dimensionless, in ``[1, 2)``; 1.5 where the market stands still, NaN in the first
        ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> sevcik_dimension(np.exp([0.0, 1.0, 2.0]), 3)[-1].round(4).item()  # a diagonal: 1 + log(1.4142) / log(4)
        1.25

    References: C. Sevcik, "A procedure to estimate the fractal dimension of waveforms", *Complexity International* 5,
    1998.
    """
    import talib

    require_lookback(lookback_bars, least=3)
    n_steps = lookback_bars - 1
    level = np.log(close)
    reach = np.asarray(talib.MAX(level, timeperiod=lookback_bars)) - talib.MIN(level, timeperiod=lookback_bars)

    def compute(returns: FloatArray, reach: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        own = reach[-n_rows:]
        is_flat = own <= NO_SPREAD
        scale = 1.0 / np.where(is_flat, 1.0, own)
        length, part = np.zeros(n_rows), np.empty(n_rows)
        for values in lags(returns, n_rows, n_steps):
            np.multiply(values, scale, out=part)
            part *= part
            part += 1.0 / (n_steps * n_steps)
            np.sqrt(part, out=part)
            length += part
        found = 1.0 + np.log(length) / math.log(2.0 * n_steps)
        return (np.where(is_flat, _NEUTRAL_DIMENSION, found),)

    return in_blocks((log_returns(close), reach), n_steps, compute)[0]
