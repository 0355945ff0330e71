"""Sevcik's fractal dimension of the path of closes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.higuchi import NEUTRAL_DIMENSION
from forecast_pipeline.features.indicators.returns import NO_SPREAD, log_returns
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
        return (np.where(is_flat, NEUTRAL_DIMENSION, found),)

    return in_blocks((log_returns(close), reach), n_steps, compute)[0]
