"""Calibrated forecasters pass, others fail, and quantile scores keep their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forecast_pipeline.scores.calibration import coverage_band, kupiec, pit_uniformity, randomised_pit
from forecast_pipeline.scores.quantile import coverage, crossing_count, interval_score, mean_width, pinball


def test_pit_of_a_calibrated_forecaster_is_uniform_even_with_few_draws():
    rng = np.random.default_rng(3)
    draws, outcome = rng.normal(size=(4, 5000)), rng.normal(size=5000)

    pit = randomised_pit(draws, outcome, rng.random(5000))

    assert pit_uniformity(pit).p_value > 0.01


def test_ties_are_broken_at_random_not_to_one_side():
    rng = np.random.default_rng(4)
    draws, outcome = rng.integers(0, 2, size=(9, 5000)), rng.integers(0, 2, size=5000)

    pit = randomised_pit(draws, outcome, rng.random(5000))

    assert pit_uniformity(pit).p_value > 0.01


@pytest.mark.parametrize("width", [0.7, 1.4], ids=["too narrow", "too wide"])
def test_pit_of_a_wrong_width_is_rejected(width):
    rng = np.random.default_rng(5)

    pit = randomised_pit(width * rng.normal(size=(50, 2000)), rng.normal(size=2000), rng.random(2000))

    assert pit_uniformity(pit).p_value < 0.001


def test_pit_lies_strictly_inside_the_unit_interval():
    pit = randomised_pit(np.zeros((3, 2)), np.array([-1.0, 1.0]), np.array([0.0, 0.999]))

    assert pit.tolist() == [0.0, (3 + 0.999) / 4]


def test_too_few_rows_give_no_verdict():
    assert np.isnan(pit_uniformity(np.array([0.5, 0.1])).p_value)
    assert np.isnan(kupiec(0, 0, 0.1).p_value)


def test_kupiec_equals_the_likelihood_ratio_and_accepts_the_exact_rate():
    n, x, p = 250, 20, 0.05
    ratio = -2 * (stats.binom.logpmf(x, n, p) - stats.binom.logpmf(x, n, x / n))

    np.testing.assert_allclose(kupiec(x, n, p), (ratio, stats.chi2.sf(ratio, 1)), rtol=1e-9)
    assert kupiec(10, 100, 0.1).statistic == pytest.approx(0.0, abs=1e-12)
    assert kupiec(0, 50, 0.1).p_value < 0.01


def test_coverage_band_holds_its_probability():
    low, high = coverage_band(0.9, 200)
    inside = stats.binom.cdf(round(200 * high), 200, 0.9) - stats.binom.cdf(round(200 * low) - 1, 200, 0.9)

    assert 0.95 <= inside < 0.98
    assert coverage_band(0.9, 0) == (0.0, 1.0)


def test_pinball_is_least_at_the_true_quantile():
    outcome = np.random.default_rng(6).normal(size=20_000)
    candidates = np.linspace(0.8, 1.8, 21)

    losses = [pinball(np.full(outcome.size, q), outcome, 0.9).mean() for q in candidates]

    assert abs(candidates[int(np.argmin(losses))] - stats.norm.ppf(0.9)) <= 0.05


def test_interval_score_is_the_sum_of_two_scaled_pinball_losses():
    rng = np.random.default_rng(7)
    lower, outcome = rng.normal(size=(2, 100))
    upper = lower + 1.0

    both = pinball(lower, outcome, 0.05) + pinball(upper, outcome, 0.95)

    np.testing.assert_allclose(interval_score(lower, upper, outcome, 0.9), both * 2.0 / 0.1, rtol=1e-9)


def test_coverage_counts_the_ends_and_is_nan_without_rows():
    assert coverage(np.zeros(3), np.ones(3), np.array([0.0, 1.0, 1.1])) == 2 / 3
    assert np.isnan(coverage(np.empty(0), np.empty(0), np.empty(0)))


def test_coverage_and_pit_do_not_count_a_nan_as_a_miss():
    outcome = np.array([0.5, np.nan, 2.0])

    assert coverage(np.full(3, -np.inf), np.ones(3), outcome) == 0.5
    assert np.isnan(randomised_pit(np.zeros((2, 3)), outcome, np.zeros(3))).tolist() == [False, True, False]
    assert pit_uniformity(np.append(np.linspace(0, 1, 50), np.nan)).p_value > 0.9


def test_sharpness_is_the_mean_width_and_undefined_without_rows():
    assert mean_width(np.array([0.0, 0.0, np.nan]), np.array([1.0, 3.0, 1.0])) == 2.0
    assert np.isnan(mean_width(np.empty(0), np.empty(0)))


def test_crossings_count_rows_not_pairs_and_ties_are_none():
    quantiles = np.array([[1.0, 1.0, 2.0], [3.0, 2.0, 1.0], [1.0, np.nan, 0.0]])

    assert crossing_count(quantiles) == 1
    assert crossing_count(np.empty((0, 3))) == 0
