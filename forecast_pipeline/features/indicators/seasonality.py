"""Intraday seasonality: what is usual at this time of the FX day, from the days before the present one.

Bars lie on the trading clock's grid of days and slots. A value of the same time ``d`` days ago stands ``d`` whole
days of slots before, whatever is missing between them; a missing bar is not in a mean, and a mean of fewer than
half of the days is replaced by its neutral value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, OPEN_DAYS_PER_WEEK
from forecast_pipeline.features.indicators.windows import ROUNDING, require_lookback, window_sum

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

_MONDAY = 4  # 1970-01-05, in days since 1970
_DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class SlotClock:
    """Bars on the grid of FX days and slots.

    Attributes:
        slot: Shape ``(T,)``, slot of the trading clock that holds the bar, from the first bar's FX day on.
        slots_per_day: Slots of an FX day.
    """

    slot: IntArray
    slots_per_day: int

    @property
    def n_slots(self) -> int:
        """Slots of the whole days that hold the bars, and one more."""
        n_days = int(self.slot[-1]) // self.slots_per_day + 1 if self.slot.size else 0
        return n_days * self.slots_per_day + 1


def slot_clock(session: IntArray, day_minute: IntArray, minutes: int) -> SlotClock:
    """Place bars on the grid of FX days and slots; the weekend has none.

    Example:
        >>> friday, monday = 1, 4
        >>> slot_clock(np.array([friday, friday, monday]), np.array([0, 1380, 60]), 60).slot.tolist()
        [0, 23, 25]
    """
    week, weekday = np.divmod(session - _MONDAY, _DAYS_PER_WEEK)
    day = week * OPEN_DAYS_PER_WEEK + np.minimum(weekday, OPEN_DAYS_PER_WEEK - 1)
    slots_per_day = MINUTES_PER_DAY // minutes
    return SlotClock((day - day[:1]) * slots_per_day + day_minute // minutes, slots_per_day)


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
    mean, is_known = _same_time(values, clock, lookback_days)
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
    mean, is_known = _same_time(moves, clock, lookback_days)
    dense, held = _on_grid(moves, clock)
    n_slots = lookback_days * clock.slots_per_day
    total, count = np.zeros(dense.size), np.zeros(dense.size)
    total[1:], count[1:] = window_sum(dense[:-1], n_slots), window_sum(held[:-1], n_slots)
    is_known &= total > 0.0
    factor = np.where(is_known, mean * count / np.where(is_known, total, 1.0), 1.0)
    return factor[clock.slot], factor[clock.slot + 1]


def seasonal_share(moves: FloatArray, clock: SlotClock, lookback_days: int = 10) -> FloatArray:
    """Share of an FX day's usual movement that has passed by this time of day.

    Movement is the sum of absolute returns over the ``lookback_days`` whole FX days before the present one; a day
    counts if half of its slots have a value.

    Args:
        moves: Shape ``(T,)``, absolute returns, NaN where unknown.
        clock: Places of the bars.
        lookback_days: FX days before the present one.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; the share of the day's slots where fewer than half of the days count, or
        nothing moved.

    Raises:
        ValueError: If ``lookback_days`` is less than 1.

    Example:
        >>> clock = SlotClock(np.arange(4), 2)
        >>> seasonal_share(np.array([1.0, 3.0, 9.0, 9.0]), clock, 1).tolist()
        [0.5, 1.0, 0.25, 1.0]

    References: M. M. Dacorogna, U. A. Müller, R. J. Nagler, R. B. Olsen, O. V. Pictet, *Journal of International
    Money and Finance* 12, 1993, on a clock that runs with the usual activity.
    """
    require_lookback(lookback_days, least=1)
    n_per_day = clock.slots_per_day
    dense, held = (grid[:-1].reshape(-1, n_per_day) for grid in _on_grid(moves, clock))
    counts = 2.0 * np.cumsum(held, axis=1)[:, -1:] >= n_per_day
    passed = np.where(counts, np.cumsum(dense, axis=1), 0.0)
    total, n_days = np.zeros(passed.shape), np.zeros(counts.shape)
    for day in range(1, min(lookback_days, len(passed) - 1) + 1):
        total[day:] += passed[:-day]
        n_days[day:] += counts[:-day]
    whole = total[:, -1:]
    is_known = (2.0 * n_days >= lookback_days) & (whole > 0.0)
    even = (np.arange(n_per_day) + 1.0) / n_per_day
    return np.where(is_known, total / np.where(is_known, whole, 1.0), even).ravel()[clock.slot]


def seasonal_surprise(values: FloatArray, present: FloatArray, clock: SlotClock, lookback_days: int = 10) -> FloatArray:
    """Present value over the sum of itself and what is usual at this time of day.

    A ratio ``r`` of present to usual becomes ``r / (1 + r)``, which stays finite when nothing is usual.

    Args:
        values: Shape ``(T,)``, at least 0, NaN where the bar is not to enter the means of later days.
        present: Shape ``(T,)``, at least 0, what is compared.
        clock: Places of the bars.
        lookback_days: FX days before the present one.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 if it is as usual, if both are 0, or if too few days exist. NaN where
        ``present`` is.

    Raises:
        ValueError: If ``lookback_days`` is less than 1.

    Example:
        >>> values = np.array([1.0, 5.0, 3.0, 5.0])
        >>> seasonal_surprise(values, values, SlotClock(np.arange(4), 2), 1).tolist()
        [0.5, 0.5, 0.75, 0.5]
    """
    mean, is_known = _same_time(values, clock, lookback_days)
    usual, is_known = mean[clock.slot], is_known[clock.slot]
    both = present + usual
    is_known &= both != 0.0  # NaN differs from 0 and stays
    share = np.where(is_known, present / np.where(is_known, both, 1.0), 0.5)
    return np.where(np.isnan(present), np.nan, share)


def _on_grid(values: FloatArray, clock: SlotClock) -> tuple[FloatArray, FloatArray]:
    """Values by slot, 0 where unknown, and whether they are known, 0 or 1."""
    dense, held = np.zeros(clock.n_slots), np.zeros(clock.n_slots)
    is_known = ~np.isnan(values)
    dense[clock.slot] = np.where(is_known, values, 0.0)
    held[clock.slot] = is_known
    return dense, held


def _same_time(values: FloatArray, clock: SlotClock, lookback_days: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """For each slot the mean of the days before at the same time, and whether at least half of them are known."""
    require_lookback(lookback_days, least=1)
    dense, held = _on_grid(values, clock)
    total, count = np.zeros(dense.size), np.zeros(dense.size)
    for day in range(1, min(lookback_days, dense.size // clock.slots_per_day) + 1):
        back = day * clock.slots_per_day
        total[back:] += dense[:-back]
        count[back:] += held[:-back]
    return total / np.maximum(count, 1.0), 2.0 * count >= lookback_days
