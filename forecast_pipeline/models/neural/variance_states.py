"""What past bars say of variance: exponential means of squared, absolute and ranged returns at many memories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.models.neural.week_clock import WeekClock
from forecast_pipeline.splits.target_scale import exponential_mean

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import BarHistory

    Floats = npt.NDArray[np.float64]

SHORTEST_MEMORY_BARS = 2.5
LONGEST_MEMORY_BARS = 640.0
DAYS_PER_MONTH = 22
MEMORY_FACTOR = 2.5
FLOOR_FRACTION = 1e-4
"""Quoted prices move in ticks: bars of unchanged prices still have a variance, this share of the training mean."""
# E|x| of a standard normal squared, inverted; and the same for the root of Garman and Klass' variance, measured.
_ABSOLUTE_TO_VARIANCE = np.pi / 2.0
_RANGE_TO_VARIANCE = 1.1
_GARMAN_KLASS = 2.0 * np.log(2.0) - 1.0


@dataclass(frozen=True)
class VarianceStates:
    """A bank of exponential means over deseasonalised bars, started at the level of the training bars.

    Squared returns react like GARCH, absolute ones (squared after averaging) shrug off single jumps, and Garman and
    Klass' range variance (1980) measures a bar some seven times as precisely as its squared return. Mixtures of
    memories from two bars to a month hold GARCH (Bollerslev 1986) and HAR (Corsi 2009) as special cases.

    Attributes:
        memories: Mean age of each exponential mean in bars.
        clock: Week clock that returns are divided by.
        level: Mean squared return of the training bars, on the week clock.
        has_candles: Whether range variances are used.
    """

    memories: tuple[float, ...]
    clock: WeekClock
    level: float
    has_candles: bool

    @classmethod
    def fit(cls, history: BarHistory, first: int, stop: int) -> VarianceStates:
        """Learn clock and level from the bars ``first`` to ``stop - 1``."""
        clock = WeekClock.fit(history, first, stop)
        day = max(MINUTES_PER_DAY // history.slot_minutes, 1)
        longest = min(max(LONGEST_MEMORY_BARS, DAYS_PER_MONTH * day), max((stop - first) / 10.0, 10.0))
        n_memories = max(int(np.log(longest / SHORTEST_MEMORY_BARS) / np.log(MEMORY_FACTOR)), 1) + 1
        memories = np.geomspace(SHORTEST_MEMORY_BARS, longest, n_memories)
        made = cls(tuple(memories.tolist()), clock, 1.0, history.candles is not None)
        squared = np.square(made.returns(history)[first:stop])
        squared = squared[np.isfinite(squared)]
        level = float(squared.mean()) if squared.size and squared.any() else float(np.finfo(float).tiny) ** 0.5
        return cls(made.memories, clock, level, made.has_candles)

    @property
    def n_states(self) -> int:
        """Number of states, the constant level included."""
        return len(self.memories) * (4 if self.has_candles else 2) + 1

    def returns(self, history: BarHistory) -> Floats:
        """Returns of all bars on the week clock, shape ``(T,)``."""
        return history.returns / self._root(history)

    def candles(self, history: BarHistory) -> Floats:
        """Log open, high and low over the close of all bars on the week clock, shape ``(T, 3)``."""
        if history.candles is None:  # a model of candles is asked with closes: bars go straight from close to close
            returns = self.returns(history)
            return np.stack([-returns, np.maximum(-returns, 0.0), np.minimum(-returns, 0.0)], axis=1)
        return np.asarray(history.candles / self._root(history)[:, None])

    def measure(self, history: BarHistory) -> npt.NDArray[np.float32]:
        """Variance per slot known at each bar, in units of the level, shape ``(T, n_states)``; never NaN, positive.

        An unknown return leaves the states as they were.
        """
        return self.states_of(self.means(history))

    def means(self, history: BarHistory) -> npt.NDArray[np.float32]:
        """Exponential means behind the states, shape ``(kinds, n_memories, T)``, see `measurements`."""
        return np.stack([self._smoothed(values) for values in self.measurements(history)])

    def measurements(self, history: BarHistory) -> Floats:
        """What is averaged of each bar, shape ``(kinds, T)``: squared and absolute return, range variance, its root."""
        returns = self.returns(history) / np.sqrt(self.level)
        kinds = [np.square(returns), np.abs(returns)]
        if self.has_candles:
            ranged = self._range_variance(history)
            kinds += [ranged, np.sqrt(ranged)]
        return np.stack(kinds)

    def states_of(self, means: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """States of exponential means of shape ``(kinds, n_memories, T)``; means of roots are squared."""
        columns = [means[0], np.square(means[1]) * _ABSOLUTE_TO_VARIANCE]
        if self.has_candles:
            columns += [means[2], np.square(means[3]) * _RANGE_TO_VARIANCE]
        states = np.concatenate([*columns, np.ones((1, means.shape[2]), np.float32)])
        return np.ascontiguousarray(np.maximum(states, FLOOR_FRACTION).T)

    def _smoothed(self, values: Floats) -> npt.NDArray[np.float32]:
        """Exponential means of the known values at each memory, shape ``(n_memories, T)``."""
        made = np.empty((len(self.memories), values.size), np.float32)
        for row, memory in zip(made, self.memories, strict=True):
            row[:] = exponential_mean(values, 1.0 - 1.0 / memory, start=1.0, floor=0.0)
        return made

    def _range_variance(self, history: BarHistory) -> Floats:
        begin, high, low = self.candles(history).T
        variance = 0.5 * np.square(high - low) - _GARMAN_KLASS * np.square(begin)
        return np.asarray(np.maximum(variance / self.level, FLOOR_FRACTION))

    def _root(self, history: BarHistory) -> Floats:
        if history.close_us is None:
            return np.ones(history.returns.size)
        return np.asarray(np.sqrt(self.clock.at(history.close_us)))
