"""Simulations that a right scoring rule passes and a plausible wrong one fails; deterministic and cheap.

Each check takes the implementation as its argument, so that the same check runs on ours
and on mutants of it. A bound is two-sided wherever a rule that never speaks would pass.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast_pipeline.scores.calibration import pit_uniformity, randomised_pit
from forecast_pipeline.scores.crps import crps_from_draws
from forecast_pipeline.scores.overfitting import probability_of_overfitting
from forecast_pipeline.scores.sharpe import (
    annualisation_factor,
    deflated_sharpe_of_best,
    probabilistic_sharpe,
    sharpe_moments,
)
from forecast_pipeline.scores.significance import diebold_mariano, disjoint_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]

_SIZE = 0.05
_OVERLAP_ROWS = 60
_N_ROWS = 1000


class Finding(NamedTuple):
    """Whether one check passed, what it saw and what it had to see."""

    passed: bool
    observed: float
    must: str


class RuleCheck(NamedTuple):
    """A check with the implementation of ours it guards and the mutant it is meant to kill.

    ``check(implementation)`` gives a `Finding`.
    """

    mutant: str
    name: str
    check: Callable[[Any], Finding]
    implementation: Callable[..., Any]


def score_checks() -> tuple[RuleCheck, ...]:
    """All checks with our implementations, in the order of the mutants X1 to X8.

    Example:
        >>> [each.mutant for each in score_checks()]
        ['X1', 'X2', 'X3', 'X4', 'X5', 'X6', 'X7', 'X8']
    """
    return (
        RuleCheck("X1", "dm_size", dm_size, lambda a, b, h: diebold_mariano(a, b, h).p_value),
        RuleCheck("X2", "crps_sample_count", crps_sample_count, crps_from_draws),
        RuleCheck("X3", "pit_of_ensemble", pit_of_ensemble, randomised_pit),
        RuleCheck("X4", "pit_overlap", pit_overlap, _pit_of_disjoint_rows),
        RuleCheck("X5", "dsr_trials", dsr_trials, lambda trials: deflated_sharpe_of_best(trials).probability),
        RuleCheck("X6", "pbo_complete", pbo_complete, lambda trials: probability_of_overfitting(trials, 8).pbo),
        RuleCheck("X7", "annualisation", annualisation, annualisation_factor),
        RuleCheck("X8", "psr_kurtosis", psr_kurtosis, lambda r, at: probabilistic_sharpe(sharpe_moments(r), at)),
    )


def dm_size(p_value: Callable[[Floats, Floats, int], float]) -> Finding:
    """Equal forecasters with overlapping labels are seldom told apart, different ones often.

    Args:
        p_value: Of ``(loss, reference_loss, horizon_bars)``.

    Example:
        >>> dm_size(lambda loss, reference, horizon: 1.0).passed  # never speaks
        False
    """
    rng = np.random.default_rng(1)
    rejected, found = 0, 0
    n_repetitions = 400
    zero = np.zeros(_N_ROWS)
    for _ in range(n_repetitions):
        difference = _overlapping_sums(rng, _N_ROWS, _OVERLAP_ROWS)
        rejected += p_value(difference, zero, _OVERLAP_ROWS) < _SIZE
        found += p_value(difference - 1.0 * _OVERLAP_ROWS, zero, _OVERLAP_ROWS) < _SIZE
    size, power = rejected / n_repetitions, found / n_repetitions
    must = f"reject equal losses at h={_OVERLAP_ROWS} in at most 15 % and clear differences in at least 90 %"
    return Finding(size <= 0.15 and power >= 0.9, size, must)  # noqa: PLR2004 - correctness of the design, 7.2


def crps_sample_count(estimator: Callable[[Floats, Floats], Floats]) -> Finding:
    """The mean score does not depend on how many draws the forecaster gives.

    Args:
        estimator: Of draws ``(S, B)`` and outcomes ``(B,)``; gives ``(B,)``.

    Example:
        >>> crps_sample_count(crps_from_draws).passed
        True
    """
    rng = np.random.default_rng(2)
    worst, exact = 0.0, 1.0 / math.sqrt(math.pi)  # a standard normal forecast of a standard normal
    for n_draws in (5, 10, 50):
        outcome = rng.standard_normal(20_000)
        score = float(np.mean(estimator(rng.standard_normal((n_draws, outcome.size)), outcome)))
        worst = max(worst, abs(score - exact))
    return Finding(worst <= 0.015, worst, "be within 0.015 of the exact CRPS 0.5642 with 5, 10 and 50 draws")  # noqa: PLR2004 - 4 sds


def pit_of_ensemble(pit: Callable[[Floats, Floats, Floats], Floats]) -> Finding:
    """The PIT of a perfect forecaster is uniform even with few draws and with ties.

    Args:
        pit: Of draws ``(S, B)``, outcomes ``(B,)`` and uniforms ``(B,)``; gives ``(B,)``.

    Example:
        >>> pit_of_ensemble(lambda draws, outcome, uniforms: (draws < outcome).mean(axis=0)).passed
        False
    """
    rng = np.random.default_rng(3)
    n_rows, n_repetitions, rejected = 2000, 60, 0
    for _ in range(n_repetitions):
        smooth = pit(rng.standard_normal((9, n_rows)), rng.standard_normal(n_rows), rng.random(n_rows))
        draws, outcome = rng.integers(0, 3, size=(9, n_rows)), rng.integers(0, 3, size=n_rows)
        tied = pit(draws.astype(np.float64), outcome.astype(np.float64), rng.random(n_rows))
        rejected += (pit_uniformity(smooth).p_value < _SIZE) + (pit_uniformity(tied).p_value < _SIZE)
    size = rejected / (2 * n_repetitions)
    must = "be uniform for 9 draws, with ties and without: rejected in at most 12 %"
    return Finding(size <= 0.12, size, must)  # noqa: PLR2004 - 0.05, and 3 sds


def pit_overlap(p_value: Callable[[Floats, Positions, Positions], float]) -> Finding:
    """A perfect forecaster with overlapping labels is seldom rejected, one that is too narrow often.

    Args:
        p_value: Of the PIT ``(B,)``, label starts and label ends.

    Example:
        >>> pit_overlap(lambda pit, start, end: 1.0).passed  # never speaks
        False
    """
    from scipy import special

    rng = np.random.default_rng(4)
    n_rows, n_repetitions, rejected, found = 6000, 60, 0, 0
    start = np.arange(n_rows)
    for _ in range(n_repetitions):
        outcome = _overlapping_sums(rng, n_rows, _OVERLAP_ROWS) / math.sqrt(_OVERLAP_ROWS)
        rejected += p_value(special.ndtr(outcome), start, start + _OVERLAP_ROWS) < _SIZE
        found += p_value(special.ndtr(2.0 * outcome), start, start + _OVERLAP_ROWS) < _SIZE
    size, power = rejected / n_repetitions, found / n_repetitions
    must = f"reject a perfect forecaster at h={_OVERLAP_ROWS} in at most 15 % and one half as wide in at least 60 %"
    return Finding(size <= 0.15 and power >= 0.6, size, must)  # noqa: PLR2004 - correctness of the design, 7.8


def dsr_trials(probability: Callable[[Floats], float]) -> Finding:
    """The best of many trials without skill beats its threshold about every second time, not more.

    Args:
        probability: That the best trial has skill, of the returns ``(T, N)`` of all trials.

    Example:
        >>> dsr_trials(lambda trials: 0.0).passed  # never speaks
        False
    """
    rng = np.random.default_rng(5)
    n_repetitions = 100
    above = [probability(rng.standard_normal((120, 60))) > 0.5 for _ in range(n_repetitions)]  # noqa: PLR2004 - even odds
    share = float(np.mean(above))
    must = "put the best of 60 trials without skill above even odds in 30 to 58 %"
    return Finding(0.30 <= share <= 0.58, share, must)  # noqa: PLR2004 - 0.44, and 3 sds


def pbo_complete(pbo: Callable[[Floats], float]) -> Finding:
    """Choosing among trials without skill is right as often as wrong; a planted edge is mostly found.

    Args:
        pbo: Probability of overfitting, of the returns ``(T, N)`` of all trials.

    Example:
        >>> pbo_complete(lambda trials: 0.5).passed  # never finds
        False
    """
    rng = np.random.default_rng(6)
    edge = np.zeros(30)
    edge[0] = 0.15
    trials = rng.standard_normal((60, 600, 30))
    noise = float(np.mean([pbo(each) for each in trials]))
    planted = float(np.mean([pbo(each + edge) for each in trials]))
    must = "be 0.40 to 0.57 on noise and at most 0.25 with an edge of 0.15 in one of 30 trials"
    return Finding(0.40 <= noise <= 0.57 and planted <= 0.25, noise, must)  # noqa: PLR2004 - 3 sds


def annualisation(factor: Callable[[Floats, float], float]) -> Finding:
    """Hourly returns are annualised by their own number a year and their own autocorrelation.

    Args:
        factor: From the per-period to the yearly ratio, of returns ``(T,)`` and periods a year.

    Example:
        >>> annualisation(lambda returns, periods_per_year: periods_per_year**0.5).passed  # sees no correlation
        False
    """
    rng = np.random.default_rng(7)
    periods_per_year, persistence = 6200.0, 0.2
    noise = rng.standard_normal(30_000)
    # Lagged noise is AR(1) but for powers of 0.2 above the eighth.
    correlated = np.convolve(noise, persistence ** np.arange(8), "valid")
    plain = math.sqrt(periods_per_year)
    errors = (
        factor(noise, periods_per_year) / plain - 1.0,
        factor(correlated, periods_per_year) / (plain * math.sqrt((1 - persistence) / (1 + persistence))) - 1.0,
    )
    worst = max(math.inf if math.isnan(error) else abs(error) for error in errors)
    must = "be within 10 % of the true factor, for white and for autocorrelated hourly returns"
    return Finding(worst <= 0.1, worst, must)  # noqa: PLR2004 - 4 sds of the estimated autocorrelations


def psr_kurtosis(probability: Callable[[Floats, float], float]) -> Finding:
    """Against the true ratio, the probabilistic ratio is uniform: its normal score has spread 1.

    Args:
        probability: That the true ratio exceeds a benchmark, of returns ``(T,)`` and the benchmark.

    Example:
        >>> psr_kurtosis(lambda returns, benchmark: 0.5).passed  # never speaks
        False
    """
    from scipy import special

    rng = np.random.default_rng(8)
    values = [probability(rng.normal(1.0, 1.0, size=300), 1.0) for _ in range(1000)]
    spread = float(np.std(special.ndtri(np.clip(values, 1e-12, 1.0 - 1e-12))))
    return Finding(abs(spread - 1.0) <= 0.1, spread, "give normal scores with standard deviation 0.9 to 1.1")  # noqa: PLR2004


def _pit_of_disjoint_rows(pit: Floats, label_start: Positions, label_end: Positions) -> float:
    return pit_uniformity(pit[disjoint_rows(label_start, label_end)]).p_value


def _overlapping_sums(rng: np.random.Generator, n_rows: int, overlap_rows: int) -> Floats:
    total = np.cumsum(rng.standard_normal(n_rows + overlap_rows))
    return np.asarray(total[overlap_rows:] - total[:-overlap_rows])
