"""Scores against the libraries that have them: CRPS, energy score, long-run variance, overfitting."""

from __future__ import annotations

import itertools

import numpy as np
import scoringrules
from side_by_side import Ratio, compare
from statsmodels.stats.sandwich_covariance import S_hac_simple

from forecast_pipeline.scores.crps import crps_from_draws
from forecast_pipeline.scores.energy import energy_score
from forecast_pipeline.scores.overfitting import probability_of_overfitting
from forecast_pipeline.scores.significance import long_run_variance


def run() -> list[Ratio]:
    """Scores of 5,000 forecasts of 100 draws, lags of 60,000 rows, splits of 100 trials."""
    rng = np.random.default_rng(1)
    draws, outcome = rng.standard_normal((100, 5000)), rng.standard_normal(5000)
    paths, realised = rng.standard_normal((100, 500, 4)), rng.standard_normal((500, 4))
    by_decision = np.ascontiguousarray(paths.transpose(1, 0, 2))
    series, trials = rng.standard_normal(60_000), rng.standard_normal((2500, 100))
    return [
        compare(
            "fair CRPS of 5,000 forecasts of 100 draws",
            "scoringrules crps_ensemble(estimator='fair')",
            lambda: crps_from_draws(draws, outcome),
            lambda: scoringrules.crps_ensemble(outcome, draws.T, estimator="fair"),
        ),
        compare(
            "fair CRPS of 5,000 forecasts of 100 draws",
            "scoringrules, its fastest: estimator='pwm'",
            lambda: crps_from_draws(draws, outcome),
            lambda: scoringrules.crps_ensemble(outcome, draws.T, estimator="pwm"),
        ),
        compare(
            "fair energy score of 500 paths of 100 draws",
            "scoringrules es_ensemble(estimator='fair')",
            lambda: energy_score(paths, realised),
            lambda: scoringrules.es_ensemble(realised, by_decision, estimator="fair"),
            n_rounds=2,
        ),
        compare(
            "long-run variance of 60,000 rows, 239 lags",
            "statsmodels S_hac_simple",
            lambda: long_run_variance(series, 239),
            lambda: S_hac_simple(series - series.mean(), nlags=239),
        ),
        compare(
            "PBO of 100 trials, 924 splits",
            "one split after the other",
            lambda: probability_of_overfitting(trials, 12),
            lambda: _split_by_split(trials, 12),
            n_rounds=2,
        ),
    ]


def _split_by_split(trials: np.ndarray, n_blocks: int) -> float:
    blocks = np.array_split(trials, n_blocks)
    n_low = 0
    halves = list(itertools.combinations(range(n_blocks), n_blocks // 2))
    for half in halves:
        inside = np.concatenate([blocks[k] for k in half])
        outside = np.concatenate([blocks[k] for k in range(n_blocks) if k not in half])
        best = np.argmax(inside.mean(axis=0) / inside.std(axis=0))
        judged = outside.mean(axis=0) / outside.std(axis=0)
        n_low += np.sum(judged <= judged[best]) * 2 <= trials.shape[1] + 1
    return n_low / len(halves)
