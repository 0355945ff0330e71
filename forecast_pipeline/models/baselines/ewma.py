"""Baselines that take the fold's ex-ante scale as it is: exponentially weighted variance times the intraday profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.models.baselines.driftless import Driftless
from forecast_pipeline.models.innovation import InnovationPool

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]


class EwmaVolatility(Driftless):
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


class FilteredHistoricalSimulation(Driftless):
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
