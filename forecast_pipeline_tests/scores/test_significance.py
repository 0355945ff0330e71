"""Overlapping labels do not pass for evidence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast_pipeline.scores.significance import (
    diebold_mariano,
    disjoint_rows,
    effective_sample_size,
    hac_lags,
    holm,
    long_run_variance,
    mean_interval,
)

intervals = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), min_size=1, max_size=8)


@given(intervals)
def test_disjoint_rows_are_disjoint_and_no_larger_set_exists(spans):
    start = np.array([a for a, _ in spans])
    end = start + np.array([length for _, length in spans])

    chosen = disjoint_rows(start, end)

    def is_disjoint(rows):
        return all(end[a] <= start[b] or end[b] <= start[a] for a, b in itertools.combinations(rows, 2))

    largest = max(
        k
        for k in range(1, len(spans) + 1)
        for rows in itertools.combinations(range(len(spans)), k)
        if is_disjoint(rows)
    )
    assert is_disjoint(chosen)
    assert len(chosen) == largest


def test_a_hole_in_the_rows_costs_only_the_rows_it_holds():
    start = np.array([0, 1, 2, 50, 51, 52])

    assert disjoint_rows(start, start + 3).tolist() == [0, 3]


def test_long_run_variance_equals_the_double_loop():
    series = np.random.default_rng(0).normal(size=40).cumsum()
    centred, n_lags = series - series.mean(), 6
    expected = 0.0
    for i, j in itertools.product(range(40), repeat=2):
        expected += max(0.0, 1 - abs(i - j) / (n_lags + 1)) * centred[i] * centred[j] / 40

    np.testing.assert_allclose(long_run_variance(series, n_lags), expected, rtol=1e-10)


@pytest.mark.parametrize(("n_rows", "horizon", "lags"), [(100, 1, 4), (100, 9, 8), (1, 1, 0), (5, 60, 4)])
def test_lags_follow_the_horizon_and_newey_west(n_rows, horizon, lags):
    assert hac_lags(n_rows, horizon) == lags


def test_effective_size_of_overlapping_sums_is_the_disjoint_count():
    rng = np.random.default_rng(1)
    series = np.convolve(rng.normal(size=1059), np.ones(60), "valid")
    start = np.arange(1000)

    size = effective_sample_size(start, start + 60, series, 60)

    assert (size.n_rows, size.n_disjoint, size.n_eff) == (1000, 17, min(17, int(size.n_long_run)))


def test_effective_size_sees_correlation_that_labels_do_not_show():
    rng = np.random.default_rng(2)
    noise, series = rng.normal(size=2000), np.zeros(2000)
    for k in range(1, 2000):
        series[k] = 0.8 * series[k - 1] + noise[k]
    start = np.arange(2000)

    assert effective_sample_size(start, start + 1, series, 1).n_eff < 600


@pytest.mark.parametrize("series", [np.empty(0), np.ones(5)], ids=["empty", "constant"])
def test_effective_size_is_defined_without_variance(series):
    start = np.arange(series.size)

    assert effective_sample_size(start, start + 1, series, 1).n_eff == series.size


def test_diebold_mariano_follows_the_formula_step_by_step():
    rng = np.random.default_rng(3)
    loss, reference = rng.random((2, 50))
    difference, n, h, lags = loss - reference, 50, 4, 3
    centred = difference - difference.mean()
    gammas = [centred[k:] @ centred[: n - k] / n for k in range(lags + 1)]
    variance = gammas[0] + 2 * sum((1 - k / (lags + 1)) * gammas[k] for k in range(1, lags + 1))
    t = difference.mean() / np.sqrt(variance / n) * np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)

    found = diebold_mariano(loss, reference, h)

    np.testing.assert_allclose(found.statistic, t, rtol=1e-12)
    np.testing.assert_allclose(found.p_value, 2 * stats.t.sf(abs(t), n - 1), rtol=1e-9)


def test_size_at_a_long_horizon_is_kept_where_the_naive_test_fails():
    rng = np.random.default_rng(4)
    n_repetitions, horizon = 200, 60
    rejections, naive = 0, 0
    for _ in range(n_repetitions):
        losses = [np.convolve(rng.normal(size=1059), np.ones(horizon), "valid") for _ in range(2)]
        rejections += diebold_mariano(*losses, horizon).p_value < 0.05
        naive += stats.ttest_1samp(losses[0] - losses[1], 0.0).pvalue < 0.05

    assert rejections / n_repetitions <= 0.15
    assert naive / n_repetitions > 0.5  # the experiment has teeth


@pytest.mark.parametrize(
    ("loss", "reference", "horizon"),
    [
        (np.ones(20), np.ones(20), 1),
        (np.full(20, 0.3), np.full(20, 0.1), 1),
        (np.arange(5.0), np.zeros(5), 4),
        (np.empty(0), np.empty(0), 1),
    ],
    ids=["equal", "constant difference", "horizon too long", "no rows"],
)
def test_no_p_value_where_there_is_no_evidence(loss, reference, horizon):
    assert np.isnan(diebold_mariano(loss, reference, horizon).p_value)


def test_mean_interval_leaves_out_nan_and_covers_the_mean():
    rng = np.random.default_rng(5)
    n_covered = 0
    for _ in range(300):
        series = rng.normal(loc=1.0, size=200)
        series[::7] = np.nan
        interval = mean_interval(series, 1)
        n_covered += interval.low <= 1.0 <= interval.high

    assert n_covered / 300 > 0.9
    assert np.isnan(mean_interval(np.full(3, np.nan), 1).mean)
    assert np.isnan(mean_interval(np.ones(1), 1).low)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values):
    raw = np.array(p_values)

    adjusted = holm(raw)

    assert (adjusted >= raw).all()
    assert (adjusted <= 1.0).all()
    assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= 0).all()
