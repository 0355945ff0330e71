"""Group X of the planted errors: scoring rules that look right and are not.

Each stands in for one rule of ours in the simulation that guards it. None is reachable from anywhere else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.scores.calibration import pit_uniformity
from forecast_pipeline.scores.checks import score_checks
from forecast_pipeline.scores.overfitting import probability_of_overfitting
from forecast_pipeline.scores.sharpe import deflated_sharpe_of_best, sharpe_moments
from forecast_pipeline.verification.mutants import rule_alarms, rule_mutants

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.verification.mutants import Mutant, WrongRules

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]


def naive_t_test(loss: Floats, reference_loss: Floats, _horizon_bars: int) -> float:
    """X1: Student's test as if overlapping rows were independent."""
    from scipy import stats

    return float(stats.ttest_1samp(loss - reference_loss, 0.0).pvalue)


def plain_crps(draws: Floats, outcome: Floats) -> Floats:
    """X2: the spread term divided by the squared number of draws."""
    n_draws = draws.shape[0]
    weights = 2.0 * np.arange(1, n_draws + 1) - n_draws - 1.0
    spread = weights @ np.sort(draws, axis=0) / n_draws**2
    return np.asarray(np.abs(draws - outcome).mean(axis=0) - spread)


def unrandomised_pit(draws: Floats, outcome: Floats, _uniforms: Floats) -> Floats:
    """X3: the share of draws below the outcome."""
    return np.asarray((draws < outcome).mean(axis=0))


def pit_on_overlapping_rows(pit: Floats, _label_start: Positions, _label_end: Positions) -> float:
    """X4: Kolmogorov-Smirnov on all rows."""
    return pit_uniformity(pit).p_value


def deflated_by_kept_trials(returns: Floats) -> float:
    """X5: the number of trials is that of the ones worth keeping."""
    n_kept = sum(sharpe_moments(column).sharpe > 0.0 for column in returns.T)
    return deflated_sharpe_of_best(returns, n_kept).probability


def pbo_without_losers(returns: Floats) -> float:
    """X6: trials that lost money over all rows are removed first."""
    return probability_of_overfitting(returns[:, returns.mean(axis=0) > 0.0], 8).pbo


def daily_factor(_returns: Floats, _periods_per_year: float) -> float:
    """X7: the factor of a year of trading days, whatever the returns are."""
    return math.sqrt(21.0 * 12.0)


def excess_kurtosis_psr(returns: Floats, benchmark: float) -> float:
    """X8: kurtosis that is 0 for a normal law where the formula wants 3."""
    from scipy import special

    sharpe, skewness, kurtosis, n = sharpe_moments(returns)
    squared = 1.0 - skewness * sharpe + (kurtosis - 3.0 - 1.0) / 4.0 * sharpe**2
    return float(special.ndtr((sharpe - benchmark) * math.sqrt(n - 1) / math.sqrt(squared)))


LAYER = "L11"
SCORE_ERRORS: WrongRules = {
    "X1": ("Student's test on overlapping loss differences", naive_t_test),
    "X2": ("CRPS that falls with fewer draws", plain_crps),
    "X3": ("PIT without randomisation", unrandomised_pit),
    "X4": ("PIT tested on overlapping rows", pit_on_overlapping_rows),
    "X5": ("Sharpe ratio deflated by the trials that were kept", deflated_by_kept_trials),
    "X6": ("losing trials removed before the probability of overfitting", pbo_without_losers),
    "X7": ("hourly returns annualised as if they were daily", daily_factor),
    "X8": ("excess kurtosis in the probabilistic Sharpe ratio", excess_kurtosis_psr),
}
"""X1 to X8, in order: what is wrong, and the wrong rule."""


def score_mutants() -> list[Mutant]:
    """X1 to X8, in order, each given to the simulation that is there for it."""
    return rule_mutants(LAYER, score_checks(), SCORE_ERRORS)


def score_alarms() -> dict[str, list[str]]:
    """What the simulations say of our own rules, by test; nothing, if they are right."""
    return rule_alarms(LAYER, score_checks())
