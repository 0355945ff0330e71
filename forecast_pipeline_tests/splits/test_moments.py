"""Promise: normal equations from block sums are those of standardised rows, and no later row has a say in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.splits.block_sums import BlockMatrix, block_sums
from forecast_pipeline.splits.moments import StandardisedRows, normal_equations
from forecast_pipeline.splits.standardise import CLIP_STD, Standardiser

P = 7
T = 5000


def raw_matrix(seed: int, *, holes: float = 0.0, spikes: int = 0, infinities: int = 0, offset: float = 0.0):
    """Single-precision features of several sizes, one of them constant."""
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal((T, P)) @ rng.standard_normal((P, P))) * 10.0 ** rng.integers(-4, 4, P) + offset
    values[:, 3] = 2.5
    values[rng.random((T, P)) < holes] = np.nan
    for _ in range(spikes):
        values[rng.integers(T), rng.integers(P)] *= 1e3
    for sign in range(infinities):
        values[rng.integers(T), rng.integers(P)] = np.inf * (-1) ** sign
    return values.astype(np.float32)


def fold_rows(values, is_counted, start, stop):
    """Standardised rows of a fold, and the same by the standardiser itself."""
    positions = np.arange(start, stop)
    positions = positions[is_counted[positions]]
    raw = values[start:stop].astype(np.float64)
    standardiser = Standardiser.fit(raw, tuple(f"f{k}" for k in range(P)), 0.15)
    expected = standardiser.transform(values[positions].astype(np.float64))
    return StandardisedRows(BlockMatrix(values, is_counted), standardiser, positions), expected


def assert_equal_to(rows, expected, seed=0):
    rng = np.random.default_rng(seed)
    targets, weights = rng.standard_normal((len(expected), 3)), rng.standard_normal((expected.shape[1], 4))
    gram, cross = normal_equations(rows, targets)
    np.testing.assert_allclose(gram, expected.T @ expected, rtol=0, atol=1e-10 * max(len(expected), 1))
    np.testing.assert_allclose(cross, expected.T @ targets, rtol=0, atol=1e-10 * max(len(expected), 1))
    np.testing.assert_allclose(rows @ weights, expected @ weights, rtol=0, atol=1e-10)


@given(
    seed=st.integers(0, 2**32 - 1),
    start=st.integers(0, 3000),
    length=st.integers(2, 2000),
    holes=st.sampled_from([0.0, 0.0, 0.001, 0.3]),
    spikes=st.integers(0, 5),
    infinities=st.integers(0, 2),
    unlabelled=st.sampled_from([0.0, 0.01]),
)
@settings(max_examples=40, deadline=None)
def test_block_sums_are_those_of_standardised_rows(seed, start, length, holes, spikes, infinities, unlabelled):
    """With holes, constant columns, values that are cut, infinities, and rows without a known outcome."""
    values = raw_matrix(seed, holes=holes, spikes=spikes, infinities=infinities)
    is_counted = np.random.default_rng(seed).random(T) >= unlabelled

    rows, expected = fold_rows(values, is_counted, start, start + length)

    np.testing.assert_array_equal(np.asarray(rows), expected)
    assert_equal_to(rows, expected, seed)


def test_whole_blocks_are_added_and_not_squared_again(monkeypatch):
    """Otherwise the property above would hold for a slow implementation, too."""
    rows, expected = fold_rows(raw_matrix(1), np.ones(T, bool), 100, 4900)
    squared = []
    whole = StandardisedRows._standardised
    monkeypatch.setattr(
        StandardisedRows, "_standardised", lambda self, part: squared.append(len(part)) or whole(self, part)
    )

    gram = rows.gram

    np.testing.assert_allclose(gram, expected.T @ expected, rtol=1e-9, atol=1e-6)
    assert sum(squared) == 4800 - 3 * 1024  # the rows of the blocks that the fold covers in part


def test_a_level_far_from_zero_keeps_its_digits():
    """A price level of a thousand deviations: sums about zero would lose six digits of them."""
    rows, expected = fold_rows(raw_matrix(2, offset=1e4)[:, :], np.ones(T, bool), 0, 4500)

    assert_equal_to(rows, expected)


def test_a_cut_value_counts_as_cut():
    values = raw_matrix(3)
    values[2000, 0] = 1e9
    rows, expected = fold_rows(values, np.ones(T, bool), 0, T)

    assert np.abs(expected).max() == CLIP_STD
    assert_equal_to(rows, expected)


@pytest.mark.parametrize("kind", ["garbage", "nan", "inf", "unlabelled"])
@pytest.mark.parametrize("stop", [3072, 3500])
def test_rows_after_the_last_one_do_not_change_a_bit(kind, stop):
    """L3: at the end of a block and inside one."""
    values, is_counted = raw_matrix(4, holes=0.0005), np.ones(T, bool)
    other, counted = values.copy(), is_counted.copy()
    if kind == "unlabelled":
        counted[stop:] = False
    else:
        other[stop:] = {"garbage": -1e6, "nan": np.nan, "inf": np.inf}[kind]
    targets = np.random.default_rng(0).standard_normal((stop - 500, 2))

    before, _ = fold_rows(values, is_counted, 500, stop)
    after, _ = fold_rows(other, counted, 500, stop)

    assert before.gram.tobytes() == after.gram.tobytes()
    assert before.cross(targets).tobytes() == after.cross(targets).tobytes()


def test_sums_do_not_depend_on_the_folds_that_were_asked_before():
    values, is_counted = raw_matrix(5, holes=0.0005), np.ones(T, bool)
    alone, _ = fold_rows(values, is_counted, 1000, 4000)
    shared = StandardisedRows(BlockMatrix(values, is_counted), alone.standardiser, np.arange(5))
    assert shared.gram.shape == alone.gram.shape

    later = StandardisedRows(shared.matrix, alone.standardiser, alone.positions)

    assert later.gram.tobytes() == alone.gram.tobytes()


def test_a_question_that_is_asked_again_is_answered_alike_and_another_one_anew():
    rows, expected = fold_rows(raw_matrix(6), np.ones(T, bool), 0, 3000)
    first, second = np.random.default_rng(1).standard_normal((2, 3000, 2))

    answers = [rows.cross(first), rows.cross(first.copy()), rows.cross(second)]
    answers[0][:] = 0.0  # what was handed out may be written to

    np.testing.assert_allclose(answers[1], expected.T @ first, atol=1e-9)
    np.testing.assert_allclose(answers[2], expected.T @ second, atol=1e-9)
    np.testing.assert_allclose(rows.cross(second), expected.T @ second, atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_a_block_adds_the_squares_of_its_finite_values(seed, n_rows):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n_rows, 3)) + 50.0
    rows[rng.random((n_rows, 3)) < rng.choice([0.0, 0.3])] = np.nan
    mean = rng.standard_normal(3)
    expected = np.where(np.isfinite(rows), rows - mean, 0.0)

    gram = np.zeros((3, 3))
    block_sums(rows).add_to(gram, mean)

    np.testing.assert_allclose(gram, expected.T @ expected, rtol=1e-11, atol=1e-9)


def test_blocks_grow_with_the_number_of_columns():
    """So that the sums take no more memory than the matrix."""
    assert BlockMatrix(np.zeros((1, 200)), np.ones(1, bool)).block_rows == 1024
    assert BlockMatrix(np.zeros((1, 1000)), np.ones(1, bool)).block_rows == 4096


def test_a_row_that_is_not_counted_keeps_sums_out_of_use():
    is_counted = np.ones(T, bool)
    is_counted[1500] = False
    matrix = BlockMatrix(np.zeros((T, 1)), is_counted)

    assert matrix.blocks_within(np.arange(T)) == (0, 0)
    assert matrix.blocks_within(np.flatnonzero(is_counted)) == (0, 4)
    assert matrix.blocks_within(np.flatnonzero(is_counted)[:1200]) == (0, 1)
    assert matrix.blocks_within(np.delete(np.flatnonzero(is_counted), 3000)) == (0, 2)
    assert matrix.blocks_within(np.array([], dtype=np.intp)) == (0, 0)
