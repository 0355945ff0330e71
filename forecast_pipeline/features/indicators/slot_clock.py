"""The slot of the day that a bar falls into, and values of the same slot on the days before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, OPEN_DAYS_PER_WEEK
from forecast_pipeline.features.indicators.windows import require_lookback

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


def on_grid(values: FloatArray, clock: SlotClock) -> tuple[FloatArray, FloatArray]:
    """Values by slot, 0 where unknown, and whether they are known, 0 or 1."""
    dense, held = np.zeros(clock.n_slots), np.zeros(clock.n_slots)
    is_known = ~np.isnan(values)
    dense[clock.slot] = np.where(is_known, values, 0.0)
    held[clock.slot] = is_known
    return dense, held


def same_time(values: FloatArray, clock: SlotClock, lookback_days: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """For each slot the mean of the days before at the same time, and whether at least half of them are known."""
    require_lookback(lookback_days, least=1)
    dense, held = on_grid(values, clock)
    total, count = np.zeros(dense.size), np.zeros(dense.size)
    for day in range(1, min(lookback_days, dense.size // clock.slots_per_day) + 1):
        back = day * clock.slots_per_day
        total[back:] += dense[:-back]
        count[back:] += held[:-back]
    return total / np.maximum(count, 1.0), 2.0 * count >= lookback_days
