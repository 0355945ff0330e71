"""Promise: the tabular families are scikit-learn's estimators, fitted on train, chosen and shrunk on validation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.registry import TABULAR, family_named
from forecast_pipeline.models.tabular.families import penalties
from forecast_pipeline.models.tabular.paths import MAX_ITERATIONS, TOLERANCE
from forecast_pipeline.models.tabular.tabular import shrinkage
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.arrays import FoldArrays
from forecast_pipeline_tests.models.made_rows import fitted, segments, unfitted

TRAIN, VALIDATION, TEST = segments(800, 300, 200, n_inputs=6)
PLAIN = {"n_penalties": 1, "shrinks_mean": False}
models = pytest.mark.parametrize("name", TABULAR)
linear = pytest.mark.parametrize("name", ["ridge", "lasso", "elastic_net"])


def reference(name, alpha):
    settings = {"max_iter": MAX_ITERATIONS, "tol": TOLERANCE, "fit_intercept": False}
    estimators = {
        "ridge": lambda: Ridge(alpha=alpha, fit_intercept=False),
        "lasso": lambda: Lasso(alpha=alpha, **settings),
        "elastic_net": lambda: ElasticNet(alpha=alpha, l1_ratio=0.5, **settings),
    }
    return estimators[name]()


@linear
@pytest.mark.parametrize("alpha", [0.001, 0.05, 30.0])
def test_a_linear_family_is_scikit_learn_on_scaled_returns(name, alpha):
    estimator = reference(name, alpha).fit(TRAIN.inputs, TRAIN.scaled_increments)

    mean = fitted(name, TRAIN, VALIDATION, alpha=alpha, **PLAIN).mean(TEST)

    np.testing.assert_allclose(mean / TEST.scale, estimator.predict(TEST.inputs), rtol=0, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.001, 10.0, 1e6])
def test_ridge_solves_its_normal_equations(alpha):
    x, y = TRAIN.inputs, TRAIN.scaled_increments
    weights = np.linalg.solve(x.T @ x + alpha * np.eye(6), x.T @ y)

    mean = fitted("ridge", TRAIN, VALIDATION, alpha=alpha, **PLAIN).mean(TEST) / TEST.scale

    np.testing.assert_allclose(mean, TEST.inputs @ weights, rtol=0, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.001, 0.03])
def test_lasso_meets_its_optimality_conditions(alpha):
    """A weight is zero exactly where the residual says less than the penalty."""
    forecaster = fitted("lasso", TRAIN, VALIDATION, alpha=alpha, **PLAIN)

    residual = TRAIN.scaled_increments - forecaster.mean(TRAIN) / TRAIN.scale
    slope = TRAIN.inputs.T @ residual / len(TRAIN)
    weights = forecaster.weights
    assert np.abs(slope).max() <= alpha + 1e-3
    np.testing.assert_allclose(slope[weights != 0], alpha * np.sign(weights[weights != 0]), atol=1e-3)


def test_scaled_targets_keep_lasso_from_being_identically_zero():
    """Correctness 3.6: at the specification's penalty, unscaled returns of 1e-4 have no weight at all."""
    unscaled = Lasso(alpha=0.001).fit(TRAIN.inputs, TRAIN.increments)

    forecaster = fitted("lasso", TRAIN, VALIDATION, alpha=0.001, **PLAIN)

    assert np.count_nonzero(unscaled.coef_) == 0
    assert np.count_nonzero(forecaster.weights) > 10


@linear
def test_the_penalty_is_the_one_with_the_smallest_validation_error(name):
    """A1: chosen on validation rows; test rows are not even there."""
    forecaster = fitted(name, TRAIN, VALIDATION)

    errors = {}
    for alpha in penalties(unfitted(name).parameters):
        mean = fitted(name, TRAIN, VALIDATION, alpha=alpha, **PLAIN).mean(VALIDATION) / VALIDATION.scale
        errors[alpha] = np.mean(np.square(VALIDATION.scaled_increments - mean))
    assert forecaster.penalty == min(errors, key=errors.get)
    assert len(errors) == 10


@models
def test_the_mean_is_fitted_on_train_rows_only(name):
    """Validation chooses, shrinks and calibrates; it does not move a weight."""
    _, other, _ = segments(800, 300, 200, n_inputs=6, ic=0.3)
    plain = {} if name == "forest" else PLAIN

    means = [fitted(name, TRAIN, v, **{**plain, "shrinks_mean": False}).mean(TEST) for v in (VALIDATION, other)]

    np.testing.assert_array_equal(means[0], means[1])


@models
def test_the_spread_is_the_error_on_validation_rows(name):
    forecaster = fitted(name, TRAIN, VALIDATION)

    residuals = VALIDATION.scaled_increments - forecaster.mean(VALIDATION) / VALIDATION.scale
    pool = forecaster.pool.rows
    expected = residuals - residuals.mean(axis=0)
    np.testing.assert_allclose(pool[np.lexsort(pool.T)], expected[np.lexsort(expected.T)], atol=1e-10)


@pytest.mark.parametrize(("factor", "slope"), [(1.0, 1.0), (2.0, 0.5), (0.5, 1.0), (-1.0, 0.0)])
def test_a_mean_is_shrunk_to_what_holds_up(factor, slope):
    outcome = np.random.default_rng(0).normal(size=(100, 2))

    assert shrinkage(factor * outcome, outcome) == pytest.approx(slope, rel=1e-12)
    assert shrinkage(np.zeros((5, 2)), np.ones((5, 2))) == 0.0


@given(st.integers(0, 2**32 - 1))
def test_shrinking_never_makes_the_squared_error_larger(seed):
    rng = np.random.default_rng(seed)
    mean, outcome = rng.normal(size=(2, 30, 2))
    slope = shrinkage(mean, outcome)

    error = np.sum(np.square(outcome - slope * mean))
    assert error <= min(np.sum(np.square(outcome)), np.sum(np.square(outcome - mean))) * (1 + 1e-12)


@models
@pytest.mark.parametrize("n_components", [7, 1000])
def test_more_components_than_inputs_are_refused(name, n_components):
    """Fault 70: the limit depends on the fold, so it is said when it is known."""
    parameters = unfitted(name, pca_components=n_components).parameters

    with pytest.raises(TrainingFailed, match=r"pca_components must be at most 6 for inputs of shape \(800, 6\), was"):
        fit_fold(name, parameters, FoldArrays(TRAIN, VALIDATION, TEST), 0)


def test_components_are_those_of_the_train_rows():
    """F8 and A6."""
    forecaster = fitted("ridge", TRAIN, VALIDATION, pca_components=3, **PLAIN)

    expected = PCA(n_components=3, svd_solver="full").fit(TRAIN.inputs)
    np.testing.assert_allclose(forecaster.projection.components_, expected.components_, atol=1e-12)
    assert forecaster.weights.shape == (3, 3)


def test_all_components_change_nothing_for_ridge():
    """On centred inputs, as a fold has them: components are measured from the mean."""
    offset = TRAIN.inputs.mean(axis=0)
    parts = (TRAIN, VALIDATION, TEST)
    train, validation, test = (dataclasses.replace(rows, standardised=rows.inputs - offset) for rows in parts)
    whole = fitted("ridge", train, validation, **PLAIN).mean(test)

    rotated = fitted("ridge", train, validation, pca_components=6, **PLAIN).mean(test)

    np.testing.assert_allclose(rotated, whole, rtol=0, atol=1e-10 * TEST.scale.max())


def test_a_forest_is_the_same_however_many_threads_grow_it(monkeypatch):
    """Fault 72."""
    results = []
    for jobs in (1, 2):
        monkeypatch.setattr("forecast_pipeline.models.tabular.families.TREE_JOBS", jobs)
        results.append(fitted("forest", TRAIN, VALIDATION).sample(TEST, 20))

    np.testing.assert_array_equal(results[0], results[1])


def correlation(mean, rows):
    return np.corrcoef((mean / rows.scale).ravel(), rows.scaled_increments.ravel())[0, 1]


def r_squared(mean, rows):
    return 1 - np.sum(np.square(rows.scaled_increments - mean / rows.scale)) / np.sum(np.square(rows.scaled_increments))


@models
def test_a_planted_signal_is_found(name):
    """L7: without it, the next test could pass because nothing is ever found."""
    settings = {"n_estimators": 60} if name == "forest" else {}
    train, validation, test = segments(4000, 1500, 4000, ic=0.1)

    mean = fitted(name, train, validation, **settings).mean(test)

    assert correlation(mean, test) > 0.045  # 0.1 is there; four standard errors of 12000 values are 0.036
    assert 0 < r_squared(mean, test) < 0.02


@models
@pytest.mark.parametrize("seed_shift", [1, 2])
def test_nothing_is_found_where_there_is_nothing(name, seed_shift):
    """L6: on a random walk the mean is taken back to about zero."""
    settings = {"n_estimators": 60} if name == "forest" else {}
    train, validation, test = (
        part.take(np.random.default_rng(seed_shift).permutation(len(part)))
        for part in segments(3000, 1000, 3000, ic=0.0)
    )

    mean = fitted(name, train, validation, **settings).mean(test)

    assert abs(r_squared(mean, test)) < 0.003


def test_default_settings_are_the_specification_s():
    assert family_named("ridge").parameters_class()().alpha == 0.001
    assert family_named("elasticnet").parameters_class()().l1_ratio == 0.5
