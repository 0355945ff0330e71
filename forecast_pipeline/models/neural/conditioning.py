"""What a decision is conditioned on, as arrays: variance states, clock, indicators and the patch of past bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self, cast

import numpy as np

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, OPEN_DAYS_PER_WEEK, trading_minutes
from forecast_pipeline.models.neural.variance_states import VarianceStates
from forecast_pipeline.models.neural.week_clock import WeekClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import BarHistory, Rows

    Floats = npt.NDArray[np.float64]
    Singles = npt.NDArray[np.float32]

DAY_HARMONICS = 3
WEEK_HARMONICS = 2
CLIP = 4.0
"""Standardised inputs are cut here: a network is not asked what it has never seen."""
CANDLE_CHANNELS = ("relative_open", "relative_high", "relative_low", "relative_close")
PATCH_CHANNELS = ("scaled_return", "log_realised_volatility", "day_sine", "day_cosine")
VOLATILITY_BARS = 12.0


class Conditions(NamedTuple):
    """Inputs of ``B`` decisions in single precision.

    Attributes:
        states: Shape ``(B, V)``, variance states relative to ``reference``.
        features: Shape ``(B, F)``, standardised logarithms of the states, and the clock.
        slow: Shape ``(B, p)``, standardised indicators, cut at `CLIP`.
        unit: Shape ``(B, K)``, double precision: deviation of each increment if variance were ``reference``.
    """

    states: Singles
    features: Singles
    slow: Singles
    unit: Floats

    def take(self, positions: npt.NDArray[np.intp]) -> Conditions:
        """Those at ``positions``."""
        return Conditions(self.states[positions], self.features[positions], self.slow[positions], self.unit[positions])


@dataclass
class Conditioner:
    """Makes conditions of rows, with what it learned on training rows.

    Attributes:
        variance: Bank of variance states.
        mean: Training mean of the features.
        std: Training deviation of the features.
        has_clock: Whether bars are shorter than a day, so that the time of day says something.
    """

    variance: VarianceStates
    mean: Floats
    std: Floats
    has_clock: bool

    def __post_init__(self) -> None:
        self._measured: tuple[BarHistory | None, Singles] = (None, np.zeros((0, 0), np.float32))
        self._patched: tuple[BarHistory | None, Singles] = (None, np.zeros((0, 0), np.float32))

    @classmethod
    def fit(cls, train: Rows) -> Self:
        """Learn from the bars between the first and the last training row, and from the rows.

        Raises:
            TrainingFailed: If rows carry no past returns, or there is none.
        """
        if train.history is None or len(train) == 0:
            raise TrainingFailed("training rows must be there and carry the past returns of their bars", was="none")
        history = train.history
        first, stop = int(history.bar.min()), int(history.bar.max()) + 1
        variance = VarianceStates.fit(history, first, stop)
        made = cls(variance, np.zeros(0), np.ones(0), history.slot_minutes < MINUTES_PER_DAY)
        raw = made._raw_features(train, *made._states(history))
        made.mean, made.std = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-3)
        return made

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels of a patch, in order."""
        return (*CANDLE_CHANNELS, *PATCH_CHANNELS) if self.variance.has_candles else PATCH_CHANNELS

    def conditions(self, rows: Rows) -> Conditions:
        """Inputs of decisions; those of a row depend on bars up to its own only."""
        history = cast("BarHistory", rows.history)
        states, reference = self._states(history)
        features = (self._raw_features(rows, states, reference) - self.mean) / self.std
        slots = self.variance.clock.expected_slots(rows.issued_at_us, history.horizons)
        if history.close_us is None or history.profile is None:
            slots = history.n_slots
        bar = history.bar
        slow = rows.inputs
        return Conditions(
            states[bar] / reference[bar, None],
            np.clip(features, -CLIP, CLIP).astype(np.float32),
            np.clip(slow, -CLIP, CLIP).astype(np.float32),
            np.sqrt(reference[bar, None].astype(np.float64) * self.variance.level * slots),
        )

    def bar_channels(self, history: BarHistory) -> Singles:
        """Channels of all bars, shape ``(T, C)``, in units of the volatility before each bar; 0 where unknown.

        A patch is a run of rows that ends at the bar of a decision.
        """
        if not _has_same_bars(self._patched[0], history):
            self._patched = (history, self._bar_channels(history))
        return self._patched[1]

    def state(self) -> dict[str, object]:
        """Numbers and arrays to be stored."""
        variance = self.variance
        return {
            "memories": list(variance.memories),
            "level": variance.level,
            "has_candles": variance.has_candles,
            "slot_minutes": variance.clock.slot_minutes,
            "week_factors": variance.clock.factors,
            "week_profile": variance.clock.profile,
            "mean": self.mean,
            "std": self.std,
            "has_clock": self.has_clock,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The conditioner that `state` described."""
        factors, profile = cast("Floats", state["week_factors"]), cast("Floats", state["week_profile"])
        clock = WeekClock(cast("int", state["slot_minutes"]), factors, profile)
        memories = tuple(cast("list[float]", state["memories"]))
        variance = VarianceStates(
            memories, clock, cast("float", state["level"]), has_candles=cast("bool", state["has_candles"])
        )
        mean, std = cast("Floats", state["mean"]), cast("Floats", state["std"])
        return cls(variance, mean, std, cast("bool", state["has_clock"]))

    def _states(self, history: BarHistory) -> tuple[Singles, Singles]:
        """States and their geometric mean, the reference, at every bar; kept for the history asked last."""
        if not _has_same_bars(self._measured[0], history):
            self._measured = (history, self.variance.measure(history))
        states = self._measured[1]
        return states, np.exp(np.log(states[:, :-1]).mean(axis=1))

    def _raw_features(self, rows: Rows, states: Singles, reference: Singles) -> Floats:
        bar = cast("BarHistory", rows.history).bar
        own = np.log(states[bar, :-1] / reference[bar, None])
        parts = [own, 0.5 * np.log(reference[bar, None])]
        if self.has_clock:
            parts.append(clock_harmonics(rows.issued_at_us))
        return np.concatenate(parts, axis=1).astype(np.float64)

    def _bar_channels(self, history: BarHistory) -> Singles:
        states, _ = self._states(history)
        nearest = int(np.argmin(np.abs(np.array(self.variance.memories) - VOLATILITY_BARS)))
        variance = np.concatenate([states[:1, nearest], states[:-1, nearest]]).astype(np.float64)  # before each bar
        returns = self.variance.returns(history)
        unit = np.sqrt(variance * self.variance.level)
        scaled = np.clip(returns / unit, -CLIP, CLIP)
        columns: list[Floats] = []
        if self.variance.has_candles:
            begin, high, low = self.variance.candles(history).T
            relative = np.column_stack([begin, high, low])
            columns += [np.clip(column / unit, -CLIP, CLIP) for column in relative.T] + [scaled]
        columns += [np.sign(scaled) * np.sqrt(np.abs(scaled)), 0.5 * np.log(states[:, nearest].astype(np.float64))]
        if history.close_us is not None and self.has_clock:
            columns += list(clock_harmonics(history.close_us)[:, :2].T)
        else:
            columns += [np.zeros(returns.size)] * 2
        return np.ascontiguousarray(np.nan_to_num(np.stack(columns, axis=1), nan=0.0).astype(np.float32))


def _has_same_bars(kept: BarHistory | None, history: BarHistory) -> bool:
    """Whether the arrays of two histories are the same objects; their decisions may differ."""
    return kept is not None and all(
        ours is theirs
        for ours, theirs in (
            (kept.returns, history.returns),
            (kept.candles, history.candles),
            (kept.close_us, history.close_us),
        )
    )


def clock_harmonics(issued_at_us: npt.NDArray[np.int64]) -> Floats:
    """Sine and cosine of the time of day and week at instants, shape ``(n, 2 (DAY_HARMONICS + WEEK_HARMONICS))``."""
    minutes = trading_minutes(issued_at_us)
    columns: list[Floats] = []
    week = OPEN_DAYS_PER_WEEK * MINUTES_PER_DAY
    for period, n_harmonics in ((MINUTES_PER_DAY, DAY_HARMONICS), (week, WEEK_HARMONICS)):
        for harmonic in range(1, n_harmonics + 1):
            angle = 2.0 * np.pi * harmonic * (minutes % period) / period
            columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, axis=1)
