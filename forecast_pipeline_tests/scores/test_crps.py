"""The CRPS is the fair one, and equals the reference implementation."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.scores import crps
from forecast_pipeline.scores.crps import crps_from_draws, gaussian_crps, tail_crps
from forecast_pipeline_tests.oracles import scores as oracle


@pytest.mark.parametrize("n_draws", [2, 10, 101])
def test_equals_scoringrules_with_the_fair_estimator(n_draws):
    rng = np.random.default_rng(n_draws)
    draws, outcome = 0.001 * rng.standard_t(4, size=(n_draws, 300)), 0.001 * rng.normal(size=300)

    ours = crps_from_draws(draws, outcome)

    reference = scoringrules.crps_ensemble(outcome, draws.T, estimator="fair")
    np.testing.assert_allclose(ours, reference, rtol=1e-6, atol=1e-12)


def test_pairwise_definition_on_a_case_by_hand():
    draws, outcome = np.array([[0.0], [2.0], [7.0]]), np.array([1.0])
    pairs = [abs(a - b) for a in draws[:, 0] for b in draws[:, 0]]

    expected = np.mean([1.0, 1.0, 6.0]) - sum(pairs) / (2 * 3 * 2)

    np.testing.assert_allclose(crps_from_draws(draws, outcome), [expected], rtol=1e-15)


def test_ten_draws_and_a_hundred_agree_on_average_with_the_exact_value():
    rng = np.random.default_rng(0)
    exact = 1.0 / np.sqrt(np.pi)  # mean CRPS of a standard normal forecast of a standard normal
    for n_draws in (10, 100):
        outcome = rng.normal(size=40_000)
        found = crps_from_draws(rng.normal(size=(n_draws, outcome.size)), outcome).mean()
        assert abs(found - exact) < 0.01


@given(hnp.arrays(float, (1, 5), elements=st.floats(-1e3, 1e3)), st.floats(-1e3, 1e3))
def test_one_draw_scores_as_its_absolute_error(draws, outcome):
    np.testing.assert_array_equal(crps_from_draws(draws, np.full(5, outcome)), np.abs(draws[0] - outcome))


@given(hnp.arrays(float, (6, 3), elements=st.floats(-10, 10)), st.floats(-10, 10), st.floats(-100, 100))
def test_shift_changes_nothing_and_a_scale_scales(draws, outcome, shift):
    observed = np.full(3, outcome)
    plain = crps_from_draws(draws, observed)

    np.testing.assert_allclose(crps_from_draws(draws + shift, observed + shift), plain, atol=1e-11)
    np.testing.assert_allclose(crps_from_draws(3.0 * draws, 3.0 * observed), 3.0 * plain, atol=1e-11)


def test_blocks_and_orientation_do_not_change_a_digit(monkeypatch):
    rng = np.random.default_rng(2)
    draws, outcome = rng.normal(size=(7, 100)), rng.normal(size=100)
    whole = crps_from_draws(draws, outcome)

    monkeypatch.setattr(crps, "_VALUES_PER_BLOCK", 50)

    np.testing.assert_allclose(crps_from_draws(draws, outcome), whole, rtol=1e-13)
    np.testing.assert_allclose(crps_from_draws(draws.T, outcome, draws_axis=1), whole, rtol=1e-13)


@pytest.mark.parametrize("shape", [(5,), (0, 3), (3, 4)], ids=["flat", "no draws", "wrong length"])
def test_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="draws must"):
        crps_from_draws(np.zeros(shape), np.zeros(3))


@given(hnp.arrays(float, (5, 2), elements=st.floats(-4, 4)), st.floats(-4, 4))
def test_equals_the_mean_over_pairs(draws, outcome):
    expected = [oracle.fair_crps(column.tolist(), outcome) for column in draws.T]

    np.testing.assert_allclose(crps_from_draws(draws, np.full(2, outcome)), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("tail", "settings"),
    [
        ("left", {"b": 0.5}),
        ("right", {"a": 0.5}),
        ("both", {"v_func": lambda x: np.where(np.abs(x) > 0.5, x - 0.5 * np.sign(x), 0.0)}),
    ],
    ids=["left", "right", "both"],
)
def test_tails_equal_scoringrules(tail, settings):
    rng = np.random.default_rng(9)
    draws, outcome = rng.standard_t(4, size=(40, 200)), rng.standard_t(4, size=200)

    reference = scoringrules.twcrps_ensemble(outcome, draws.T, estimator="fair", **settings)

    np.testing.assert_allclose(tail_crps(draws, outcome, 0.5, tail=tail), reference, atol=1e-12)


@given(
    hnp.arrays(float, (4, 3), elements=st.floats(-3, 3)),
    hnp.arrays(float, 3, elements=st.floats(-3, 3)),
    hnp.arrays(float, 3, elements=st.floats(0, 2)),
    st.sampled_from(["both", "left", "right"]),
)
def test_tails_equal_the_cases_of_the_chaining_function_with_a_threshold_for_each_row(draws, outcome, limits, tail):
    expected = [
        oracle.fair_crps([oracle.chained(x, at, tail) for x in column], oracle.chained(y, at, tail))
        for column, y, at in zip(draws.T.tolist(), outcome.tolist(), limits.tolist(), strict=True)
    ]

    np.testing.assert_allclose(tail_crps(draws, outcome, limits, tail=tail), expected, atol=1e-12)


@given(hnp.arrays(float, (4, 3), elements=st.floats(-3, 3)), st.floats(-3, 3), st.floats(0, 2))
def test_the_tails_and_the_middle_add_up_to_the_whole(draws, outcome, limit):
    observed = np.full(3, outcome)
    both = tail_crps(draws, observed, limit)
    left, right = (tail_crps(draws, observed, at, tail=t) for at, t in ((-limit, "left"), (limit, "right")))
    middle = crps_from_draws(np.clip(draws, -limit, limit), np.clip(observed, -limit, limit))

    np.testing.assert_allclose(both, left + right, atol=1e-12)
    np.testing.assert_allclose(both + middle, crps_from_draws(draws, observed), atol=1e-12)


def test_both_tails_beyond_a_negative_threshold_are_refused():
    with pytest.raises(ValueError, match="at least 0, was -1"):
        tail_crps(np.zeros((2, 1)), np.zeros(1), -1.0)


def test_the_normal_forecast_equals_scoringrules_and_its_own_draws():
    rng = np.random.default_rng(10)
    mean, sd, outcome = rng.normal(size=200), rng.uniform(0.1, 3.0, size=200), rng.normal(size=200)
    exact = gaussian_crps(mean, sd, outcome)

    draws = mean + sd * rng.normal(size=(2000, 200))

    np.testing.assert_allclose(exact, scoringrules.crps_normal(outcome, mean, sd), rtol=1e-9, atol=1e-12)
    assert abs(crps_from_draws(draws, outcome).mean() - exact.mean()) < 0.005


def test_a_nan_costs_its_row_only():
    draws, outcome = np.random.default_rng(11).normal(size=(5, 4)), np.array([0.0, np.nan, 0.0, 0.0])
    draws[2, 3] = np.nan

    lost = [False, True, False, True]
    for found in (crps_from_draws(draws, outcome), tail_crps(draws, outcome, 1.0)):
        assert np.isnan(found).tolist() == lost
    assert np.isnan(gaussian_crps(outcome, np.array([1.0, 1.0, -1.0, np.nan]), np.zeros(4))).tolist() == [
        False,
        True,
        True,
        True,
    ]
