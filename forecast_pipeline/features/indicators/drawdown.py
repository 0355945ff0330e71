"""Depth of the falls from the window's highest close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_ratio
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def ulcer_index(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Root mean square of the falls below the highest close of the window.

    Every close of the window is compared with the highest of the ``lookback_bars`` closes that it ends, so
    ``2 lookback_bars - 1`` closes count. Falls are fractions of the peak, where Martin has percent.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Falls in the mean, and closes behind each peak.

    Returns:
        Shape ``(T,)``, fraction of the peak, in ``[0, 1]``; NaN in the first ``2 lookback_bars - 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> ulcer_index(np.array([2.0, 2.0, 1.0]), 2).round(4).tolist()  # falls 0 and one half
        [nan, nan, 0.3536]

    References: P. G. Martin, B. B. McCann, *The Investor's Guide to Fidelity Funds*, 1989.
    """
    import talib

    require_lookback(lookback_bars)
    peak = np.asarray(talib.MAX(close, timeperiod=lookback_bars))
    fall = -np.expm1(log_ratio(close, peak))
    return np.sqrt(window_sum(fall * fall, lookback_bars) / lookback_bars)
