"""Scaling exponent of the mean squared moves over several spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.log_slope import log_slope
from forecast_pipeline.features.indicators.scaling import NEUTRAL_EXPONENT
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_STRUCTURE_LAGS = (1, 2, 4, 8)


def structure_exponent(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Generalised Hurst exponent of order 2, from mean squared moves over 1, 2, 4 and 8 bars.

    Half the slope of the log mean squared move on the log of its span, moves overlapping and no mean taken out.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Shape ``(T,)``, dimensionless; 0.5 without memory, 1 for a straight line, 0 for noise around a level, 0.5 where
        the market stands still. NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 16.

    Example:
        >>> structure_exponent(np.exp(np.arange(16.0)), 16)[-1].round(9).item()
        1.0

    References: T. Di Matteo, "Multi-scaling in finance", *Quantitative Finance* 7, 2007.
    """
    require_lookback(lookback_bars, least=2 * _STRUCTURE_LAGS[-1])
    level = np.log(close)
    sizes = []
    for lag in _STRUCTURE_LAGS:
        move = level - lagged(level, lag)
        sizes.append(np.sqrt(window_mean(move * move, lookback_bars - lag)))
    return log_slope(_STRUCTURE_LAGS, sizes, NEUTRAL_EXPONENT)
