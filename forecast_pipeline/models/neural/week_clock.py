"""Variance of every slot of the trading week, relative to the hourly profile that all families share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, OPEN_DAYS_PER_WEEK, trading_minutes
from forecast_pipeline.splits.target_scale import VARIANCE_FLOOR_FRACTION, exponential_mean

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import BarHistory

    Floats = npt.NDArray[np.float64]

DEGREES_OF_FREEDOM = 5.0
"""Of the Student t whose likelihood is maximised: one Friday with a payroll surprise is not the law of Fridays."""
DAY_PRIOR_BARS = 40.0
WEEK_PRIOR_BARS = 80.0
"""A slot of the week counts like so many bars of its slot of the day, and that like bars of the hour."""
MEMORY_BARS = 33.0
_N_ITERATIONS = 20


@dataclass(frozen=True, slots=True)
class WeekClock:
    """Relative variance by slot of the trading week, multiplied onto `TargetScale.profile`.

    Attributes:
        slot_minutes: Length of a slot.
        factors: Shape ``(W,)``, one a slot of the week, mean 1; the first slot opens the week.
        profile: Shape ``(W,)``, the hourly profile of the fold at the same slots.
    """

    slot_minutes: int
    factors: Floats
    profile: Floats

    @classmethod
    def flat(cls, slot_minutes: int) -> WeekClock:
        """A clock that says nothing."""
        n_week = OPEN_DAYS_PER_WEEK * max(MINUTES_PER_DAY // slot_minutes, 1)
        return cls(slot_minutes, np.ones(n_week), np.ones(n_week))

    @classmethod
    def fit(cls, history: BarHistory, first: int, stop: int) -> WeekClock:
        """Learn the factors from the bars ``first`` to ``stop - 1`` of a history.

        Squared returns over a slow variance of the bars before are averaged by slot of the day, then by slot of the
        week, each shrunk to the coarser, with the weights ``(nu + 1) / (nu + x)`` of a Student t likelihood.

        A history without instants or profile gives the flat clock.
        """
        if history.close_us is None or history.profile is None:
            return cls.flat(history.slot_minutes)
        made = cls.flat(history.slot_minutes)
        n_week = made.factors.size
        n_day = n_week // OPEN_DAYS_PER_WEEK
        hourly = np.asarray(history.profile)
        profile = np.tile(hourly[np.arange(n_day) * hourly.size // n_day], OPEN_DAYS_PER_WEEK)
        known = np.flatnonzero(np.isfinite(history.returns[first:stop])) + first
        squared = np.square(history.returns[known])
        if not squared.any():
            return cls(history.slot_minutes, made.factors, profile)
        ratio = squared[1:] / _slow_variance(squared)[:-1]
        slot = made.slot_of(history.close_us[known[1:]])
        ratio = ratio / _robust_level(ratio, np.zeros(ratio.size, np.int64), np.ones(1), 0.0)[0]
        day = _robust_level(ratio, slot % n_day, np.ones(n_day), DAY_PRIOR_BARS)
        week = np.tile(day, OPEN_DAYS_PER_WEEK)
        week = week * _robust_level(ratio, slot, week, WEEK_PRIOR_BARS)
        return cls(history.slot_minutes, week / week.mean(), profile)

    def slot_of(self, close_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Slot of the week in which bars with these closes lie."""
        return np.asarray((trading_minutes(close_us) - self.slot_minutes) // self.slot_minutes % self.factors.size)

    def at(self, close_us: npt.NDArray[np.int64]) -> Floats:
        """Factor of the bars that close at these instants."""
        return self.factors[self.slot_of(close_us)]

    def expected_slots(self, issued_at_us: npt.NDArray[np.int64], horizons: tuple[int, ...]) -> Floats:
        """Variance of each increment in slots of average variance, shape ``(B, K)``: profile times factors, summed."""
        one = np.concatenate([[0.0], np.cumsum(self.profile * self.factors)])
        begin = trading_minutes(issued_at_us) // self.slot_minutes % self.factors.size
        week, slot = np.divmod(begin[:, None] + np.array([0, *horizons]), self.factors.size)
        return np.asarray(np.diff(week * one[-1] + one[slot], axis=1))


def _slow_variance(squared: Floats) -> Floats:
    level = float(squared.mean())
    return exponential_mean(squared, 1.0 - 1.0 / MEMORY_BARS, level, VARIANCE_FLOOR_FRACTION * level)


def _robust_level(values: Floats, cell: npt.NDArray[np.int64], base: Floats, prior: float) -> Floats:
    """Scale of each cell relative to ``base`` by the EM steps of a Student t, with ``prior`` values of 1."""
    relative = values / base[cell]
    count = np.bincount(cell, minlength=base.size) + prior
    level = np.ones(base.size)
    for _ in range(_N_ITERATIONS):
        weight = (DEGREES_OF_FREEDOM + 1.0) / (DEGREES_OF_FREEDOM + relative / level[cell])
        level = (np.bincount(cell, weights=weight * relative, minlength=base.size) + prior) / count
    return level
