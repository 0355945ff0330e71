"""Relative strength with other inputs and lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.momentum import rsi
from forecast_pipeline.features.indicators.momentum_relative_strength import (
    DYNAMIC_DEVIATION_BARS,
    DYNAMIC_MEAN_BARS,
    LONGEST_DYNAMIC,
    SHORTEST_DYNAMIC,
)
from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio, share
from forecast_pipeline.features.indicators.sliding import window_squares
from forecast_pipeline.features.indicators.streak import run_lengths
from forecast_pipeline.features.indicators.windows import change, lagged, require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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

    The run is that of `streak.streak`: changes of equal sign, negative for falls, at most ``most_bars``, so that
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
