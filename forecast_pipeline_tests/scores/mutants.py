"""Wrong scoring rules that look right: X1 to X8 of the design, one function each."""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats

from forecast_pipeline.scores.calibration import pit_uniformity
from forecast_pipeline.scores.overfitting import probability_of_overfitting
from forecast_pipeline.scores.sharpe import deflated_sharpe_of_best, sharpe_moments


def naive_t_test(loss, reference_loss, horizon_bars):
    """X1: Student's test as if overlapping rows were independent."""
    return float(stats.ttest_1samp(loss - reference_loss, 0.0).pvalue)


def plain_crps(draws, outcome):
    """X2: the spread term divided by N² instead of N (N - 1)."""
    n_draws = draws.shape[0]
    weights = 2.0 * np.arange(1, n_draws + 1) - n_draws - 1.0
    spread = weights @ np.sort(draws, axis=0) / n_draws**2
    return np.abs(draws - outcome).mean(axis=0) - spread


def unrandomised_pit(draws, outcome, uniforms):
    """X3: the share of draws below the outcome."""
    return (draws < outcome).mean(axis=0)


def pit_on_overlapping_rows(pit, label_start, label_end):
    """X4: Kolmogorov-Smirnov on all rows."""
    return pit_uniformity(pit).p_value


def deflated_by_kept_trials(returns):
    """X5: the number of trials is that of the ones worth keeping."""
    n_kept = sum(sharpe_moments(column).sharpe > 0.0 for column in returns.T)
    return deflated_sharpe_of_best(returns, n_kept).probability


def pbo_without_losers(returns):
    """X6: trials that lost money over all rows are removed first."""
    return probability_of_overfitting(returns[:, returns.mean(axis=0) > 0.0], 8).pbo


def square_root_of_252(returns, periods_per_year):
    """X7: the factor of daily returns, whatever the returns are."""
    return math.sqrt(252.0)


def excess_kurtosis_psr(returns, benchmark):
    """X8: kurtosis that is 0 for a normal law where the formula wants 3."""
    sharpe, skewness, kurtosis, n = sharpe_moments(returns)
    squared = 1.0 - skewness * sharpe + (kurtosis - 3.0 - 1.0) / 4.0 * sharpe**2
    return float(special.ndtr((sharpe - benchmark) * math.sqrt(n - 1) / math.sqrt(squared)))


MUTANTS = {
    "X1": naive_t_test,
    "X2": plain_crps,
    "X3": unrandomised_pit,
    "X4": pit_on_overlapping_rows,
    "X5": deflated_by_kept_trials,
    "X6": pbo_without_losers,
    "X7": square_root_of_252,
    "X8": excess_kurtosis_psr,
}
