"""Scores and tests as obvious loops over rows, pairs and splits; slow and never optimised."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
from scipy import optimize, stats


def fair_crps(draws: list[float], outcome: float) -> float:
    """Mean distance to the outcome less half the mean distance of different draws."""
    n = len(draws)
    to_outcome = sum(abs(draw - outcome) for draw in draws) / n
    apart = sum(abs(a - b) for a, b in itertools.permutations(draws, 2))
    return to_outcome - (apart / (2 * n * (n - 1)) if n > 1 else 0.0)


def chained(value: float, threshold: float, tail: str) -> float:
    """How far a value reaches into the tail, by cases."""
    if tail == "left":
        return min(value, threshold)
    if tail == "right":
        return max(value, threshold)
    if value > threshold:
        return value - threshold
    return value + threshold if value < -threshold else 0.0


def fair_energy_score(draws: list[list[float]], outcome: list[float], *, is_consecutive: bool = False) -> float:
    """The same with Euclidean distances of paths; all pairs or neighbours only."""
    n = len(draws)
    to_outcome = sum(math.dist(draw, outcome) for draw in draws) / n
    if n == 1:
        return to_outcome
    pairs = itertools.pairwise(draws) if is_consecutive else itertools.combinations(draws, 2)
    return to_outcome - 0.5 * statistics.fmean(math.dist(a, b) for a, b in pairs)


def bartlett_covariance(series: np.ndarray, n_lags: int) -> np.ndarray:
    """Long-run covariance of columns as a double loop over rows."""
    centred = series - series.mean(axis=0)
    n = len(centred)
    total = np.zeros((centred.shape[1], centred.shape[1]))
    for i, j in itertools.product(range(n), repeat=2):
        weight = max(0.0, 1.0 - abs(i - j) / (n_lags + 1))
        total += weight * np.outer(centred[i], centred[j]) / n
    return total


def giacomini_white(difference: np.ndarray, instruments: np.ndarray, horizon: int) -> tuple[float, float]:
    """Wald statistic with the covariance of the double loop."""
    products = instruments * difference[:, None]
    mean = products.mean(axis=0)
    statistic = len(difference) * mean @ np.linalg.inv(bartlett_covariance(products, horizon - 1)) @ mean
    return float(statistic), float(stats.chi2.sf(statistic, instruments.shape[1]))


def overfitting(returns: np.ndarray, n_blocks: int) -> tuple[float, list[float]]:
    """Share of splits with the best in sample at or below the median, and the logits, split by split."""
    blocks = np.split(returns, n_blocks)
    logits = []
    for half in itertools.combinations(range(n_blocks), n_blocks // 2):
        inside = np.concatenate([blocks[k] for k in half])
        outside = np.concatenate([blocks[k] for k in range(n_blocks) if k not in half])
        best = int(np.argmax(inside.mean(axis=0) / inside.std(axis=0, ddof=1)))
        judged = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        share = stats.rankdata(judged)[best] / (returns.shape[1] + 1)
        logits.append(math.log(share / (1.0 - share)))
    return sum(logit <= 0.0 for logit in logits) / len(logits), logits


def pesaran_timmermann(forecast: list[float], outcome: list[float]) -> float:
    """Statistic with the terms of the paper, one by one."""
    n = len(outcome)
    p_hit = sum((f > 0) == (y > 0) for f, y in zip(forecast, outcome, strict=True)) / n
    p_y, p_x = sum(y > 0 for y in outcome) / n, sum(f > 0 for f in forecast) / n
    p_star = p_y * p_x + (1 - p_y) * (1 - p_x)
    var_hit = p_star * (1 - p_star) / n
    var_star = (2 * p_y - 1) ** 2 * p_x * (1 - p_x) / n + (2 * p_x - 1) ** 2 * p_y * (1 - p_y) / n
    var_star += 4 * p_y * p_x * (1 - p_y) * (1 - p_x) / n**2
    return (p_hit - p_star) / math.sqrt(var_hit - var_star)


def christoffersen_independence(misses: list[int]) -> float:
    """Likelihood ratio by counting transitions; every count must be positive."""
    n = dict.fromkeys(itertools.product((0, 1), repeat=2), 0)
    for pair in itertools.pairwise(misses):
        n[pair] += 1
    p01, p11 = n[0, 1] / (n[0, 0] + n[0, 1]), n[1, 1] / (n[1, 0] + n[1, 1])
    p = (n[0, 1] + n[1, 1]) / sum(n.values())
    free = n[0, 0] * math.log(1 - p01) + n[0, 1] * math.log(p01) + n[1, 0] * math.log(1 - p11) + n[1, 1] * math.log(p11)
    return 2 * (free - (n[0, 0] + n[1, 0]) * math.log(1 - p) - (n[0, 1] + n[1, 1]) * math.log(p))


def berkowitz(pit: np.ndarray) -> float:
    """Likelihood ratio with the free model found by a numerical search."""
    z = stats.norm.ppf(pit)

    def minus_log_likelihood(parameters: np.ndarray) -> float:
        mean, slope, log_sd = parameters
        return -float(np.sum(stats.norm.logpdf(z[1:], mean + slope * z[:-1], math.exp(log_sd))))

    best = optimize.minimize(
        minus_log_likelihood,
        np.zeros(3),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 10_000},
    )
    return 2.0 * (-best.fun - float(np.sum(stats.norm.logpdf(z[1:]))))


def lo_factor(returns: list[float], periods: int, n_lags: int) -> float:
    """Annualisation of Lo with autocorrelations from their definition."""
    n, mean = len(returns), statistics.fmean(returns)
    variance = sum((r - mean) ** 2 for r in returns)
    total = float(periods)
    for lag in range(1, n_lags + 1):
        rho = sum((returns[t] - mean) * (returns[t - lag] - mean) for t in range(lag, n)) / variance
        total += 2 * (periods - lag) * rho
    return periods / math.sqrt(total)
