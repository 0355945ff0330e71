"""Intraday seasonality: what is usual at this time of the FX day, from the days before the present one.

Bars lie on the trading clock's grid of days and slots. A value of the same time ``d`` days ago stands ``d`` whole
days of slots before, whatever is missing between them; a missing bar is not in a mean, and a mean of fewer than
half of the days is replaced by its neutral value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING
from forecast_pipeline.features.indicators.slot_clock import SlotClock, on_grid, same_time
from forecast_pipeline.features.indicators.windows import window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def bar_returns(close: FloatArray, opens_us: IntArray, closes_us: IntArray) -> FloatArray:
    """Log return of each bar against the close before; NaN over a closure or hole, which is of no time of day.

    Example:
        >>> bar_returns(np.array([2.0, 2.0, 3.0]), np.array([0, 1, 5]), np.array([1, 2, 6])).tolist()
        [nan, 0.0, nan]
    """
    out = np.full(close.size, np.nan)
    follows = opens_us[1:] == closes_us[:-1]
    out[1:] = np.where(follows, np.log(close[1:] / close[:-1]), np.nan)
    return out


def absolute_moves(returns: FloatArray) -> FloatArray:
    """Absolute log returns, 0 where nothing but rounding moved.

    Example:
        >>> absolute_moves(np.array([-0.5, 1e-16])).tolist()
        [0.5, 0.0]
    """
    moved = np.abs(returns)
    return np.where(moved <= ROUNDING, 0.0, moved)


def same_time_mean(
    values: FloatArray, clock: SlotClock, lookback_days: int, neutral: float
) -> tuple[FloatArray, FloatArray]:
    """Mean of the values at this time of the ``lookback_days`` FX days before, and at the time of the next bar.

    Args:
        values: Shape ``(T,)``, NaN where unknown.
        clock: Places of the bars.
        lookback_days: FX days before the present one.
        neutral: Mean where fewer than half of the days have a value.

    Returns:
        The mean of the bar's own slot and that of the slot after it, each of shape ``(T,)``, unit of the values.

    Raises:
        ValueError: If ``lookback_days`` is less than 1.

    Example:
        >>> mondays_on = SlotClock(np.array([0, 1, 2, 3, 4]), 2)  # two slots a day
        >>> own, following = same_time_mean(np.array([1.0, 5.0, 2.0, 6.0, 9.0]), mondays_on, 2, neutral=0.0)
        >>> own.tolist(), following.tolist()
        ([0.0, 0.0, 1.0, 5.0, 1.5], [0.0, 1.0, 5.0, 1.5, 5.5])
    """
    mean, is_known = same_time(values, clock, lookback_days)
    usual = np.where(is_known, mean, neutral)
    return usual[clock.slot], usual[clock.slot + 1]


def seasonal_factor(moves: FloatArray, clock: SlotClock, lookback_days: int = 10) -> tuple[FloatArray, FloatArray]:
    """Usual move at this time of day over the mean move of all times, and the same for the next bar's time.

    Args:
        moves: Shape ``(T,)``, absolute returns, NaN where unknown.
        clock: Places of the bars.
        lookback_days: FX days before the present one.

    Returns:
        Two ratios of shape ``(T,)``, at least 0; 1 where too few days exist or nothing moved at any time.

    Raises:
        ValueError: If ``lookback_days`` is less than 1.

    Example:
        >>> clock = SlotClock(np.arange(5), 2)
        >>> seasonal_factor(np.array([1.0, 3.0, 1.0, 3.0, 9.0]), clock, 2)[0][-1:].tolist()
        [0.5]

    References: T. G. Andersen, T. Bollerslev, *Journal of Empirical Finance* 4, 1997.
    """
    mean, is_known = same_time(moves, clock, lookback_days)
    dense, held = on_grid(moves, clock)
    n_slots = lookback_days * clock.slots_per_day
    total, count = np.zeros(dense.size), np.zeros(dense.size)
    total[1:], count[1:] = window_sum(dense[:-1], n_slots), window_sum(held[:-1], n_slots)
    is_known &= total > 0.0
    factor = np.where(is_known, mean * count / np.where(is_known, total, 1.0), 1.0)
    return factor[clock.slot], factor[clock.slot + 1]
