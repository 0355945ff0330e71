"""Baselines that do not look at the present: one width for all rows, or one for each hour of the week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_WEEK, trading_minutes
from forecast_pipeline.models.baselines.driftless import Driftless, all_increments
from forecast_pipeline.models.innovation import InnovationPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]

MINUTES_PER_HOUR = 60
HOURS_PER_WEEK = MINUTES_PER_WEEK // MINUTES_PER_HOUR
# An hour's own variance counts like this many rows of the average, so that thin hours stay near it.
PRIOR_ROWS = 20.0


class RandomWalk(Driftless):
    """Gaussian random walk: each increment has its variance over the training rows.

    The variance is the same at every hour: this is the reference that knows nothing
    of volatility.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.std = np.zeros(0)

    def fit(self, train: Rows, validation: Rows) -> None:
        """Measure the standard deviation of each increment about zero on all rows given."""
        increments = all_increments(train, validation)
        self.std = np.sqrt(np.mean(np.square(increments), axis=0))
        self.pool = InnovationPool.gaussian(increments.shape[1], self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Independent normal increments, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples) * self.std

    def state(self) -> dict[str, object]:
        """Pool, seed and standard deviations."""
        return {**super().state(), "std": self.std}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted baseline."""
        made = super().from_state(state)
        made.std = cast("Floats", state["std"])
        return made


class HistoricalSimulation(Driftless):
    """Joint bootstrap of past increments as they were, not scaled by volatility."""

    def fit(self, train: Rows, validation: Rows) -> None:
        """Keep the increments of all rows given, centred."""
        self.pool = InnovationPool.from_residuals(all_increments(train, validation), self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Past increment rows, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples)


class Climatology(Driftless):
    """What is usual at this hour of the trading week: a width for each hour, tails from the whole past.

    An hour of its own has a dozen rows a quarter, too few for quantiles of its own; so past increments are
    bootstrapped jointly in units of their hour's deviation and widened by that of the hour asked for.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.std = np.zeros((HOURS_PER_WEEK, 0))

    def fit(self, train: Rows, validation: Rows) -> None:
        """Measure the deviation of each increment by hour of the trading week on all rows given."""
        increments = all_increments(train, validation)
        issued_at_us = np.concatenate([train.issued_at_us, validation.issued_at_us])
        self.std = hourly_std(issued_at_us, increments)
        deviation = self.std[hour_of_week(issued_at_us)]
        # An increment that never moved has no deviation, and no innovation either.
        scaled = np.divide(increments, deviation, out=np.zeros_like(increments), where=deviation > 0.0)
        self.pool = InnovationPool.from_residuals(scaled, self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Past rows in units of their hour, times the deviation of this hour, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples) * self.std[hour_of_week(rows.issued_at_us)]

    def state(self) -> dict[str, object]:
        """Pool, seed and the table of deviations."""
        return {**super().state(), "std": self.std}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted baseline."""
        made = super().from_state(state)
        made.std = cast("Floats", state["std"])
        return made


def hour_of_week(issued_at_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Hour of the trading week that begins at each instant, 0 from Sunday 17:00 New York, shape ``(B,)``.

    Example:
        >>> sunday = np.datetime64("2024-01-07T22:00", "us").astype(np.int64)
        >>> hour_of_week(sunday + np.array([0, 59, 60, 25 * 60]) * 60_000_000).tolist()
        [0, 0, 1, 25]
    """
    return np.asarray(trading_minutes(issued_at_us) // MINUTES_PER_HOUR % HOURS_PER_WEEK)


def hourly_std(issued_at_us: npt.NDArray[np.int64], increments: Floats) -> Floats:
    """Deviation about zero of each increment by hour of the trading week, drawn to the mean where rows are few.

    Args:
        issued_at_us: Shape ``(n,)``.
        increments: Shape ``(n, K)``, finite.

    Returns:
        Shape ``(120, K)``.
    """
    hour, squared = hour_of_week(issued_at_us), np.square(increments)
    count = np.bincount(hour, minlength=HOURS_PER_WEEK)[:, None]
    total = np.column_stack([np.bincount(hour, weights=each, minlength=HOURS_PER_WEEK) for each in squared.T])
    return np.asarray(np.sqrt((total + PRIOR_ROWS * squared.mean(axis=0)) / (count + PRIOR_ROWS)))
