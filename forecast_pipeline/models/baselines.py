"""Baselines: what any model has to beat. All are driftless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

import numpy as np

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.innovation import InnovationPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]


class BaselineParameters(Configuration):
    """Baselines have nothing to set."""


class _Driftless:
    """Shared part: a pool of innovations and a mean of zero."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.pool = InnovationPool(np.zeros((1, 1)))

    @classmethod
    def from_parameters(cls, parameters: Configuration, seed: int) -> Self:
        """An unfitted baseline."""
        del parameters
        return cls(seed)

    def mean(self, rows: Rows) -> Floats:
        """Zero: the random walk is the toughest point forecast in FX (Rossi 2013)."""
        return np.zeros_like(rows.scale)

    def state(self) -> dict[str, object]:
        """Pool and seed."""
        return {"seed": self.seed, "pool": self.pool.rows}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted baseline."""
        made = cls(cast("int", state["seed"]))
        made.pool = InnovationPool(cast("Floats", state["pool"]))
        return made


class RandomWalk(_Driftless):
    """Gaussian random walk: each increment has its variance over the training rows.

    The variance is the same at every hour: this is the reference that knows nothing
    of volatility.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.std = np.zeros(0)

    def fit(self, train: Rows, validation: Rows) -> None:
        """Measure the standard deviation of each increment about zero on all rows given."""
        increments = np.concatenate([train.increments, validation.increments])
        if increments.shape[0] == 0:
            raise TrainingFailed("at least one training row must have a known outcome", was="none")
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


class EwmaVolatility(_Driftless):
    """Normal increments with the ex-ante scale: EWMA variance times the intraday profile.

    The scale is RiskMetrics' recursion with the decay chosen on training rows, see
    `splits.target_scale`.
    """

    def fit(self, train: Rows, validation: Rows) -> None:
        """Nothing is left to learn: the scale is part of the fold."""
        del validation
        self.pool = InnovationPool.gaussian(train.increments.shape[1], self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Normal increments of standard deviation ``rows.scale``, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples) * rows.scale


class HistoricalSimulation(_Driftless):
    """Joint bootstrap of past increments as they were, not scaled by volatility."""

    def fit(self, train: Rows, validation: Rows) -> None:
        """Keep the increments of all rows given, centred."""
        increments = np.concatenate([train.increments, validation.increments])
        self.pool = InnovationPool.from_residuals(increments, self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Past increment rows, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples)


class FilteredHistoricalSimulation(_Driftless):
    """Joint bootstrap of past increments in units of their ex-ante scale.

    Barone-Adesi, Giannopoulos and Vosper 1999: fat tails from the past, width from
    the present.
    """

    def fit(self, train: Rows, validation: Rows) -> None:
        """Keep the scaled increments of all rows given, centred."""
        scaled = np.concatenate([train.scaled_increments, validation.scaled_increments])
        self.pool = InnovationPool.from_residuals(scaled, self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Past scaled rows times the present scale, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples) * rows.scale
