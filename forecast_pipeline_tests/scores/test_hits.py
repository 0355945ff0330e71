"""Misses that cluster, follow what was known, or are too many are told apart from honest ones."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from forecast_pipeline.scores.calibration import coverage_band, kupiec
from forecast_pipeline.scores.hits import (
    christoffersen,
    christoffersen_independence,
    coverage_by_group,
    dynamic_quantile,
)
from forecast_pipeline_tests.oracles import scores as oracle


def _clustered(rng, n_rows, p_after_hit, p_after_miss):
    misses = np.zeros(n_rows)
    for row in range(1, n_rows):
        misses[row] = rng.random() < (p_after_miss if misses[row - 1] else p_after_hit)
    return misses


def test_independence_by_hand():
    """Transitions of 0 0 0 0 1 1 0 1: 00 three times, 01 twice, 10 once, 11 once."""
    free = 3 * np.log(3 / 5) + 2 * np.log(2 / 5) + 2 * np.log(1 / 2)
    restricted = 4 * np.log(4 / 7) + 3 * np.log(3 / 7)

    found = christoffersen_independence(np.array([0.0, 0, 0, 0, 1, 1, 0, 1]))

    np.testing.assert_allclose(found, (2 * (free - restricted), stats.chi2.sf(2 * (free - restricted), 1)), rtol=1e-12)


def test_independence_equals_the_counting_loop():
    misses = (np.random.default_rng(0).random(300) < 0.3).astype(float)

    expected = oracle.christoffersen_independence(misses.astype(int).tolist())
    np.testing.assert_allclose(christoffersen_independence(misses).statistic, expected, rtol=1e-9)


def test_conditional_coverage_is_the_sum_of_both_parts():
    misses = (np.random.default_rng(1).random(200) < 0.15).astype(float)

    found = christoffersen(misses, 0.1)

    parts = kupiec(int(misses.sum()), 200, 0.1).statistic + christoffersen_independence(misses).statistic
    np.testing.assert_allclose(found, (parts, stats.chi2.sf(parts, 2)), rtol=1e-12)


def test_sizes_on_honest_misses_and_power_on_clusters_of_the_right_rate():
    rng = np.random.default_rng(2)
    honest = (rng.random((300, 500)) < 0.1).astype(float)
    clustered = [_clustered(rng, 500, 0.07, 0.37) for _ in range(60)]

    for test in (lambda m: christoffersen(m, 0.1), lambda m: dynamic_quantile(m, 0.1)):
        assert np.mean([test(misses).p_value < 0.05 for misses in honest]) <= 0.10
        assert np.mean([test(misses).p_value < 0.05 for misses in clustered]) > 0.8
    assert np.mean([kupiec(int(m.sum()), 500, 0.1).p_value < 0.05 for m in clustered]) < 0.5  # sees the rate only


def test_misses_that_follow_what_was_known_are_seen_by_the_dynamic_quantile_test_only():
    rng = np.random.default_rng(3)
    width = rng.uniform(1.0, 2.0, size=1000)
    misses = (rng.random(1000) < 0.1 + 0.1 * (1.5 - width)).astype(float)

    assert christoffersen(misses, 0.1).p_value > 0.05
    assert dynamic_quantile(misses, 0.1, width).p_value < 0.05


def test_dynamic_quantile_equals_the_explained_sum_of_squares_of_a_regression():
    rng = np.random.default_rng(4)
    misses, known = (rng.random(300) < 0.1).astype(float), rng.normal(size=(300, 2))
    hits = misses - 0.1
    lags = np.column_stack([hits[4 - lag : 300 - lag] for lag in range(1, 5)])
    fitted = sm.OLS(hits[4:], np.column_stack([np.ones(296), lags, known[4:]])).fit().fittedvalues

    found = dynamic_quantile(misses, 0.1, known)

    statistic = fitted @ fitted / 0.09
    np.testing.assert_allclose(found, (statistic, stats.chi2.sf(statistic, 7)), rtol=1e-9)


def test_a_constant_quantile_is_not_a_second_constant():
    misses = (np.random.default_rng(5).random(300) < 0.1).astype(float)

    found = dynamic_quantile(misses, 0.1, np.full(300, 2.0))

    np.testing.assert_allclose(found, dynamic_quantile(misses, 0.1), rtol=1e-9)


@pytest.mark.parametrize("misses", [np.empty(0), np.ones(1), np.full(9, np.nan)], ids=["none", "one", "nan"])
def test_too_few_rows_give_no_verdict(misses):
    for found in (christoffersen_independence(misses), christoffersen(misses, 0.1), dynamic_quantile(misses, 0.1)):
        assert np.isnan(found.p_value)


def test_no_miss_at_all_is_no_evidence_of_clusters_but_of_too_wide_intervals():
    misses = np.zeros(200)

    assert christoffersen_independence(misses) == (0.0, 1.0)
    assert christoffersen(misses, 0.1).p_value < 1e-6


def test_groups_are_judged_by_their_disjoint_labels():
    start = np.arange(400)
    group = np.where(start % 40 < 20, "day", "night")
    covered = np.where(group == "day", 1.0, (start % 2).astype(float))
    covered[3] = np.nan

    day, night = coverage_by_group(covered, group, start, start + 10, 0.9)

    assert (day.group, day.n_rows, day.n_eff, day.coverage, day.is_inside) == ("day", 199, 20, 1.0, True)
    assert (day.low, day.high) == coverage_band(0.9, 20)
    assert (night.group, night.coverage, night.is_inside) == ("night", 0.5, False)
    assert coverage_by_group(np.empty(0), [], start[:0], start[:0], 0.9) == []
