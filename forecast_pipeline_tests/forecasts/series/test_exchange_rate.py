"""Guards the harness of the daily panel: its metrics by hand, and the baselines that were measured before."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "exchange_rate.py"


@pytest.fixture(scope="module")
def harness():
    specification = importlib.util.spec_from_file_location("exchange_rate", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # where its dataclasses look for their module
    specification.loader.exec_module(module)
    yield module
    del sys.modules[specification.name]


def test_weighted_quantile_losses_are_those_worked_out_by_hand(harness) -> None:
    """Two series, one step, draws 0 1 2: medians 1, quantiles at 0.1 and 0.9 are 0.2 and 1.8."""
    draws, outcome = np.array([[[0.0, 0.0]], [[1.0, 1.0]], [[2.0, 2.0]]]), np.array([[3.0, -1.0]])

    levels = [0.1, 0.9]
    # y = 3 is above both: 0.1 * 2.8 + 0.9 * 1.2; y = -1 is below both: 0.9 * 1.2 + 0.1 * 2.8
    assert harness.quantile_loss(draws, outcome, levels) == pytest.approx(2 * (0.28 + 1.08 + 1.08 + 0.28) / 2)
    scores = harness.scores_of(draws, outcome)
    assert scores.absolute_error == 2.0 + 2.0
    assert scores.total == 4.0
    assert scores.covered == 0.0
    assert scores.sum_total == 2.0
    # fair CRPS: mean |x - y| less half the mean distance of two draws, 2/3
    assert scores.crps == pytest.approx(2 * (2.0 - 2 / 3))
    # the sum over series has draws 0 2 4 and outcome 2, its median
    expected = [2 * (q if y > v else 1 - q) * abs(y - v) for q in harness.LEVELS9 for y, v in [(2.0, 4 * q)]]
    assert scores.sum_pinball9 == pytest.approx(sum(expected) / 9)


def test_quantile_losses_equal_a_slow_loop(harness) -> None:
    rng = np.random.default_rng(0)
    draws, outcome = rng.standard_normal((40, 5, 3)), rng.standard_normal((5, 3))

    expected = 0.0
    for level, h, j in itertools.product(harness.LEVELS19, range(5), range(3)):
        quantile = np.quantile(draws[:, h, j], level)
        expected += 2 * abs((outcome[h, j] - quantile) * (float(outcome[h, j] <= quantile) - level)) / 19

    assert harness.quantile_loss(draws, outcome, harness.LEVELS19) == pytest.approx(expected)


def test_levels_are_nine_deciles_and_nineteen_twentieths(harness) -> None:
    assert harness.LEVELS9 == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    assert (len(harness.LEVELS19), harness.LEVELS19[0], harness.LEVELS19[-1]) == (19, 0.05, 0.95)


def test_a_forecast_sees_only_rows_before_its_window(harness) -> None:
    seen = []
    closes = np.arange(1.0, 201.0).reshape(100, 2)

    def forecast(past, n_samples, seed):
        seen.append(past.shape[0])
        return harness.last_value(past, n_samples, seed)

    harness.measured(forecast, closes, harness.window_starts(100, 99, 2, 30), 5)

    assert seen == [40, 70]


MEASURED = {
    "last_value": 0.0185,
    "gaussian_1000": 0.0150,
    "bootstrap_250": 0.0148,
    "ewma_94": 0.0146,
    "ewma_97": 0.0147,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MEASURED))
def test_baselines_of_the_development_windows_are_those_measured_before(harness, market_data, name: str) -> None:
    closes = pl.read_parquet(market_data / "exchange_rate_train.parquet").drop("date").to_numpy()
    starts = harness.window_starts(len(closes), 6070, 50, 30)

    scores = harness.measured(harness.REFERENCES[name], closes, starts, 500)

    found, _ = harness.pooled_ratio([each.pinball9 for each in scores], [each.total for each in scores])
    assert starts[0] == 4571
    assert found == pytest.approx(MEASURED[name], rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ewma", "ewma_fhs", "garch_t", "har"])
def test_families_reach_the_plateau_on_the_development_windows(harness, market_data, family: str, capsys) -> None:
    closes = pl.read_parquet(market_data / "exchange_rate_train.parquet").drop("date").to_numpy()
    starts = harness.window_starts(len(closes), 6070, 50, 30)

    scores = harness.measured(harness.fitted_family(family, closes[: starts[0]], {}), closes, starts, 500)

    found, _ = harness.pooled_ratio([each.pinball9 for each in scores], [each.total for each in scores])
    assert found < 0.0148
    assert 0.87 < np.mean([each.covered for each in scores]) < 0.93
    capsys.readouterr()
