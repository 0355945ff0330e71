"""Ex-ante scale of returns: exponentially weighted variance times an intraday profile.

Every family forecasts returns in units of this scale, so that the volatility of the
hour and of the week is said once; a forecaster adds what it knows on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, trading_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.core.timeframe import Timeframe

    Floats = npt.NDArray[np.float64]

DECAYS = (0.9, 0.94, 0.97, 0.985, 0.993, 0.997)
# A cell's own variance counts like this many bars of the average, so that thin cells stay near it.
PRIOR_BARS = 20.0
# Quoted prices move in ticks: a window of unchanged prices still has a variance.
VARIANCE_FLOOR_FRACTION = 1e-3


@dataclass(frozen=True, slots=True)
class TargetScale:
    """Variance model fitted on training rows.

    Attributes:
        slot_minutes: Length of the base bar.
        profile: Relative variance by time of the FX day, mean 1, cells of equal length.
        decay: Weight of the past in ``v <- decay v + (1 - decay) r^2 / profile``.
        floor: Smallest deseasonalised variance per slot.
        start: Deseasonalised variance before the first bar.
    """

    slot_minutes: int
    profile: tuple[float, ...]
    decay: float
    floor: float
    start: float

    @classmethod
    def fit(cls, close_us: npt.NDArray[np.int64], bar_returns: Floats, timeframe: Timeframe) -> TargetScale:
        """Learn profile and decay from training bars only.

        The decay is the one of `DECAYS` with the best one-step Gaussian likelihood
        (QLIKE; Patton 2011).

        Args:
            close_us: Shape ``(T,)``, closes of training bars.
            bar_returns: Shape ``(T,)``, log return of each bar; NaN where unknown.
            timeframe: Length of a bar.
        """
        known = np.isfinite(bar_returns)
        squared = np.square(bar_returns[known])
        mean = float(squared.mean()) if squared.size else 0.0
        if mean <= 0.0:
            return cls(timeframe.minutes, (1.0,), DECAYS[-1], 1e-16, 1e-16)
        n_cells = max(MINUTES_PER_DAY // max(timeframe.minutes, 60), 1)
        cell = _cells(close_us[known], timeframe.minutes, n_cells)
        count = np.bincount(cell, minlength=n_cells)
        total = np.bincount(cell, weights=squared, minlength=n_cells)
        profile = (total + PRIOR_BARS * mean) / (count + PRIOR_BARS) / mean
        profile /= profile.mean()
        deseasonalised = squared / profile[cell]
        start = float(deseasonalised.mean())
        floor = VARIANCE_FLOOR_FRACTION * start
        losses = [_qlike(deseasonalised, decay, start, floor) for decay in DECAYS]
        return cls(timeframe.minutes, tuple(profile.tolist()), DECAYS[int(np.argmin(losses))], floor, start)

    def slot_variance(self, close_us: npt.NDArray[np.int64], bar_returns: Floats) -> Floats:
        """Deseasonalised variance per slot known at each close, shape ``(T,)``.

        Unknown returns leave it as it was. The bars must be consecutive; the value
        depends on a start 1 / (1 - decay) bars back and more.
        """
        return self.smoothed(self.deseasonalised(close_us, bar_returns))

    def deseasonalised(self, close_us: npt.NDArray[np.int64], bar_returns: Floats) -> Floats:
        """Bar returns over the root of their hour's share of the variance, shape ``(T,)``."""
        profile = np.asarray(self.profile)
        return np.asarray(bar_returns / np.sqrt(profile[_cells(close_us, self.slot_minutes, profile.size)]))

    def smoothed(self, deseasonalised: Floats) -> Floats:
        """Variance per slot known at each bar from its deseasonalised returns, shape ``(T,)``; see `slot_variance`."""
        return exponential_mean(np.square(deseasonalised), self.decay, self.start, self.floor)

    def increment_scale(
        self, close_us: npt.NDArray[np.int64], slot_variance: Floats, horizons: Sequence[int]
    ) -> Floats:
        """Standard deviation of each increment between horizons, shape ``(T, K)``."""
        return np.asarray(np.sqrt(slot_variance[:, None] * self.expected_slots(close_us, horizons)))

    def expected_slots(self, close_us: npt.NDArray[np.int64], horizons: Sequence[int]) -> Floats:
        """Variance of each increment between horizons in slots of average variance, shape ``(T, K)``.

        The profile of the slots ahead is known from the calendar: a forecast over a
        quiet night is narrow.
        """
        per_minute = np.repeat(np.asarray(self.profile), MINUTES_PER_DAY // len(self.profile))
        cumulated = np.concatenate([[0.0], np.cumsum(per_minute)])
        start = trading_minutes(close_us)
        steps = np.array([0, *horizons]) * self.slot_minutes
        day, minute = np.divmod(start[:, None] + steps[None, :], MINUTES_PER_DAY)
        reached = day * cumulated[-1] + cumulated[minute]
        return np.asarray(np.diff(reached, axis=1) / self.slot_minutes)


def _cells(close_us: npt.NDArray[np.int64], slot_minutes: int, n_cells: int) -> npt.NDArray[np.int64]:
    """Cell of the FX day in which each bar began."""
    began = trading_minutes(close_us) - slot_minutes
    return np.asarray(began % MINUTES_PER_DAY * n_cells // MINUTES_PER_DAY, dtype=np.int64)


def exponential_mean(squared: Floats, decay: float, start: float, floor: float) -> Floats:
    """``v <- decay v + (1 - decay) x`` over known values, never below ``floor``, shape ``(T,)``.

    Unknown values leave it as it was.

    Args:
        squared: Shape ``(T,)``, not negative, NaN where unknown.
        decay: Weight of the past.
        start: Before the first value.
        floor: Smallest result.

    Example:
        >>> exponential_mean(np.array([1.0, np.nan, 0.0]), 0.5, 0.0, 0.1).tolist()
        [0.5, 0.5, 0.25]
    """
    from scipy.signal import lfilter  # costs a second of import

    known = np.isfinite(squared)
    if known.all():
        smoothed, _ = lfilter([1.0 - decay], [1.0, -decay], squared, zi=[decay * start])
        return np.asarray(np.maximum(smoothed, floor))
    # Unknown returns leave the variance as it was: run over the known ones, then hold.
    compact, _ = lfilter([1.0 - decay], [1.0, -decay], squared[known], zi=[decay * start])
    held = np.concatenate([[start], compact])[np.cumsum(known)]
    return np.asarray(np.maximum(held, floor))


def _qlike(squared: Floats, decay: float, start: float, floor: float) -> float:
    predicted = np.concatenate([[start], exponential_mean(squared, decay, start, floor)[:-1]])
    return float(np.mean(np.log(predicted) + squared / predicted))
