"""Resampled blocks keep the memory of the rows, and equal seeds give equal intervals."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.scores.bootstrap import block_length, block_means, stationary_interval
from forecast_pipeline.scores.sharpe import sharpe_moments


def _autoregressive(rng, n_rows, persistence):
    series = rng.normal(size=n_rows)
    for row in range(1, n_rows):
        series[row] += persistence * series[row - 1]
    return series


def test_more_memory_asks_for_longer_blocks():
    rng = np.random.default_rng(0)

    assert block_length(_autoregressive(rng, 2000, 0.9)) > 3 * block_length(rng.normal(size=2000))
    assert block_length(rng.normal(size=200), min_rows=60) >= 60


@pytest.mark.parametrize("n_rows", [0, 1, 5, 50])
def test_the_block_length_is_defined_for_short_and_constant_series(n_rows):
    assert 1.0 <= block_length(np.ones(n_rows), min_rows=3) <= max(1, n_rows)


def test_the_interval_covers_the_mean_of_a_series_with_memory():
    rng = np.random.default_rng(1)
    covered, naive = 0, 0
    for repetition in range(100):
        series = _autoregressive(rng, 400, 0.6)
        for block, is_naive in ((None, False), (1, True)):
            found = stationary_interval(np.mean, series, seed=repetition, block_rows=block, n_repetitions=200)
            naive += is_naive and found.low <= 0.0 <= found.high
            covered += (not is_naive) and found.low <= 0.0 <= found.high

    assert covered >= 82
    assert naive < 75  # the experiment has teeth


def test_the_sharpe_ratio_has_an_interval():
    returns = np.random.default_rng(2).normal(0.2, 1.0, size=500)

    found = stationary_interval(lambda rows: sharpe_moments(rows).sharpe, np.append(returns, np.nan), seed=3)

    assert found.low < found.value < found.high
    assert found == stationary_interval(lambda rows: sharpe_moments(rows).sharpe, returns, seed=3)


@pytest.mark.parametrize("series", [np.empty(0), np.ones(1), np.full(20, 0.1)], ids=["none", "one", "constant"])
def test_without_variation_there_are_no_bounds(series):
    found = stationary_interval(np.mean, series, seed=0)

    assert np.isnan([found.low, found.high]).all()


def test_block_means_are_means_of_whole_blocks():
    values = np.arange(6.0)[:, None]

    found = block_means(values, 3, seed=0, n_repetitions=300)[:, 0]

    starts = [np.mean(np.take(values, range(s, s + 3), mode="wrap")) for s in range(6)]
    possible = {round((a + b) / 2, 9) for a in starts for b in starts}
    assert {round(mean, 9) for mean in found} <= possible
    assert abs(found.mean() - 2.5) < 0.15


def test_block_means_have_the_spread_of_the_mean_under_overlap():
    rng = np.random.default_rng(4)
    total = rng.normal(size=20_030).cumsum()
    series = (total[30:] - total[:-30])[:, None]

    spread = block_means(series, 120, seed=0).std()

    assert spread == pytest.approx(30 / np.sqrt(20_000), rel=0.25)
    assert np.isnan(block_means(np.empty((0, 2)), 3, seed=0)).all()
