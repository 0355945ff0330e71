"""Scores against scoringrules: fair CRPS of a hundred draws."""

from __future__ import annotations

import numpy as np
import scoringrules
from side_by_side import Ratio, compare

from forecast_pipeline.scores.crps import crps_from_draws


def run() -> list[Ratio]:
    """Score 5,000 forecasts of 100 draws each."""
    rng = np.random.default_rng(1)
    draws, outcome = rng.standard_normal((100, 5000)), rng.standard_normal(5000)
    return [
        compare(
            "fair CRPS of 5,000 forecasts of 100 draws",
            "scoringrules crps_ensemble(estimator='fair')",
            lambda: crps_from_draws(draws, outcome),
            lambda: scoringrules.crps_ensemble(outcome, draws.T, estimator="fair"),
        )
    ]
