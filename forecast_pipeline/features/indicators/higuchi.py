"""Higuchi's fractal dimension of the path of closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.log_slope import log_slope
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_HIGUCHI_LAGS = 8
NEUTRAL_DIMENSION = 1.5


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
    out = -log_slope(range(1, _HIGUCHI_LAGS + 1), lengths, -NEUTRAL_DIMENSION)
    out[: lookback_bars - 1] = np.nan
    return out
