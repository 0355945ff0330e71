"""The straight line through the last values by least squares: its slope and its end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.sliding import weighted_sum
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def centred_times(lookback_bars: int) -> list[float]:
    """Bars from the middle of the window, newest first; they sum to zero."""
    return [(lookback_bars - 1) / 2.0 - lag for lag in range(lookback_bars)]


def slope(values: FloatArray, lookback_bars: int) -> FloatArray:
    """Slope per bar of the line through the last values.

    Example:
        >>> import numpy as np
        >>> slope(np.array([1.0, 3.0, 5.0]), 3).tolist()
        [nan, nan, 2.0]
    """
    require_lookback(lookback_bars)
    times = centred_times(lookback_bars)
    return weighted_sum(values, times) / math.fsum(x * x for x in times)


def line_end(values: FloatArray, lookback_bars: int, ahead_bars: int = 0) -> FloatArray:
    """Height of the line through the last values at the present bar or ``ahead_bars`` after it.

    Example:
        >>> import numpy as np
        >>> line_end(np.array([1.0, 3.0, 5.0]), 3).tolist(), line_end(np.array([1.0, 3.0, 5.0]), 3, 1).tolist()
        ([nan, nan, 5.0], [nan, nan, 7.0])
    """
    reach = (lookback_bars - 1) / 2.0 + ahead_bars
    return window_mean(values, lookback_bars) + reach * slope(values, lookback_bars)
