"""The energy score is the fair one, reduces to the CRPS, and tells dependence apart."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules

from forecast_pipeline.scores import energy
from forecast_pipeline.scores.crps import crps_from_draws
from forecast_pipeline.scores.energy import energy_score
from forecast_pipeline_tests.oracles import scores as oracle


def _sample(n_draws, n_rows=20, n_steps=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_draws, n_rows, n_steps)).cumsum(axis=2), rng.normal(size=(n_rows, n_steps)).cumsum(axis=1)


@pytest.mark.parametrize("pairs", ["all", "consecutive"])
@pytest.mark.parametrize("n_draws", [1, 2, 7])
def test_equals_the_loop_over_pairs(n_draws, pairs):
    draws, outcome = _sample(n_draws)

    expected = [
        oracle.fair_energy_score(draws[:, row].tolist(), outcome[row].tolist(), is_consecutive=pairs == "consecutive")
        for row in range(20)
    ]

    np.testing.assert_allclose(energy_score(draws, outcome, pairs=pairs), expected, atol=1e-12)


def test_equals_scoringrules_with_the_fair_estimator():
    draws, outcome = _sample(30)

    reference = scoringrules.es_ensemble(outcome, draws.transpose(1, 0, 2), estimator="fair")

    np.testing.assert_allclose(energy_score(draws, outcome), reference, rtol=1e-9)


def test_one_step_is_the_crps():
    draws, outcome = _sample(12, n_steps=1)

    np.testing.assert_allclose(energy_score(draws, outcome), crps_from_draws(draws[:, :, 0], outcome[:, 0]), atol=1e-12)


def test_few_and_many_draws_and_both_estimators_agree_on_average():
    means = [
        energy_score(*_sample(n_draws, 6000, 3, seed=n_draws), pairs=pairs).mean()
        for n_draws, pairs in ((3, "all"), (40, "all"), (40, "consecutive"))
    ]

    assert np.ptp(means) < 0.06


def test_a_forecaster_that_knows_the_dependence_of_the_steps_scores_better():
    draws, outcome = _sample(60, 3000)
    rng = np.random.default_rng(1)
    independent = np.take_along_axis(
        draws, rng.permuted(np.broadcast_to(np.arange(60)[:, None, None], draws.shape), axis=0), axis=0
    )

    assert energy_score(draws, outcome).mean() < energy_score(independent, outcome).mean()


def test_blocks_do_not_change_the_scores(monkeypatch):
    draws, outcome = _sample(9)
    whole = energy_score(draws, outcome)

    monkeypatch.setattr(energy, "_VALUES_PER_BLOCK", 50)

    np.testing.assert_allclose(energy_score(draws, outcome), whole, rtol=1e-13)


def test_a_nan_costs_its_row_only_and_no_rows_are_no_scores():
    draws, outcome = _sample(4)
    draws[1, 5, 2] = outcome[7, 0] = np.nan

    assert np.flatnonzero(np.isnan(energy_score(draws, outcome))).tolist() == [5, 7]
    assert energy_score(np.empty((3, 0, 2)), np.empty((0, 2))).size == 0


@pytest.mark.parametrize("shape", [(4, 3), (0, 3, 2), (4, 2, 2)], ids=["flat", "no draws", "wrong rows"])
def test_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="draws must be"):
        energy_score(np.zeros(shape), np.zeros((3, 2)))


def test_pairs_further_apart_lead_from_neighbours_to_all_pairs():
    draws, outcome = _sample(40, 500)
    exact = energy_score(draws, outcome)

    errors = [
        np.abs(energy_score(draws, outcome, pairs="consecutive", furthest=k) - exact).mean() for k in (1, 8, 39, 99)
    ]

    assert errors[1] < 0.6 * errors[0]
    assert max(errors[2:]) < 1e-12
