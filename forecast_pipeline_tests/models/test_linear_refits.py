"""Promise: weights from normal equations are those of naive refits, fold by fold, whatever the inputs hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.tabular import paths
from forecast_pipeline.models.tabular.families import penalties
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.arrays import FoldArrays, Rows
from forecast_pipeline.splits.block_sums import BlockMatrix
from forecast_pipeline.splits.moments import NormalEquations, StandardisedRows
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline_tests.models.made_rows import segments, unfitted
from forecast_pipeline_tests.oracles.linear_refits import refit

N_ROWS, N_INPUTS = 6000, 12
linear = pytest.mark.parametrize("name", ["ridge", "lasso", "elastic_net"])


def made_walk(seed: int, *, holes: float, spikes: int, is_collinear: bool = False, infinite: bool = False):
    """A raw matrix with a constant column, targets with a trace of signal, and folds that roll over it."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((N_ROWS, 4)) @ rng.standard_normal((4, N_INPUTS))
    values += 0.5 * rng.standard_normal((N_ROWS, N_INPUTS))
    signal = values[:, :1] - values[:, 1:2]
    values *= 10.0 ** rng.integers(-3, 3, N_INPUTS)
    values[:, 5] = 7.0
    if is_collinear:
        values[:, 6] = values[:, 7] * (1.0 + 1e-7 * rng.standard_normal(N_ROWS))
    values[rng.random(values.shape) < holes] = np.nan
    for _ in range(spikes):
        values[rng.integers(N_ROWS), rng.integers(N_INPUTS)] *= 1e4
    if infinite:
        values[2222, 2] = np.inf
    scale = 1e-4 * np.exp(0.3 * rng.standard_normal((N_ROWS, 1))) * np.array([[1.0, 2.0]])
    increments = scale * (0.05 * signal + rng.standard_normal((N_ROWS, 2)))
    increments[rng.random(N_ROWS) < 0.002, 0] = np.nan
    matrix = BlockMatrix(values.astype(np.float32), np.isfinite(increments).all(axis=1))
    return [fold(matrix, increments, scale, first) for first in (0, 700, 1500)]


def fold(matrix: BlockMatrix, increments, scale, first: int) -> FoldArrays:
    train, validation = np.arange(first, first + 3500), np.arange(first + 3510, first + 4400)
    test = np.arange(first + 4420, first + 4500)
    columns = tuple(f"f{k}" for k in range(N_INPUTS))
    standardiser = Standardiser.fit(matrix.values[train].astype(np.float64), columns, 0.15)
    return FoldArrays(
        *(
            Rows(StandardisedRows(matrix, standardiser, rows), increments[rows], scale[rows], rows * 3_600_000_000)
            for rows in (train, validation, test)
        )
    )


def by_refit(name: str, arrays: FoldArrays, **settings):
    train, validation = ((rows.inputs, rows.scaled_increments) for rows in arrays.fitting)
    return refit(name, train, validation, penalties(family_named(name).parameters_class()()), **settings)


@given(
    seed=st.integers(0, 2**32 - 1),
    holes=st.sampled_from([0.0, 0.001, 0.2]),
    spikes=st.integers(0, 4),
    infinite=st.booleans(),
)
@settings(max_examples=8, deadline=None)
def test_ridge_is_the_naive_refit_in_every_fold(seed, holes, spikes, infinite):
    for number, arrays in enumerate(made_walk(seed, holes=holes, spikes=spikes, infinite=infinite)):
        forecaster = fit_fold("ridge", unfitted("ridge").parameters, arrays, number)

        penalty, weights = by_refit("ridge", arrays)
        assert forecaster.penalty == penalty
        np.testing.assert_allclose(forecaster.weights, weights, rtol=0, atol=1e-8)
        test = arrays.test
        expected = forecaster.slope * test.inputs @ weights
        np.testing.assert_allclose(forecaster.mean(test) / test.scale, expected, rtol=0, atol=1e-8)


def test_ridge_is_the_naive_refit_where_inputs_are_copies_of_each_other():
    """Weights are then barely determined, what they predict is."""
    for number, arrays in enumerate(made_walk(3, holes=0.0, spikes=0, is_collinear=True)):
        settings = unfitted("ridge", n_penalties=1, shrinks_mean=False).parameters
        forecaster = fit_fold("ridge", settings, arrays, number)

        train, validation = ((rows.inputs, rows.scaled_increments) for rows in arrays.fitting)
        _, weights = refit("ridge", train, validation, [0.001])
        expected = arrays.test.inputs @ weights
        np.testing.assert_allclose(forecaster.mean(arrays.test) / arrays.test.scale, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["lasso", "elastic_net"])
def test_a_path_with_warm_starts_ends_where_cold_starts_do(name, monkeypatch):
    """Both descend until the gap is closed."""
    monkeypatch.setattr(paths, "TOLERANCE", 1e-12)
    monkeypatch.setattr(paths, "MAX_ITERATIONS", 100_000)
    for number, arrays in enumerate(made_walk(11, holes=0.001, spikes=2)):
        forecaster = fit_fold(name, unfitted(name).parameters, arrays, number)

        penalty, weights = by_refit(name, arrays, tolerance=1e-12, max_iterations=100_000)
        assert forecaster.penalty == penalty
        np.testing.assert_allclose(forecaster.weights, weights, rtol=0, atol=1e-8)
        np.testing.assert_array_equal(forecaster.weights == 0, weights == 0)


@pytest.mark.parametrize("name", ["lasso", "elastic_net"])
def test_at_the_shipped_tolerance_a_path_predicts_as_well_as_refits(name):
    """Where descent stops early, the two stop at different places that are equally good."""
    for number, arrays in enumerate(made_walk(12, holes=0.0, spikes=0)):
        forecaster = fit_fold(name, unfitted(name).parameters, arrays, number)

        _, weights = by_refit(name, arrays)
        wanted = arrays.fitting[1].scaled_increments
        errors = [np.mean(np.square(wanted - arrays.fitting[1].inputs @ w)) for w in (forecaster.weights, weights)]
        assert errors[0] == pytest.approx(errors[1], rel=1e-3)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_compressed_rows_have_the_moments_of_all_rows(l1_ratio):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((500, 5))
    x[:, 4] = x[:, 0] - x[:, 1]  # a matrix without full rank
    y = x[:, :2] + rng.standard_normal((500, 2))
    equations, squares = NormalEquations(x.T @ x, x.T @ y), np.sum(np.square(y), axis=0)

    design, responses = paths.compressed(equations, squares)

    assert design.shape == (5, 5)  # four directions, and a row for what they leave
    np.testing.assert_allclose(design.T @ design, equations.gram, atol=1e-9)
    np.testing.assert_allclose(design.T @ responses, equations.cross, atol=1e-9)
    np.testing.assert_allclose(np.sum(np.square(responses), axis=0), squares, rtol=1e-12)
    path = paths.penalised_path(equations, [0.1, 0.01], squares, 500, l1_ratio)
    assert path.shape == (2, 5, 2)
    assert np.isfinite(path).all()


def test_a_matrix_without_a_root_is_solved_in_its_eigenvectors():
    """Rounding can leave a smallest eigenvalue below minus the penalty."""
    gram = np.diag([1.0, -1e-9])

    path = paths.ridge_path(NormalEquations(gram, np.array([[2.0], [0.0]])), [1e-10])

    np.testing.assert_allclose(path[0], [[2.0], [0.0]], rtol=1e-9)


@linear
def test_rows_that_stand_in_memory_give_the_forecaster_of_rows_that_do_not(name):
    """Serving and verification hand over plain arrays."""
    lazy = made_walk(21, holes=0.001, spikes=1)[1]
    plain = FoldArrays(
        *(Rows(r.inputs, r.increments, r.scale, r.issued_at_us) for r in (lazy.train, lazy.validation, lazy.test))
    )

    pair = [fit_fold(name, unfitted(name).parameters, arrays, 0) for arrays in (lazy, plain)]

    assert pair[0].penalty == pair[1].penalty
    tolerance = 1e-8 * lazy.test.scale.max()
    np.testing.assert_allclose(pair[0].mean(lazy.test), pair[1].mean(plain.test), rtol=0, atol=tolerance)


@linear
def test_rows_after_the_cut_off_leave_the_artefact_bit_identical(name):
    """L3: other targets, other features and other labels after the last validation row."""
    train, validation, _ = segments()
    rng = np.random.default_rng(0)
    values = np.concatenate([train.inputs, validation.inputs, rng.standard_normal((400, 5))]).astype(np.float32)
    garbage = np.concatenate([values[:800], np.full((400, 5), -1e5, np.float32)])
    states = []
    for each, is_counted in ((values, np.ones(1200, bool)), (garbage, np.arange(1200) < 800)):
        matrix = BlockMatrix(each, is_counted)
        standardiser = Standardiser.fit(each[:600].astype(np.float64), tuple("abcde"), 0.15)
        parts = [
            Rows(StandardisedRows(matrix, standardiser, rows), old.increments, old.scale, old.issued_at_us)
            for rows, old in ((np.arange(600), train), (np.arange(600, 800), validation))
        ]
        forecaster = unfitted(name)
        forecaster.fit(*parts)
        states.append(forecaster)

    assert states[0].weights.tobytes() == states[1].weights.tobytes()
    assert states[0].pool.rows.tobytes() == states[1].pool.rows.tobytes()
    assert (states[0].penalty, states[0].slope) == (states[1].penalty, states[1].slope)
