"""Promise: inputs are scaled by what the training rows hold, holes and constants included."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.splits.standardise import (
    CLIP_STD,
    Standardiser,
    constant_columns,
    drift,
    population_stability,
)

NAN, INF = np.nan, np.inf
seeds = st.integers(0, 2**32 - 1)


def matrix(seed=0, n=200, p=4, share_nan=0.2):
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(scale=10, size=p), np.exp(rng.normal(size=p)), (n, p))
    values[rng.random((n, p)) < share_nan] = NAN
    return values


def fit(train, coverage=0.0):
    return Standardiser.fit(train, tuple(f"c{k}" for k in range(train.shape[1])), coverage)


@given(seeds, st.floats(0, 0.9))
def test_mean_and_deviation_are_numpy_s_over_the_defined_values(seed, share_nan):
    train = matrix(seed, share_nan=share_nan)

    fitted = fit(train)

    np.testing.assert_allclose(fitted.mean, np.nanmean(train, axis=0), rtol=1e-12)
    np.testing.assert_allclose(fitted.std, np.nanstd(train, axis=0), rtol=1e-12)
    np.testing.assert_array_equal(fitted.coverage_fraction, np.isfinite(train).mean(axis=0))


@given(seeds)
def test_scaling_is_undone_by_its_inverse(seed):
    rows = matrix(seed, share_nan=0.0)
    fitted = fit(rows)

    np.testing.assert_allclose(fitted.inverse(fitted.transform(rows)), rows, rtol=1e-9, atol=1e-9)


@given(seeds)
def test_scaled_training_rows_have_mean_0_and_deviation_1(seed):
    rows = matrix(seed, share_nan=0.0)

    scaled = fit(rows).transform(rows)

    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-9)


def test_each_row_is_scaled_by_itself():
    """S1: nothing of the rows that are scaled flows into the scale."""
    fitted, rows = fit(matrix(0)), matrix(1)

    alone = np.concatenate([fitted.transform(rows[k : k + 1]) for k in range(len(rows))])

    np.testing.assert_array_equal(alone, fitted.transform(rows))


@pytest.mark.parametrize("constant", [0.0, 1.0, -5.0, 1e6, 0.1 + 0.2, 1.1234567], ids=lambda c: f"constant {c:g}")
def test_a_constant_column_has_deviation_1_and_is_not_kept(constant):
    """Fault 22."""
    rng = np.random.default_rng(0)
    noise = constant * 1e-15 * rng.choice([-1, 0, 1], 500)  # rounding of a computed constant
    train = np.column_stack([constant + noise, rng.normal(size=500)])

    fitted = fit(train)

    assert fitted.std[0] == 1.0
    assert fitted.is_kept.tolist() == [False, True]
    assert fitted.kept_columns == ("c1",)
    assert fitted.transform(train).shape == (500, 1)


@pytest.mark.parametrize("constant", [0.1, 0.7, 3.3, -1e5])
def test_a_constant_of_a_million_rows_is_one_however_its_sum_is_rounded(constant):
    """Fault 22: a plain sum of a million times 0.7 is off by more than the tolerance of a constant."""
    train = np.full((1_000_000, 1), constant)

    fitted = fit(train)

    assert fitted.is_kept.tolist() == [False]
    assert (fitted.mean[0], fitted.std[0]) == (constant, 1.0)


def test_constants_are_listed_and_columns_that_are_left_out_for_other_reasons_are_not():
    """Correctness 3, rule 2."""
    noise = 1e6 * (1 + 1e-15 * np.random.default_rng(0).choice([-1, 1], 50))
    signs = np.tile([1.0, -1.0], 25)
    train = np.column_stack([noise, np.full(50, NAN), np.where(np.arange(50) < 1, 2.0, NAN), signs, np.full(50, 0.3)])

    assert constant_columns(train, ("noise", "empty", "one value", "signs", "level")) == ("noise", "level")


def test_single_precision_is_summed_in_double():
    rows = matrix(share_nan=0.1).astype(np.float32)
    rows = np.tile(rows, (200, 1))

    fitted = fit(rows)

    np.testing.assert_allclose(fitted.mean, np.nanmean(rows.astype(np.float64), axis=0), rtol=1e-12)
    assert fitted.mean.dtype == fitted.std.dtype == np.float64


def test_a_hole_in_later_rows_only_becomes_the_training_mean():
    train, later = matrix(0, share_nan=0.0), matrix(1, share_nan=0.0)
    later[:, 2] = NAN

    fitted = fit(train)
    scaled = fitted.transform(later)

    assert fitted.is_kept.all()
    assert (scaled[:, 2] == 0.0).all()
    assert np.isfinite(scaled).all()
    assert np.isnan(fitted.clipped_fraction(later)[2])


def test_the_share_that_is_cut_counts_defined_values():
    fitted = fit(np.array([[1.0, 0.0], [3.0, 1.0]]))
    rows = np.array([[2.0, 0.5], [2.0 + CLIP_STD, 0.5], [2.1 + CLIP_STD, NAN], [-INF, NAN]])

    assert fitted.clipped_fraction(rows).tolist() == [0.5, 0.0]


@pytest.mark.parametrize("act", ["fit", "transform", "clipped_fraction"])
def test_rows_of_another_width_are_refused(act):
    fitted = fit(matrix(p=3))

    with pytest.raises(InvalidConfiguration, match=r"rows must have 3 columns, was shape \(200, 4\)"):
        Standardiser.fit(matrix(p=4), ("a", "b", "c"), 0.0) if act == "fit" else getattr(fitted, act)(matrix(p=4))


def test_a_small_column_is_no_constant():
    """Fault 22: returns of a minute are of the order of 1e-4, their squares of 1e-8."""
    train = np.random.default_rng(0).normal(scale=[[1e-4, 1e-8]], size=(500, 2))

    assert fit(train).is_kept.tolist() == [True, True]


@pytest.mark.parametrize(("limit", "kept"), [(0.0, 3), (0.1, 3), (0.100001, 2), (0.5, 2), (0.51, 1), (1.0, 1)])
def test_columns_are_kept_by_their_share_of_defined_training_values(limit, kept):
    """Fault 16."""
    train = matrix(n=100, p=3, share_nan=0.0)
    train[:50, 1] = NAN
    train[:90, 2] = NAN

    fitted = fit(train, limit)

    assert fitted.coverage_fraction.tolist() == [1.0, 0.5, 0.1]
    assert fitted.kept_columns == tuple(f"c{k}" for k in range(kept))


@pytest.mark.parametrize("n_defined", [0, 1])
def test_a_column_of_hardly_any_value_is_not_kept(n_defined):
    """Fault 16."""
    train = matrix(n=50, p=2, share_nan=0.0)
    train[n_defined:, 0] = NAN

    fitted = fit(train)

    assert fitted.is_kept.tolist() == [False, True]
    assert np.isfinite(fitted.mean).all()
    assert (fitted.std > 0).all()


def test_what_is_undefined_becomes_the_mean_and_what_is_wild_is_cut():
    """Fault 60: a bad tick may not move a linear forecast without bound."""
    fitted = fit(np.array([[1.0], [3.0]]))

    scaled = fitted.transform(np.array([[2.0], [NAN], [INF], [-INF], [1e9], [-1e9], [2.0 + CLIP_STD / 2]]))

    assert scaled.ravel().tolist() == [0.0, 0.0, CLIP_STD, -CLIP_STD, CLIP_STD, -CLIP_STD, CLIP_STD / 2]


def test_infinities_of_the_training_rows_are_left_out():
    train = np.array([[1.0], [3.0], [INF], [-INF], [NAN]])

    fitted = fit(train)

    assert (fitted.mean[0], fitted.std[0], fitted.coverage_fraction[0]) == (2.0, 1.0, 0.4)


def test_no_training_row_keeps_no_column():
    fitted = fit(np.empty((0, 3)))

    assert fitted.kept_columns == ()
    assert fitted.transform(matrix(p=3)).shape == (200, 0)


@given(seeds, st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_drift_does_not_see_the_scale(seed, factor, offset):
    """Fault 22: why a drift alarm proves nothing about look-ahead."""
    rng = np.random.default_rng(seed)
    train, later = np.round(rng.normal(size=80), 3), np.round(rng.normal(0.3, 1.5, size=60), 3)

    assert drift(factor * train + offset, factor * later + offset) == drift(train, later)


def test_drift_is_the_two_sample_statistic_of_the_defined_values():
    """Fault 22."""
    rng = np.random.default_rng(0)
    train, later = rng.normal(size=300), rng.normal(0.5, 1, 200)
    expected = stats.ks_2samp(train, later, method="asymp")

    statistic, p_value = drift(np.append(train, [NAN, INF]), np.append(NAN, later))

    assert (statistic, p_value) == (expected.statistic, expected.pvalue)
    assert p_value < 1e-4
    assert drift(train, train)[0] == 0.0


@pytest.mark.parametrize("later", [[], [1.0], [NAN, NAN, 3.0]], ids=repr)
def test_drift_of_hardly_any_value_is_not_defined(later):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(drift(np.arange(10.0), np.array(later))).all()


@given(seeds, st.floats(0.0, 3.0))
def test_stability_is_never_negative_zero_for_the_same_rows_and_blind_to_scale(seed, shift):
    rng = np.random.default_rng(seed)
    train, later = rng.normal(size=200), rng.normal(shift, 1, size=100)

    index = population_stability(train, later)

    assert index >= 0.0
    assert population_stability(train, train) == 0.0
    assert population_stability(8.0 * train, 8.0 * later) == index


def test_stability_is_the_sum_over_tenths_of_the_training_rows():
    """Shares 1/10 each against what falls between the deciles, half a count added to each bin."""
    train, later = np.arange(1.0, 101.0), np.array([5.0, 15.0, 15.0, 95.0, 1000.0, NAN])
    p = np.full(10, (10 + 0.5) / (100 + 5))
    q = (np.array([1, 2, 0, 0, 0, 0, 0, 0, 0, 2]) + 0.5) / (5 + 5)

    assert population_stability(np.append(train, [NAN, INF]), later) == pytest.approx(np.sum((q - p) * np.log(q / p)))


@pytest.mark.parametrize("level", [-1.0, 7.0])
def test_stability_sees_a_constant_that_changes(level):
    train = np.full(100, 5.0)

    assert population_stability(train, np.full(50, level)) > 5.0
    assert population_stability(train, np.full(50, 5.0)) < 0.01


@pytest.mark.parametrize("later", [[], [1.0], [NAN, NAN, 3.0]], ids=repr)
def test_stability_of_hardly_any_value_is_not_defined(later):
    assert np.isnan(population_stability(np.arange(10.0), np.array(later)))
    with pytest.raises(InvalidConfiguration, match="n_bins must be at least 2, was 1"):
        population_stability(np.arange(10.0), np.arange(10.0), 1)
