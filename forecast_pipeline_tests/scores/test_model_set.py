"""The set holds the best model, shrinks to it with evidence, and never depends on chance calls."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.scores.model_set import block_days, daily_means, model_confidence_set, superior_ability


def _losses(n_days=300, n_models=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_days, 1)) + 0.3 * rng.normal(size=(n_days, n_models))


def test_days_are_means_of_rows_all_models_have():
    losses = np.array([[1.0, 0.0], [np.nan, 5.0], [3.0, 2.0], [4.0, 4.0]])

    assert daily_means(losses, [3, 3, 3, 1]).tolist() == [[4.0, 4.0], [2.0, 1.0]]
    assert daily_means(np.empty((0, 2)), []).shape == (0, 2)


def test_a_clearly_worse_model_leaves_and_the_best_stays():
    found = model_confidence_set(_losses() + np.array([0.0, 0.0, 0.0, 0.5]), 1.0, seed=1)

    assert found.is_member.tolist() == [True, True, True, False]
    assert found.p_values.max() == 1.0


def test_equal_models_stay_together_as_often_as_promised():
    n_best_in = sum(model_confidence_set(_losses(120, 3, seed), 1.0, seed=seed).is_member[0] for seed in range(60))

    assert n_best_in / 60 >= 0.82  # promised 0.90 for the truly best; 60 repetitions


def test_equal_seeds_give_equal_sets():
    losses = _losses()

    np.testing.assert_array_equal(
        model_confidence_set(losses, 2.0, seed=7).p_values, model_confidence_set(losses, 2.0, seed=7).p_values
    )
    assert str(superior_ability(losses[:, 0], losses, 2.0, seed=7)) == str(
        superior_ability(losses[:, 0], losses, 2.0, seed=7)
    )


def test_the_order_of_models_does_not_decide_who_stays():
    losses = _losses() + np.array([0.3, 0.0, 0.02, 0.0])

    found = model_confidence_set(losses, 1.0, seed=3).is_member
    turned = model_confidence_set(losses[:, ::-1], 1.0, seed=3).is_member

    assert found.tolist() == turned[::-1].tolist()


def test_twins_share_their_fate_and_a_constant_handicap_is_certain():
    base = _losses(n_models=2)
    losses = np.column_stack([base[:, 0], base[:, 0], base[:, 0] + 0.1, base[:, 1]])

    p_values = model_confidence_set(losses, 1.0, seed=1).p_values

    assert p_values[0] == p_values[1] > 0.1
    assert p_values[2] == 0.0


@pytest.mark.parametrize(
    ("losses", "members"),
    [
        (np.ones((50, 1)), [True]),
        (np.ones((50, 3)), [True, True, True]),
        (np.tile([0.1, 0.3], (50, 1)), [True, False]),
        (np.ones((1, 2)), [True, True]),
        (np.empty((0, 2)), [True, True]),
        (np.empty((9, 0)), []),
    ],
    ids=["one model", "all the same", "constant handicap", "one day", "no day", "no model"],
)
def test_the_set_is_defined_at_the_edges(losses, members):
    assert model_confidence_set(losses, 1.0, seed=0).is_member.tolist() == members


def test_spa_does_not_reject_equal_models_and_names_a_better_one():
    losses = _losses()

    equal = superior_ability(losses[:, 0], losses[:, 1:], 1.0, seed=1)
    better = superior_ability(losses[:, 0], losses[:, 1:] - [0.0, 0.3, 0.0], 1.0, seed=1)

    assert equal.consistent > 0.05
    assert not equal.is_superior.any()
    assert better.consistent < 0.01
    assert better.is_superior.tolist() == [False, True, False]
    assert better.lower <= better.consistent <= better.upper


def test_a_model_that_is_the_benchmark_does_not_shift_the_names_of_the_others():
    losses = _losses()
    models = np.column_stack([losses[:, 0], losses[:, 1] + 0.1, losses[:, 2] - 0.3])

    assert superior_ability(losses[:, 0], models, 1.0, seed=1).is_superior.tolist() == [False, False, True]


def test_steps_find_what_arch_finds():
    from arch.bootstrap import StepM

    losses = _losses(n_models=7, seed=8) - np.array([0.0, 0.4, 0.2, 0.06, 0.05, 0.0, -0.1])
    theirs = StepM(losses[:, 0], losses[:, 1:], size=0.05, block_size=17, reps=1000, seed=4)
    theirs.compute()

    ours = superior_ability(losses[:, 0], losses[:, 1:], 1.0, seed=4)

    assert np.flatnonzero(ours.is_superior).tolist() == theirs.superior_models
    assert 2 <= ours.is_superior.sum() < 6


def test_all_models_may_be_superior_one_step_after_the_other():
    losses = _losses(n_models=3, seed=8)

    found = superior_ability(losses[:, 0], losses[:, 1:] - np.array([1.0, 0.06]), 1.0, seed=1)

    assert found.is_superior.tolist() == [True, True]


def test_spa_keeps_its_size_over_many_models():
    rng = np.random.default_rng(5)
    rejected = sum(
        superior_ability(losses[:, 0], losses[:, 1:], 1.0, seed=1).consistent < 0.05
        for losses in rng.normal(size=(40, 100, 8))
    )

    assert rejected / 40 <= 0.15


@pytest.mark.parametrize(
    ("losses", "p_value", "superior"),
    [
        (np.ones((50, 2)), 1.0, [False, False]),
        (np.tile([0.9, 1.1], (50, 1)), 0.0, [True, False]),
        (np.empty((50, 0)), np.nan, []),
    ],
    ids=["ties", "constant difference", "no model"],
)
def test_spa_is_defined_at_the_edges(losses, p_value, superior):
    found = superior_ability(np.ones(50), losses, 1.0, seed=0)

    np.testing.assert_equal(found.consistent, p_value)
    assert found.is_superior.tolist() == superior


@pytest.mark.parametrize(("n_days", "horizon", "length"), [(400, 1, 20), (400, 60.5, 61), (1, 5, 1), (2, 5, 1)])
def test_blocks_hold_the_horizon_and_the_root_of_the_days(n_days, horizon, length):
    assert block_days(n_days, horizon) == length
