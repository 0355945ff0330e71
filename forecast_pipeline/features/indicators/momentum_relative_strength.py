"""Momentum as the share of gains in the changes of the close, and what is made of Wilder's index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.momentum import rsi
from forecast_pipeline.features.indicators.sliding import (
    exponential_mean,
    lagged,
    place,
    ratio,
    share,
    wilder_average,
    window_bottom,
    window_mean,
    window_squares,
    window_top,
)
from forecast_pipeline.features.indicators.trend_count import run_lengths
from forecast_pipeline.features.indicators.windows import (
    ROUNDING,
    change,
    has_stood_still,
    require_lookback,
    window_sum,
)
from forecast_pipeline.features.warm_up import bars_to_forget, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

SHORTEST_DYNAMIC, LONGEST_DYNAMIC = 5, 30
DYNAMIC_DEVIATION_BARS, DYNAMIC_MEAN_BARS = 5, 10
"""Bounds of Chande and Kroll's lookback, and the windows of the volatility that moves it."""

_SAME_INDEX = 1e-7  # of 100: an index that moved less has moved by rounding


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


def stochastic_rsi(
    close: FloatArray,
    lookback_bars: int = 14,
    *,
    range_bars: int = 14,
    k_bars: int = 3,
    d_bars: int = 3,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray]:
    """Place of Wilder's relative strength index in its own recent range, smoothed once and twice.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length of the index.
        range_bars: Values of the index whose range counts.
        k_bars: Simple mean that makes %K.
        d_bars: Simple mean that makes %D out of %K.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        %K and %D, each of shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars + range_bars + k_bars - 2``
        and ``d_bars - 1`` more rows. An index that stands still counts as 50, where TA-Lib says 0.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> price = np.array([1.0, 2.0, 3.0, 2.0])  # the index is 100, then 50
        >>> stochastic_rsi(price, 2, range_bars=2, k_bars=1, d_bars=1)[0].tolist()
        [nan, nan, nan, 0.0]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    index = rsi(close, lookback_bars, tolerance)
    top = window_top(index, range_bars)
    raw = 100.0 * place(index, top, window_bottom(index, range_bars), _SAME_INDEX)
    percent_k = window_mean(raw, k_bars)
    return percent_k, window_mean(percent_k, d_bars)


def rsi_slope(close: FloatArray, lookback_bars: int = 14, slope_bars: int = 5, tolerance: float = 1e-6) -> FloatArray:
    """Change of Wilder's relative strength index over the last ``slope_bars`` bars.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length of the index.
        slope_bars: Bars of the change.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-100, 100]``; NaN in the first ``lookback_bars + slope_bars`` rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> rsi_slope(np.array([1.0, 2.0, 3.0, 2.0]), 2, 1).tolist()  # from 100 to 50
        [nan, nan, nan, -50.0]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978, for the index.
    """
    require_lookback(slope_bars, least=1)
    index = rsi(close, lookback_bars, tolerance)
    return index - lagged(index, slope_bars)


def derivative_oscillator(
    close: FloatArray,
    lookback_bars: int = 14,
    *,
    first_bars: int = 5,
    second_bars: int = 3,
    signal_bars: int = 9,
    tolerance: float = 1e-6,
) -> FloatArray:
    """Brown's derivative oscillator: the relative strength index smoothed twice, minus its simple mean.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length of the index.
        first_bars: First exponential average of the index.
        second_bars: Second exponential average.
        signal_bars: Simple mean that is subtracted.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-100, 100]``; NaN until all windows are full; 0 in a market that stands still.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> derivative_oscillator(np.arange(1.0, 30.0))[-1].item()  # the index is 100 throughout
        0.0

    References: C. Brown, *Technical Analysis for the Trading Professional*, 1999.
    """
    index = rsi(close, lookback_bars, tolerance)
    smooth = exponential_mean(exponential_mean(index, first_bars), second_bars)
    return smooth - window_mean(smooth, signal_bars)


def connors_rsi(
    close: FloatArray,
    lookback_bars: int = 3,
    *,
    streak_bars: int = 2,
    rank_bars: int = 100,
    most_bars: int = 20,
    tolerance: float = 1e-6,
) -> FloatArray:
    """Connors' index: mean of a short RSI, the RSI of the run's length and the rank of the last return.

    The run is that of `trend_count.streak`: changes of equal sign, negative for falls, at most ``most_bars``, so that
    its memory ends. The rank is the percentage of the ``rank_bars`` returns before the last one that were smaller.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length of the index of the close.
        streak_bars: Smoothing length of the index of the run.
        rank_bars: Returns with which the last one is compared.
        most_bars: Largest length of a run.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``rank_bars + 1`` rows at least. Equal returns count one half,
        so a market that stands still gives 50.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> connors_rsi(np.full(5, 1.1), 2, rank_bars=2).tolist()
        [nan, nan, nan, 50.0, 50.0]

    References: L. Connors, C. Alvarez, "An introduction to ConnorsRSI", Connors Research, 2012.
    """
    require_lookback(rank_bars, least=1)
    length, direction = run_lengths(close, most_bars)
    returns = np.full(close.size, np.nan)
    returns[1:] = close[1:] / close[:-1] - 1.0
    ahead = np.zeros(close.size)
    for lag in range(1, rank_bars + 1):
        ahead += np.sign(returns - lagged(returns, lag))
    rank = 50.0 * (1.0 + ahead / rank_bars)
    return (rsi(close, lookback_bars, tolerance) + rsi(direction * length, streak_bars, tolerance) + rank) / 3.0


def dynamic_momentum_index(close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Chande and Kroll's dynamic momentum index: an RSI that looks back further the calmer the market.

    The lookback is ``lookback_bars`` divided by the standard deviation of the last 5 closes as a multiple of its mean
    over 10 bars, rounded down and held from 5 to 30 bars. Gains and losses are summed over it, as in Cutler's RSI.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Lookback at the usual volatility.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first 30 rows; 50 without any change.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> dynamic_momentum_index(np.arange(1.0, 33.0))[-1].item()
        100.0

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    require_lookback(lookback_bars)
    std = np.sqrt(window_squares(close, DYNAMIC_DEVIATION_BARS) / DYNAMIC_DEVIATION_BARS)
    std = np.where(std <= ROUNDING * close, 0.0, std)
    mean_std = window_mean(std, DYNAMIC_MEAN_BARS)
    # The usual over the present volatility; a market that has just stopped looks back as far as it may.
    calm = np.where(mean_std == 0.0, 1.0, ratio(mean_std, std, neutral=np.inf))
    # Both volatilities may be equal: rounding must not take a bar off a whole number.
    lookbacks = np.clip(np.floor(lookback_bars * calm + ROUNDING), SHORTEST_DYNAMIC, LONGEST_DYNAMIC)
    step = change(close)
    gained, lost = np.zeros(close.size), np.zeros(close.size)
    index = np.full(close.size, np.nan)
    for lag in range(LONGEST_DYNAMIC):
        before = lagged(step, lag)
        gained += np.maximum(before, 0.0)
        lost += np.maximum(-before, 0.0)
        if lag + 1 >= SHORTEST_DYNAMIC:
            np.copyto(index, share(gained, lost), where=lookbacks == lag + 1)
    index[:LONGEST_DYNAMIC] = np.nan
    return index
