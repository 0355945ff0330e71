"""Stylised facts are found where a process has them and missed where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.scores.stylised_facts import (
    ReturnPanel,
    excess_kurtosis,
    hourly_deviation,
    kurtosis_fall,
    mean_autocorrelation,
    stylised_facts,
    tail_index,
)

N_PATHS, N_BARS, N_HISTORY = 20, 2000, 20_000
HOURLY = 1.0 + 0.7 * np.sin(2 * np.pi * np.arange(24) / 24)


def garch_t(n_paths: int, n_bars: int, seed: int):
    """GARCH(1,1) with Student t innovations of 6 degrees of freedom and persistence 0.97."""
    rng = np.random.default_rng(seed)
    made, variance = np.empty((n_paths, n_bars)), np.ones(n_paths)
    for bar in range(n_bars):
        made[:, bar] = np.sqrt(variance) * rng.standard_t(6.0, n_paths) * np.sqrt(4 / 6)
        variance = 0.03 + 0.1 * np.square(made[:, bar]) + 0.87 * variance
    return made


def panel(deseasonalised, has_clock=True):
    hour = np.broadcast_to(np.arange(deseasonalised.shape[1]) % 24, deseasonalised.shape)
    return ReturnPanel(deseasonalised * (HOURLY[hour] if has_clock else 1.0), deseasonalised, hour)


@pytest.fixture(scope="module")
def history():
    return panel(garch_t(1, N_HISTORY, seed=1))


def verdicts(simulated, history):
    found = stylised_facts(simulated, history, seed=3)
    return {(fact.name, "r^2" in fact.statistic): fact.verdict for fact in found}


def test_paths_of_the_same_process_pass_every_fact(history):
    found = verdicts(panel(garch_t(N_PATHS, N_BARS, seed=2)), history)

    assert found.pop(("leverage", True)) == "reported"
    assert set(found.values()) == {"pass"}
    assert len(found) == 7


def test_independent_normal_paths_fail_tails_clustering_and_gaussianity_of_sums(history):
    normal = np.random.default_rng(0).standard_normal((N_PATHS, N_BARS))

    found = verdicts(panel(normal, has_clock=False), history)

    assert {name for (name, _), verdict in found.items() if verdict == "fail"} == {
        "fat tails",
        "volatility clustering",
        "aggregational Gaussianity",
        "intraday clock",
    }
    assert found["volatility clustering", False] == found["volatility clustering", True] == "fail"
    assert found["tail index", False] == "stronger"
    assert found["no linear memory", False] == "pass"


def test_shuffled_paths_keep_their_tails_and_lose_their_clusters(history):
    shuffled = np.random.default_rng(0).permuted(garch_t(N_PATHS, N_BARS, seed=2), axis=1)

    found = verdicts(panel(shuffled), history)

    assert found["fat tails", False] == found["tail index", False] == found["intraday clock", False] == "pass"
    assert found["volatility clustering", False] == found["volatility clustering", True] == "fail"


def test_clusters_that_are_too_weak_are_told_from_none(history):
    mixed = garch_t(N_PATHS, N_BARS, seed=2)
    swapped = np.random.default_rng(0).random(mixed.shape) < 0.5
    mixed[swapped] = np.random.default_rng(1).permutation(mixed[swapped])

    assert verdicts(panel(mixed), history)["volatility clustering", False] == "weaker"


def test_trending_returns_break_no_linear_memory(history):
    returns = garch_t(N_PATHS, N_BARS, seed=2)
    trending = returns + 0.5 * np.roll(returns, 1, axis=1)

    assert verdicts(panel(trending), history)["no linear memory", False] == "stronger"


def test_days_have_no_intraday_clock():
    days = garch_t(1, 3000, seed=4)
    flat = ReturnPanel(days, days, np.zeros(days.shape, np.int64))

    assert "intraday clock" not in {fact.name for fact in stylised_facts(flat, flat, seed=0)}


def test_unknown_returns_of_the_history_are_left_out(history):
    holed = ReturnPanel(*(np.insert(np.asarray(each, float), 5, np.nan, axis=1) for each in history[:2]), None)
    holed = holed._replace(hour=np.insert(history.hour, 5, 7, axis=1))
    simulated = panel(garch_t(3, 500, seed=2))

    assert stylised_facts(simulated, holed, seed=1) == stylised_facts(simulated, history, seed=1)


def test_too_few_bars_are_refused(history):
    with pytest.raises(ValueError, match="at least 100 bars"):
        stylised_facts(panel(np.ones((2, 50))), history, seed=1)


def test_statistics_equal_their_loops():
    values = np.random.default_rng(5).standard_t(4.0, (2, 300))
    x = values[1] - values[1].mean()
    loop = np.mean([sum(x[t] * x[t + lag] for t in range(300 - lag)) / np.sum(x**2) for lag in range(1, 6)])
    sizes = np.sort(np.abs(values[1]))[::-1]
    sums = values[1][:288].reshape(-1, 16).sum(axis=1)

    assert mean_autocorrelation(values, 5)[1] == pytest.approx(loop)
    assert tail_index(values)[1] == pytest.approx(1 / np.mean([np.log(sizes[i] / sizes[7]) for i in range(7)]))
    assert excess_kurtosis(values)[1] == pytest.approx(np.mean(x**4) / np.mean(x**2) ** 2 - 3)
    assert kurtosis_fall(values)[1] == pytest.approx(excess_kurtosis(values[1]) - excess_kurtosis(sums))
    assert hourly_deviation(values, np.tile(np.arange(300) % 24, (2, 1)))[1, 3] == pytest.approx(
        np.sqrt(np.mean(values[1, 3::24] ** 2))
    )
