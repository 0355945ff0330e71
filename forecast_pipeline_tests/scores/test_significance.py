"""Overlapping labels do not pass for evidence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from forecast_pipeline.scores.significance import (
    benjamini_hochberg,
    diebold_mariano,
    disjoint_rows,
    effective_sample_size,
    giacomini_white,
    hac_lags,
    holm,
    long_run_variance,
    mean_interval,
    regime_instruments,
)
from forecast_pipeline_tests.oracles import scores as oracle

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


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.integers(0, 9))
def test_benjamini_hochberg_equals_statsmodels_and_is_never_stricter_than_holm(p_values, hole):
    raw = np.array(p_values)

    adjusted = benjamini_hochberg(np.insert(raw, min(hole, raw.size), np.nan))
    known = adjusted[~np.isnan(adjusted)]

    np.testing.assert_allclose(known, multipletests(raw, method="fdr_bh")[1], atol=1e-15)
    assert (known <= holm(raw) + 1e-15).all()


def test_without_a_p_value_nothing_is_adjusted():
    assert benjamini_hochberg(np.empty(0)).size == 0
    assert np.isnan(benjamini_hochberg(np.full(3, np.nan))).all()


@pytest.mark.parametrize("n_lags", [0, 1, 59, 199])
def test_window_sums_are_the_bartlett_sum_at_any_number_of_lags(n_lags):
    series = np.random.default_rng(6).normal(size=200).cumsum()

    expected = oracle.bartlett_covariance(series[:, None], n_lags)[0, 0]
    np.testing.assert_allclose(long_run_variance(series, n_lags), expected, rtol=1e-9)


@given(intervals)
def test_rows_in_order_take_the_short_way_to_the_same_rows(spans):
    start = np.cumsum([a for a, _ in spans])
    end = np.maximum.accumulate(start + np.array([length for _, length in spans]))
    expected, free_from = [], -1
    for row in range(len(spans)):
        if start[row] >= free_from:
            expected.append(row)
            free_from = end[row]

    assert disjoint_rows(start, end).tolist() == expected


@pytest.mark.parametrize("horizon", [1, 4])
def test_giacomini_white_equals_the_double_loop(horizon):
    rng = np.random.default_rng(7)
    loss, reference = rng.random((2, 60))
    instruments = np.column_stack([np.ones(60), rng.normal(size=60)])

    found = giacomini_white(loss, reference, horizon, instruments)

    np.testing.assert_allclose(found[:2], oracle.giacomini_white(loss - reference, instruments, horizon), rtol=1e-9)


@pytest.mark.parametrize(("horizon", "least", "most"), [(1, 0.02, 0.09), (6, 0.02, 0.15), (60, 0.02, 0.20)])
def test_sizes_of_both_tests_on_overlapping_labels(horizon, least, most):
    rng = np.random.default_rng(8)
    n_repetitions, zero = 400, np.zeros(1000)
    conditional, unconditional = 0, 0
    for _ in range(n_repetitions):
        total = rng.normal(size=1000 + horizon).cumsum()
        difference = total[horizon:] - total[:-horizon]
        conditional += giacomini_white(difference, zero, horizon).p_value < 0.05
        unconditional += diebold_mariano(difference, zero, horizon).p_value < 0.05

    assert least <= conditional / n_repetitions <= most
    assert least <= unconditional / n_repetitions <= 0.15


def test_an_edge_in_one_regime_that_is_lost_in_the_other_is_seen_only_conditionally():
    rng = np.random.default_rng(9)
    regimes = np.where(np.arange(1000) % 100 < 50, "calm", "wild")
    difference = rng.normal(size=1000) + np.where(regimes == "calm", 0.3, -0.3)

    assert diebold_mariano(difference, np.zeros(1000), 1).p_value > 0.05
    assert giacomini_white(difference, np.zeros(1000), 1, regime_instruments(regimes)).p_value < 1e-6


def test_instruments_that_add_nothing_are_not_counted():
    rng = np.random.default_rng(10)
    difference, dummies = rng.normal(size=200), regime_instruments(np.arange(200) % 2)
    redundant = np.column_stack([np.ones(200), dummies, np.zeros(200)])

    full, reduced = (giacomini_white(difference, np.zeros(200), 1, z) for z in (redundant, dummies))

    assert full.n_instruments == 2
    np.testing.assert_allclose(full.statistic, reduced.statistic, rtol=1e-6)


@pytest.mark.parametrize(
    "difference", [np.empty(0), np.ones(1), np.ones(50), np.full(50, np.nan)], ids=["none", "one", "constant", "nan"]
)
def test_no_conditional_p_value_where_there_is_no_evidence(difference):
    assert np.isnan(giacomini_white(difference, np.zeros(difference.size), 1).p_value)


def test_both_tests_leave_out_rows_with_a_nan():
    rng = np.random.default_rng(11)
    loss, reference = rng.random((2, 50))
    holed, beside = np.insert(loss, 9, np.nan), np.insert(reference, 9, 0.0)

    assert diebold_mariano(holed, beside, 2) == diebold_mariano(loss, reference, 2)
    assert giacomini_white(holed, beside, 2) == giacomini_white(loss, reference, 2)
