"""Paths of any family: extremes bound their increments, follow the law of a Brownian bridge, and keep to their row."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from forecast_pipeline.models.paths import (
    N_PIECES,
    PathDraws,
    bridge_extremes,
    bridge_pieces,
    fine_path_draws,
    joined,
    path_draws,
)
from forecast_pipeline.models.registry import BASELINES
from forecast_pipeline_tests.models.made_rows import fitted, segments


@pytest.fixture(scope="module")
def world():
    return segments()


@pytest.mark.parametrize("name", BASELINES)
def test_any_family_has_paths_whose_extremes_bound_its_own_draws(name, world):
    train, validation, test = world
    forecaster = fitted(name, train, validation)

    paths = path_draws(forecaster, test, 50)

    assert np.allclose(paths.increments, forecaster.sample(test, 50), rtol=0, atol=1e-15)
    assert (paths.highest >= np.maximum(paths.increments, 0.0) - 1e-15).all()
    assert (paths.lowest <= np.minimum(paths.increments, 0.0) + 1e-15).all()
    assert paths.has_strays


def test_paths_of_a_row_are_the_same_in_any_batch(world):
    train, validation, test = world
    forecaster = fitted("garch_t", train, validation)

    together, alone = path_draws(forecaster, test, 40), path_draws(forecaster, test.take(np.array([7])), 40)

    for both, one in zip(together, alone, strict=True):
        assert both[:, 7].tolist() == one[:, 0].tolist()


def test_extremes_that_a_family_draws_itself_are_taken_as_they_are(world):
    own = PathDraws(np.full((5, 2, 3), -1.0), np.full((5, 2, 3), 0.5), np.full((5, 2, 3), -1.5))

    told = SimpleNamespace(sample_paths=lambda _rows, _n_samples: own)

    drawn, n_pieces = fine_path_draws(told, world[2], 5)

    assert n_pieces == 1
    assert all(a is b for a, b in zip(drawn, own, strict=True))


def test_a_family_that_knows_closes_only_gets_a_bridge(world):
    _, _, test = world
    increments = np.random.default_rng(0).standard_normal((500, len(test), 3))

    at_ends = PathDraws(increments, np.maximum(increments, 0.0), np.minimum(increments, 0.0))
    closes = SimpleNamespace(seed=1, sample_paths=lambda _rows, _n_samples: at_ends)

    drawn, n_pieces = fine_path_draws(closes, test, 500)

    assert n_pieces == N_PIECES
    assert drawn.has_strays


@pytest.mark.parametrize("end", [-0.5, 0.0, 1.2])
@pytest.mark.parametrize("level", [0.3, 1.5])
def test_the_highest_value_of_a_bridge_has_its_law(end, level):
    """P(max > b) = exp(-2 b (b - x) / s^2) for b above both ends."""
    high, low = bridge_extremes(np.full(200_000, end), np.array(0.8), np.random.default_rng(1))
    exact = np.exp(-2.0 * level * (level - end) / 0.64) if level > max(end, 0.0) else 1.0
    mirror = np.exp(-2.0 * level * (level + end) / 0.64) if level > max(-end, 0.0) else 1.0

    assert np.mean(high > level) == pytest.approx(exact, abs=0.004)
    assert np.mean(low < -level) == pytest.approx(mirror, abs=0.004)


def test_pieces_of_a_bridge_have_the_moments_of_brownian_motion():
    rng = np.random.default_rng(2)
    shares = np.array([[0.1, 0.2, 0.7]])
    whole = 2.0 * rng.standard_normal((200_000, 1))

    pieces = bridge_pieces(whole, np.array([2.0]), shares, rng)[:, 0]

    assert np.allclose(pieces.sum(axis=1), whole[:, 0])
    assert np.cov(pieces.T) == pytest.approx(4.0 * np.diag(shares[0]), abs=0.05)


def test_joined_pieces_have_the_extremes_of_a_loop():
    rng = np.random.default_rng(3)
    increments = rng.standard_normal((7, 6))
    fine = PathDraws(increments, *bridge_extremes(increments, np.ones(6), rng))

    whole = joined(fine, 3)

    for s in range(7):
        for k in range(2):
            level, tops = 0.0, []
            for j in range(3 * k, 3 * k + 3):
                tops.append(level + fine.highest[s, j])
                level += increments[s, j]
            assert whole.highest[s, k] == pytest.approx(max(tops))
            assert whole.increments[s, k] == pytest.approx(level)
