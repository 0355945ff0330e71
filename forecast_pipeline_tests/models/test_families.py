"""Promise: every family fits, draws joint samples as a pure function of row and seed, and survives storage."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory, TrainingFailed
from forecast_pipeline.core.hashing import sha256_of_bytes
from forecast_pipeline.models.forecaster import cumulative
from forecast_pipeline.models.registry import BASELINES, FAMILIES, MODELS, NEURAL, TABULAR, family_named
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline.models.tabular.families import ForestParameters
from forecast_pipeline.models.train import fit_fold, fold_seed
from forecast_pipeline.splits.arrays import FoldArrays
from forecast_pipeline.verification.small_settings import small_parameters
from forecast_pipeline_tests.models.made_rows import fitted, in_units, made_rows, segments, unfitted

TRAIN, VALIDATION, TEST = segments()
N_SAMPLES = 50
SLOWEST = ("sssd", "sssd_s4")
"""A fit takes seconds; one network stands for all where only fast tests are run."""
NETWORKS = [pytest.param(name, marks=pytest.mark.slow) if name in SLOWEST else name for name in NEURAL]
families = pytest.mark.parametrize("name", [*BASELINES, *TABULAR, *NETWORKS])
at_once = pytest.mark.parametrize("name", [*BASELINES, *TABULAR])
neural = pytest.mark.parametrize("name", NETWORKS)


class Fitted(dict):
    """Every family, fitted when it is first asked for."""

    def __missing__(self, name):
        self[name] = fitted(name, TRAIN, VALIDATION)
        return self[name]


@pytest.fixture(scope="module")
def forecasters():
    """Every family, fitted once."""
    return Fitted()


def reloaded(forecaster):
    return type(forecaster).from_state(load_state(dump_state(forecaster.state()), "test"))


@pytest.mark.parametrize("n_horizons", [1, 4])
@pytest.mark.parametrize(
    # scikit-learn predicts no empty batch, and no stage asks for one
    ("name", "n_test"),
    [
        pytest.param(name, n_test, marks=[pytest.mark.slow] if name in SLOWEST else [])
        for name in FAMILIES
        for n_test in (0, 1, 9)
        if n_test or name in BASELINES
    ],
)
def test_samples_and_means_have_the_shapes_of_their_rows(name, n_horizons, n_test):
    train, validation, test = segments(n_test=n_test, n_horizons=n_horizons)

    forecaster = fitted(name, train, validation)

    samples, mean = forecaster.sample(test, N_SAMPLES), forecaster.mean(test)
    assert (samples.shape, mean.shape) == ((N_SAMPLES, n_test, n_horizons), (n_test, n_horizons))
    assert (samples.dtype, mean.dtype) == (np.float64, np.float64)
    assert np.isfinite(samples).all()
    assert cumulative(samples).shape == samples.shape


@families
def test_the_same_seed_gives_the_same_samples_and_another_seed_others(name, forecasters):
    again, other = fitted(name, TRAIN, VALIDATION), fitted(name, TRAIN, VALIDATION, seed=8)

    samples = forecasters[name].sample(TEST, N_SAMPLES)

    np.testing.assert_array_equal(again.sample(TEST, N_SAMPLES), samples)
    np.testing.assert_array_equal(forecasters[name].sample(TEST, N_SAMPLES), samples)
    assert not np.array_equal(other.sample(TEST, N_SAMPLES), samples)


@families
def test_the_samples_of_a_row_do_not_depend_on_the_batch(name, forecasters):
    """Fault 72: equal up to the last bits, in which products of matrices of other sizes differ."""
    samples = forecasters[name].sample(TEST, N_SAMPLES)
    order = np.random.default_rng(0).permutation(len(TEST))

    alone = np.concatenate(
        [forecasters[name].sample(TEST.take(np.array([k])), N_SAMPLES) for k in range(len(TEST))], axis=1
    )
    shuffled = forecasters[name].sample(TEST.take(order), N_SAMPLES)

    tolerance = 1e-12 * TEST.scale.max()
    np.testing.assert_allclose(alone, samples, rtol=0, atol=tolerance)
    np.testing.assert_allclose(shuffled, samples[:, order], rtol=0, atol=tolerance)


@neural
def test_the_samples_of_a_row_of_a_network_are_the_same_bits_in_any_batch(name, forecasters):
    """A decision has noise and matrix products of its own, so that no tolerance is needed."""
    alone = forecasters[name].sample(TEST.take(np.array([3])), N_SAMPLES)

    np.testing.assert_array_equal(alone[:, 0], forecasters[name].sample(TEST, N_SAMPLES)[:, 3])


@at_once
def test_fewer_samples_are_the_first_of_more(name, forecasters):
    """Of pools; a network draws the noise of all draws of a decision at once."""
    few, many = forecasters[name].sample(TEST, 10), forecasters[name].sample(TEST, 200)

    np.testing.assert_array_equal(few, many[:10])


@families
def test_a_forecast_does_not_read_its_outcome(name, forecasters):
    """Fault 21."""
    blind = dataclasses.replace(TEST, increments=np.full_like(TEST.increments, np.nan))

    np.testing.assert_array_equal(forecasters[name].sample(blind, 9), forecasters[name].sample(TEST, 9))
    np.testing.assert_array_equal(forecasters[name].mean(blind), forecasters[name].mean(TEST))


@at_once
def test_the_mean_of_the_samples_is_the_mean(name, forecasters):
    """Walking once through the whole pool leaves no Monte Carlo error."""
    pool_size = forecasters[name].pool.rows.shape[0]

    samples = forecasters[name].sample(TEST, pool_size)

    np.testing.assert_allclose(
        samples.mean(axis=0), forecasters[name].mean(TEST), rtol=0, atol=1e-10 * TEST.scale.max()
    )


@neural
def test_the_mean_of_many_draws_of_a_network_is_its_mean(name, forecasters):
    """Within five standard errors."""
    row = TEST.take(np.array([0]))
    samples = forecasters[name].sample(row, 20_000)

    error = samples.mean(axis=0) - forecasters[name].mean(row)
    assert (np.abs(error) < 5 * samples.std(axis=0) / np.sqrt(20_000)).all()


@families
def test_storage_gives_back_the_same_forecaster(name, forecasters):
    restored = reloaded(forecasters[name])

    np.testing.assert_array_equal(restored.sample(TEST, N_SAMPLES), forecasters[name].sample(TEST, N_SAMPLES))
    np.testing.assert_array_equal(restored.mean(TEST), forecasters[name].mean(TEST))


@families
def test_two_fits_are_stored_in_the_same_bytes(name, forecasters):
    """Fault 48: otherwise every retraining would be a new version."""
    again = fitted(name, TRAIN, VALIDATION)

    assert dump_state(again.state()) == dump_state(forecasters[name].state())


PRINT_HASHES = """
from forecast_pipeline.core.hashing import sha256_of_bytes
from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.models.storage import dump_state
from forecast_pipeline_tests.models.made_rows import fitted, segments
train, validation, _ = segments()
for name in FAMILIES:
    print(name, sha256_of_bytes(dump_state(fitted(name, train, validation).state())))
"""


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_fit_in_another_process_is_stored_in_the_same_bytes(pytestconfig, forecasters, hash_seed):
    """Faults 48 and 71."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT_HASHES],
        cwd=pytestconfig.rootpath,
        # The rest of the environment stays: it may choose the kernels of the BLAS, and with them how sums round.
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(pytestconfig.rootpath)},
        capture_output=True,
        text=True,
        check=True,
    )

    expected = {name: sha256_of_bytes(dump_state(forecasters[name].state())) for name in FAMILIES}
    assert dict(line.split() for line in done.stdout.splitlines()) == expected


@families
@pytest.mark.parametrize("factor", [0.01, 150.0])
def test_a_forecast_has_the_unit_of_the_returns(name, forecasters, factor):
    other = fitted(name, in_units(TRAIN, factor), in_units(VALIDATION, factor))

    samples = forecasters[name].sample(TEST, N_SAMPLES)
    np.testing.assert_allclose(
        other.sample(in_units(TEST, factor), N_SAMPLES), factor * samples, rtol=1e-6, atol=factor * 1e-9
    )


@families
def test_nothing_to_learn_from_is_said(name):
    """Fault 23."""
    nothing = TRAIN.take(np.array([], dtype=np.intp))
    forecaster = unfitted(name)

    if name == "ewma":  # its scale is part of the fold, nothing is left to learn
        forecaster.fit(nothing, nothing)
        return
    refusal = NotEnoughHistory if name in NEURAL else TrainingFailed
    with pytest.raises(refusal, match=r"must (have a known outcome|not be empty|have at least 128 train rows)"):
        forecaster.fit(nothing, nothing)


@families
def test_rows_without_an_outcome_are_left_out_of_a_fit(name):
    holed = TRAIN.increments.copy()
    holed[::5, -1] = np.nan
    train = dataclasses.replace(TRAIN, increments=holed)
    parameters = unfitted(name).parameters if name in MODELS else family_named(name).parameters_class()()

    forecaster = fit_fold(name, parameters, FoldArrays(train, VALIDATION, TEST), 0)

    by_hand = fitted(name, train.labelled(), VALIDATION, seed=fold_seed(name, 0))
    assert dump_state(forecaster.state()) == dump_state(by_hand.state())
    assert np.isfinite(forecaster.sample(TEST, 9)).all()


@pytest.mark.parametrize("name", TABULAR)
def test_a_model_without_any_input_is_refused(name):
    """Fault 16: no feature was left on the training rows."""
    train, validation, test = segments(n_inputs=0)
    parameters = unfitted(name).parameters

    with pytest.raises(TrainingFailed, match="at least one input must be left on the training rows, was none"):
        fit_fold(name, parameters, FoldArrays(train, validation, test), 3)


@neural
def test_a_network_needs_no_indicator(name):
    """Past bars and the clock are inputs enough: the daily benchmark has nothing else."""
    train, validation, test = segments(n_inputs=0)

    assert np.isfinite(fitted(name, train, validation).sample(test, 9)).all()


@neural
@pytest.mark.parametrize(("n_train", "n_validation", "lacking"), [(127, 200, "128 train"), (600, 31, "32 validation")])
def test_too_few_rows_for_a_network_are_not_enough_history(name, n_train, n_validation, lacking):
    """Of a fold as of anything else: the refusal says what to do, and is no crash of the optimiser."""
    arrays = FoldArrays(*segments(n_train, n_validation))

    with pytest.raises(NotEnoughHistory, match=f"{name} must have at least {lacking} rows"):
        fit_fold(name, unfitted(name).parameters, arrays, 0)


@neural
def test_a_fold_starts_from_the_fold_before_and_a_cold_fit_does_not(name):
    arrays, parameters = FoldArrays(TRAIN, VALIDATION, TEST), unfitted(name).parameters
    first = fit_fold(name, parameters, arrays, 0)

    warm, cold = fit_fold(name, parameters, arrays, 1, previous=first), fit_fold(name, parameters, arrays, 1)

    assert (first.is_warm, warm.is_warm, cold.is_warm) == (False, True, False)
    assert not np.array_equal(warm.sample(TEST, 9), cold.sample(TEST, 9))
    again = fit_fold(name, parameters, arrays, 1, previous=reloaded(first))
    np.testing.assert_array_equal(again.sample(TEST, 9), warm.sample(TEST, 9))


@at_once
def test_a_family_that_is_fitted_at_once_does_not_look_at_the_fold_before(name):
    arrays, parameters = FoldArrays(TRAIN, VALIDATION, TEST), small_parameters(name)
    first = fit_fold(name, parameters, arrays, 0)

    states = [dump_state(fit_fold(name, parameters, arrays, 1, previous=each).state()) for each in (None, first)]

    assert states[0] == states[1]


def test_the_seed_of_a_fold_is_known_to_everyone():
    """Fault 71."""
    assert fold_seed("ridge", 0) == fold_seed("ridge", 0)
    seeds = {fold_seed(name, fold) for name in FAMILIES for fold in range(-1, 20)}
    assert len(seeds) == len(FAMILIES) * 21


def test_the_registry_has_baselines_and_models_and_nothing_else():
    assert {*BASELINES, *MODELS} == set(FAMILIES)
    assert (*TABULAR, *NEURAL) == MODELS
    assert TABULAR == ("ridge", "lasso", "elastic_net", "forest")
    assert NEURAL[0] == "latent_diffusion"
    assert BASELINES == ("random_walk", "historical", "climatology", "ewma", "ewma_fhs", "garch_t", "har")
    assert [name for name in FAMILIES if family_named(name).is_baseline] == list(BASELINES)
    assert (family_named("rf").name, family_named("elasticnet").name) == ("forest", "elastic_net")


@pytest.mark.parametrize(
    ("name", "hint"), [("rigde", ". To do: use ridge."), ("xgboost", ""), ("", ""), ("../ridge", "")], ids=repr
)
def test_an_unknown_model_is_refused_with_the_list(name, hint):
    """Fault 12."""
    with pytest.raises(InvalidConfiguration) as refusal:
        family_named(name)

    known = "random_walk historical climatology ewma ewma_fhs garch_t har ridge lasso elastic_net forest"
    assert " ".join(FAMILIES).startswith(f"{known} latent_diffusion")
    assert str(refusal.value).startswith(f"model must be one of {' '.join(FAMILIES)}, was {name!r}")
    assert hint in str(refusal.value)


def test_settings_of_a_model_are_checked():
    """Fault 70."""
    with pytest.raises(InvalidConfiguration, match=r"n_estimator is not a setting; did you mean 'n_estimators'?"):
        ForestParameters.parse({"n_estimator": 3})
    for family in FAMILIES.values():
        with pytest.raises(InvalidConfiguration, match="colour is not a setting"):
            family.parameters_class().parse({"colour": "red"})


def test_made_rows_have_the_signal_they_promise():
    rows = made_rows(50_000, ic=0.1)

    assert np.corrcoef(rows.inputs[:, 0], rows.scaled_increments[:, 1])[0, 1] == pytest.approx(0.1, abs=0.02)
    np.testing.assert_allclose(rows.outcomes[:, -1], rows.increments.sum(axis=1), rtol=1e-9)
