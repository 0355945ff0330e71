"""Volatility indicators that smooth ranges or deviations by exponential averages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.talib_windows import wilder_mean
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.windows import require_lookback
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_NO_DEVIATION = 1e-12  # the rounding of a log price; a single tick is 1e-6 or more


def chaikin_volatility(
    high: FloatArray, low: FloatArray, lookback_bars: int, *, lag_bars: int, tolerance: float
) -> FloatArray:
    """Chaikin's volatility: how the smoothed range of bars has changed over ``lag_bars``.

    The range ``high - low`` is smoothed by an exponential average. Chaikin's rate of change over the old value has no
    bound when the old value is nothing; here the change is taken over the sum of both.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Length of the exponential average.
        lag_bars: Bars between the two averages.
        tolerance: Weight at which the average counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where no bar had a range for as long as the average remembers, NaN in the
        first ``lookback_bars + lag_bars - 1`` rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> high = np.array([2.0, 2.0, 2.0, 8.0])  # smoothed ranges 1, 1, 5
        >>> chaikin_volatility(high, np.ones(4), 2, lag_bars=1, tolerance=1e-6).round(4).tolist()
        [nan, nan, 0.0, 0.6667]

    References: M. Chaikin's indicator as in S. B. Achelis, *Technical Analysis from A to Z*, 1995, "Volatility,
    Chaikin's".
    """
    import talib

    require_lookback(lookback_bars)
    require_lookback(lag_bars, least=1)
    reach = high - low
    reach = np.where(reach <= ROUNDING * high, 0.0, reach)
    smooth = np.asarray(talib.EMA(reach, timeperiod=lookback_bars))
    is_still = has_stood_still(reach != 0.0, bars_to_forget((exponential(lookback_bars),), tolerance))
    smooth = np.where(is_still & ~np.isnan(smooth), 0.0, smooth)
    before = np.full(smooth.size, np.nan)
    before[lag_bars:] = smooth[: max(0, smooth.size - lag_bars)]
    return ratio(smooth - before, smooth + before, 0.0)


def relative_volatility_index(
    close: FloatArray, lookback_bars: int, *, deviation_bars: int, tolerance: float
) -> FloatArray:
    """Dorsey's relative volatility index: share of the standard deviation that came with rising closes.

    A relative strength index in which every change is replaced by the standard deviation (ddof 0) of the last
    ``deviation_bars`` log closes, smoothed by Wilder's average. A bar that closes where the last one did counts for
    neither side.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Length of Wilder's average.
        deviation_bars: Log closes in each standard deviation.
        tolerance: Weight at which the average counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; 50 once a market that stands still has been forgotten, NaN in the first
        ``deviation_bars + lookback_bars - 2`` rows.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> numbers = dict(deviation_bars=2, tolerance=1e-6)  # deviations 1 up, 1 up, 2 down
        >>> relative_volatility_index(np.exp([0.0, 2.0, 4.0, 0.0]), 2, **numbers).round(4).tolist()
        [nan, nan, 100.0, 33.3333]

    References: D. Dorsey, "The relative volatility index", *Technical Analysis of Stocks & Commodities* 11, 1993.
    """
    require_lookback(lookback_bars)
    require_lookback(deviation_bars)

    def deviation(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        return (np.sqrt(mean_and_square(block, n_rows, deviation_bars)[1]),)

    spread = in_blocks((np.log(close),), deviation_bars - 1, deviation)[0]
    returns = log_returns(close)
    spread = np.where(spread <= _NO_DEVIATION, 0.0, spread)
    out = np.full(close.size, np.nan)
    first = max(0, deviation_bars - 2)  # `wilder_mean` leaves the first row out
    up = wilder_mean(np.where(returns > 0.0, spread, 0.0)[first:], lookback_bars)
    down = wilder_mean(np.where(returns < 0.0, spread, 0.0)[first:], lookback_bars)
    out[first:] = 100.0 * ratio(up, up + down, 0.5)
    memory_bars = bars_to_forget((wilder(lookback_bars),), tolerance)
    is_still = has_stood_still(returns != 0.0, memory_bars)
    return np.where(is_still & ~np.isnan(out), 50.0, out)
