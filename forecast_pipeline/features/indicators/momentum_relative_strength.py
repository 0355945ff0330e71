"""Momentum as the share of gains in the changes of the close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import ratio, share
from forecast_pipeline.features.indicators.talib_windows import wilder_average
from forecast_pipeline.features.indicators.windows import change, lagged, require_lookback, window_sum
from forecast_pipeline.features.warm_up import bars_to_forget, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

SHORTEST_DYNAMIC, LONGEST_DYNAMIC = 5, 30
DYNAMIC_DEVIATION_BARS, DYNAMIC_MEAN_BARS = 5, 10
"""Bounds of Chande and Kroll's lookback, and the windows of the volatility that moves it."""


def cmo(close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Chande's momentum oscillator: gains minus losses over their sum.

    Chande's own, with simple sums. TA-Lib's CMO averages as Wilder's, which makes it twice the RSI minus 100.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Changes that are summed.

    Returns:
        Shape ``(T,)``, in ``[-100, 100]``; NaN in the first ``lookback_bars`` rows; 0 without any change.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> cmo(np.array([1.0, 2.0, 5.0, 4.0, 4.0]), 2).tolist()
        [nan, nan, 100.0, 50.0, -100.0]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    require_lookback(lookback_bars)
    step = change(close)
    gained, lost = (window_sum(np.maximum(side, 0.0), lookback_bars) for side in (step, -step))
    return 100.0 * ratio(gained - lost, gained + lost, neutral=0.0)


def relative_momentum_index(
    close: FloatArray, lookback_bars: int = 20, momentum_bars: int = 5, tolerance: float = 1e-6
) -> FloatArray:
    """Altman's relative momentum index: Wilder's index of changes over ``momentum_bars`` bars.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length.
        momentum_bars: Bars of each change.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars + momentum_bars - 1`` rows; 50 in a market
        that has not moved for as long as the smoothing remembers.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> relative_momentum_index(np.array([1.0, 2.0, 4.0, 1.0]), 2, 2).tolist()  # changes 3 and -1
        [nan, nan, nan, 75.0]

    References: R. Altman, *Technical Analysis of Stocks & Commodities* 11:2, 1993.
    """
    require_lookback(lookback_bars)
    require_lookback(momentum_bars, least=1)
    step = close - lagged(close, momentum_bars)
    gained, lost = (wilder_average(np.maximum(side, 0.0), lookback_bars) for side in (step, -step))
    memory_bars = bars_to_forget((wilder(lookback_bars),), tolerance) + momentum_bars - 1
    index = share(gained, lost)
    return np.where(has_stood_still(change(close) != 0.0, memory_bars) & ~np.isnan(index), 50.0, index)
