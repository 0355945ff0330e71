"""Sharpe ratios meet the published values and their own sampling theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast_pipeline.scores.sharpe import (
    SharpeMoments,
    annualisation_factor,
    annualised_sharpe,
    deflated_sharpe,
    deflated_sharpe_of_best,
    effective_trials,
    expected_maximum_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_moments,
)
from forecast_pipeline_tests.oracles import scores as oracle


def test_the_published_example_of_the_deflated_ratio():
    """Bailey and Lopez de Prado 2014: annual ratio 2.5, 250 periods, 100 trials."""
    chosen = SharpeMoments(2.5 / math.sqrt(250), -3.0, 10.0, 1250)

    found = deflated_sharpe(chosen, 0.5 / 250, 100)

    assert found.threshold == pytest.approx(0.113172, abs=5e-7)
    assert found.probability == pytest.approx(0.900397, abs=5e-7)


def test_the_minimum_track_record_reaches_its_confidence_exactly():
    moments = SharpeMoments(0.1, -1.0, 6.0, 100)

    n_periods = minimum_track_record(moments, 0.02, 0.95)

    needed = moments._replace(n_periods=n_periods)
    assert probabilistic_sharpe(needed, 0.02) == pytest.approx(0.95, abs=1e-12)


def test_moments_equal_those_of_scipy():
    returns = np.random.default_rng(0).standard_t(5, size=300)

    found = sharpe_moments(np.append(returns, np.nan))

    expected = (returns.mean() / returns.std(ddof=1), stats.skew(returns), stats.kurtosis(returns, fisher=False), 300)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_expected_maximum_is_that_of_simulated_trials():
    rng = np.random.default_rng(1)
    for n_trials in (2, 10, 100):
        best = rng.normal(0.0, 0.1, size=(4000, n_trials)).max(axis=1)
        assert expected_maximum_sharpe(0.01, n_trials) == pytest.approx(best.mean(), abs=0.02 * n_trials**-0.3)
    assert expected_maximum_sharpe(0.01, 1) == expected_maximum_sharpe(0.01, 1.2) == 0.0
    assert math.isnan(expected_maximum_sharpe(0.01, 0))


@given(st.integers(2, 500), st.integers(1, 500))
def test_more_trials_never_make_the_chosen_one_more_credible(n_trials, more):
    moments = SharpeMoments(0.1, 0.0, 3.0, 500)

    few, many = (deflated_sharpe(moments, 0.002, n).probability for n in (n_trials, n_trials + more))

    assert many <= few


def test_the_best_of_all_trials_is_judged_by_the_variance_of_all():
    returns = np.random.default_rng(2).normal(size=(200, 20))
    ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)

    found = deflated_sharpe_of_best(returns)

    best = sharpe_moments(returns[:, np.argmax(ratios)])
    np.testing.assert_allclose(found, deflated_sharpe(best, float(ratios.var(ddof=1)), 20.0), rtol=1e-12)
    assert deflated_sharpe_of_best(returns, 1000).threshold > found.threshold


def test_the_factor_is_the_root_of_the_periods_for_white_noise_and_smaller_for_trends():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=20_000)
    trending = noise[1:] + 0.5 * noise[:-1]

    assert annualisation_factor(noise, 6000) == pytest.approx(math.sqrt(6000), rel=0.05)
    assert annualisation_factor(trending, 6000) == pytest.approx(math.sqrt(6000 * 1.25) / 1.5, rel=0.05)
    assert annualisation_factor(noise, 6000, n_lags=0) == math.sqrt(6000)


def test_the_factor_is_that_of_the_plain_loop():
    returns = np.random.default_rng(4).normal(size=80)

    assert annualisation_factor(returns, 12, 5) == pytest.approx(oracle.lo_factor(returns.tolist(), 12, 5), rel=1e-12)


def test_a_yearly_ratio_from_days_and_from_weeks_agrees_under_correlation():
    rng = np.random.default_rng(5)
    noise = rng.normal(size=50_001)
    days = 0.02 + noise[1:] + 0.5 * noise[:-1]
    weeks = days.reshape(-1, 5).sum(axis=1)

    assert annualised_sharpe(days, 250, 5) == pytest.approx(annualised_sharpe(weeks, 50, 1), rel=0.02)


def test_variants_of_one_idea_count_as_one_trial():
    rng = np.random.default_rng(6)
    ideas = rng.normal(size=(500, 4))
    variants = np.repeat(ideas, 10, axis=1) + 0.3 * rng.normal(size=(500, 40))

    assert effective_trials(variants) == 4
    assert effective_trials(ideas) == 4
    assert effective_trials(-np.ones((5, 1))) == 1
    assert effective_trials(np.column_stack([ideas[:, 0], np.zeros(500)])) == 2


@pytest.mark.parametrize(
    "returns", [np.empty(0), np.ones(1), np.full(10, 0.1), np.full(3, np.nan)], ids=["none", "one", "constant", "nan"]
)
def test_without_variation_nothing_is_claimed(returns):
    moments = sharpe_moments(returns)

    claims = (
        moments.sharpe,
        probabilistic_sharpe(moments),
        minimum_track_record(moments),
        annualisation_factor(returns, 250),
        annualised_sharpe(returns, 250),
        deflated_sharpe_of_best(returns[:, None]).probability,
    )
    assert np.isnan(claims).all()


def test_a_ratio_below_the_benchmark_never_gets_long_enough_a_record():
    assert minimum_track_record(SharpeMoments(0.1, 0.0, 3.0, 100), 0.2) == math.inf
