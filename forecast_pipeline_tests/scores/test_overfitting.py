"""The probability of overfitting is even on noise, low with an edge, and equal to the plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.scores.overfitting import probability_of_overfitting
from forecast_pipeline_tests.oracles import scores as oracle


@pytest.mark.parametrize("n_blocks", [2, 6, 8])
def test_equals_the_loop_over_splits(n_blocks):
    returns = np.random.default_rng(n_blocks).normal(0.1, 1.0, size=(24 * n_blocks, 7))

    found = probability_of_overfitting(returns, n_blocks)

    pbo, logits = oracle.overfitting(returns, n_blocks)
    assert found.pbo == pbo
    np.testing.assert_allclose(found.logits, logits, rtol=1e-12)
    assert found.logits.size == math.comb(n_blocks, n_blocks // 2)


def test_noise_is_even_and_a_planted_edge_is_found():
    rng = np.random.default_rng(0)
    edge = np.zeros(30)
    edge[3] = 0.15
    noise = rng.normal(size=(60, 600, 30))

    on_noise = np.mean([probability_of_overfitting(trials, 8).pbo for trials in noise])
    with_edge = np.mean([probability_of_overfitting(trials + edge, 8).pbo for trials in noise])

    assert 0.40 < on_noise < 0.57
    assert 0.08 < with_edge < 0.22


def test_on_noise_performance_in_sample_promises_nothing():
    rng = np.random.default_rng(1)

    slopes = [probability_of_overfitting(rng.normal(size=(600, 30)), 8).degradation_slope for _ in range(40)]

    assert np.mean(slopes) < 0.0  # what one half has more, the other has less


def test_a_sure_edge_is_never_overfitted():
    trials = np.random.default_rng(2).normal(size=(400, 5))
    trials[:, 2] += 2.0

    found = probability_of_overfitting(trials, 8)

    assert (found.pbo, found.loss_probability) == (0.0, 0.0)
    assert (found.out_of_sample_rank == 5 / 6).all()


def test_trials_that_are_all_the_same_are_all_at_the_median():
    trials = np.tile(np.random.default_rng(3).normal(size=(100, 1)), (1, 4))

    assert (probability_of_overfitting(trials, 4).out_of_sample_rank == 0.5).all()


def test_the_level_does_not_cost_digits_and_the_mean_takes_negative_losses():
    losses = 1e-4 * np.random.default_rng(4).random((160, 6))
    near, far = (probability_of_overfitting(level - losses, 8, "mean") for level in (0.0, 1.0))

    np.testing.assert_allclose(near.logits, far.logits)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100.0))
def test_the_unit_of_the_returns_does_not_matter(seed, unit):
    returns = np.random.default_rng(seed).normal(size=(40, 4))

    np.testing.assert_allclose(
        probability_of_overfitting(unit * returns, 4).logits, probability_of_overfitting(returns, 4).logits
    )


def test_rows_with_a_hole_are_left_out():
    returns = np.random.default_rng(5).normal(size=(80, 3))
    with_hole = np.insert(returns, 7, [0.0, np.nan, 0.0], axis=0)

    assert probability_of_overfitting(with_hole, 4).pbo == probability_of_overfitting(returns, 4).pbo


@pytest.mark.parametrize(
    "returns", [np.zeros((100, 0)), np.zeros((100, 1)), np.zeros((5, 4))], ids=["no trial", "one trial", "few rows"]
)
def test_nothing_to_choose_from_gives_no_number(returns):
    assert math.isnan(probability_of_overfitting(returns, 4).pbo)


def test_a_trial_that_never_trades_has_ratio_zero():
    returns = np.random.default_rng(6).normal(-0.5, 1.0, size=(200, 3))
    returns[:, 1] = 0.0

    assert probability_of_overfitting(returns, 4).pbo == 0.0


@pytest.mark.parametrize("n_blocks", [0, 7])
def test_an_odd_number_of_blocks_is_refused(n_blocks):
    with pytest.raises(ValueError, match="n_blocks even"):
        probability_of_overfitting(np.zeros((100, 2)), n_blocks)
