"""Guards the suite beyond features: each planted error is caught by the test that is for it, and nothing honest is."""

from __future__ import annotations

import pytest

from forecast_pipeline.models.registry import BASELINES, NEURAL, TABULAR
from forecast_pipeline.verification.fold_pipeline import FoldPipeline
from forecast_pipeline.verification.fold_tests import FOLD_TESTS
from forecast_pipeline.verification.kill_matrix import clean_results, simulated_mutants
from forecast_pipeline.verification.leak_tests import SEED, TESTS
from forecast_pipeline.verification.mutants import outcome
from forecast_pipeline.verification.planted_backtest_leaks import real_choices, simulated_backtest
from forecast_pipeline.verification.planted_fit_leaks import fit_mutants
from forecast_pipeline.verification.planted_leaks import EXPECTED
from forecast_pipeline.verification.planted_serving_leaks import serving_mutants
from forecast_pipeline.verification.planted_split_leaks import split_mutants
from forecast_pipeline.verification.serving_pipeline import served_world
from forecast_pipeline.verification.simulated_matrix import BARS_PER_WEEK, simulated_matrix

N_MUTANTS = {"S": 12, "A": 13, "V": 6, "B": 7, "X": 8}
AT_ONCE = (*BASELINES, *TABULAR)
WITH_NETWORKS = [*AT_ONCE, *(pytest.param(name, marks=pytest.mark.slow) for name in NEURAL)]
CODES = [f"{group}{number}" for group, count in N_MUTANTS.items() for number in range(1, count + 1)]


@pytest.fixture(scope="module")
def mutants():
    return {mutant.code: mutant for mutant in simulated_mutants()}


@pytest.fixture(scope="module")
def killed(mutants):
    return {code: outcome(mutant) for code, mutant in mutants.items()}


@pytest.fixture(scope="module")
def clean():
    return list(clean_results(families=AT_ONCE))


def test_every_group_is_complete_and_in_order(mutants):
    assert list(mutants) == CODES


@pytest.mark.parametrize("code", CODES)
def test_a_planted_error_is_caught_by_every_test_that_is_there_for_it(mutants, killed, code):
    assert killed[code].is_killed, killed[code].detail
    assert set(mutants[code].expected) <= set(killed[code].killed_by.split(", "))


def test_a_test_that_catches_nothing_is_not_kept(killed, clean):
    names = {result.test for result in clean}
    caught = {name for each in killed.values() for name in each.killed_by.split(", ")}

    assert names == caught
    # Rebuilding needs seconds a leak: that it catches the joins is shown where group F is tested.
    assert {*EXPECTED.values(), "truncation", "perturbation"} == set(TESTS)


def test_no_honest_part_is_accused(clean):
    assert {result.test: result.findings for result in clean if result.findings} == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_other_world_makes_an_honest_part_look_guilty(seed):
    results = clean_results(seed, (*AT_ONCE, "latent_diffusion"))
    assert {result.test: result.findings for result in results if result.findings} == {}


@pytest.mark.slow
@pytest.mark.parametrize("family", NEURAL)
def test_no_network_is_accused(family):
    found = {name: list(test(FoldPipeline(family=family), simulated_matrix(SEED))) for name, test in FOLD_TESTS.items()}

    assert not any(found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_folds_and_serving_that_leak_are_caught_in_every_world(seed):
    matrix = simulated_matrix(seed)
    planted = [*split_mutants(matrix), *fit_mutants(matrix), *serving_mutants(served_world(seed))]

    assert [mutant.code for mutant in planted if not mutant.caught()] == []


@pytest.mark.parametrize("family", WITH_NETWORKS)
def test_a_fold_is_fitted_to_the_same_bytes_twice(family):
    """Without this an alarm could be noise, and its absence luck."""
    pipeline, matrix = FoldPipeline(family=family), simulated_matrix(1)

    assert pipeline.artefact(matrix, 1) == pipeline.artefact(matrix, 1)


def test_what_may_change_a_fold_does():
    """A hash that nothing can change would pass every test."""
    matrix, shifted = simulated_matrix(1), simulated_matrix(1, window=12)
    before, after = (FoldPipeline().artefact(source, 0) for source in (matrix, shifted))

    assert {name for name in before if before[name] == after[name]} == {
        "settings",  # as tuned inside the family, which keeps its result in its own state
        "target scale",
        "climatology",
        "regime thresholds",
    }


def test_folds_of_the_simulated_matrix_begin_behind_a_weekend():
    """A purge in calendar time is wrong only where a label reaches over one."""
    matrix = simulated_matrix(0)
    _, folds = FoldPipeline().segments(matrix)

    assert [fold.test.size for fold in folds] == [BARS_PER_WEEK, BARS_PER_WEEK]
    first = [matrix.frame["close_ts_utc"][int(fold.test[0])] for fold in folds]
    assert {moment.astimezone().isoweekday() for moment in first} == {1}
    assert set(FOLD_TESTS) == {"L8 label order", "L3 cut-off", "L3 strict cut-off"}


def test_the_policy_that_is_extended_does_choose_another_champion():
    """Prefix stability of a policy that never chooses anything would be worth nothing."""
    champions = real_choices(simulated_backtest(0)).sort("fold")["champion"]

    assert (champions[0], champions[-1]) == ("random_walk", "ridge")
