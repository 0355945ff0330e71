"""Point scores keep their definitions on the cases where definitions differ."""

from __future__ import annotations

import numpy as np
from scipy import stats

from forecast_pipeline.scores.point import (
    directional_hits,
    hit_rate,
    information_coefficient,
    mae,
    pesaran_timmermann,
    r2_out_of_sample,
    rank_information_coefficient,
    rank_scores,
    rmse,
    standard_scores,
)
from forecast_pipeline.scores.significance import mean_interval
from forecast_pipeline_tests.oracles import scores as oracle


def test_r2_of_the_outcome_mean_is_not_zero_because_the_mean_was_not_known():
    outcome = np.array([1.0, 2.0, 3.0])

    assert r2_out_of_sample(np.full(3, 2.0), outcome) == 1.0 - 2.0 / 14.0


def test_r2_against_another_forecast_compares_squared_errors():
    outcome, forecast, reference = np.array([1.0, 2.0]), np.array([1.0, 1.0]), np.array([3.0, 2.0])

    assert r2_out_of_sample(forecast, outcome, reference) == 1.0 - 1.0 / 4.0


def test_returns_that_cancel_do_not_divide_by_zero():
    outcome = np.array([1.0, -1.0])

    assert r2_out_of_sample(outcome, outcome) == 1.0


def test_zero_outcomes_and_zero_forecasts_have_no_direction():
    forecast, outcome = np.array([1.0, 0.0, 1.0, -1.0]), np.array([0.0, 1.0, 1.0, 1.0])

    assert hit_rate(forecast, outcome) == 0.5


def test_scores_without_a_value_are_nan_and_never_warn():
    empty, flat, varying = np.empty(0), np.ones(3), np.arange(3.0)

    undefined = [
        mae(empty, empty),
        rmse(empty, empty),
        r2_out_of_sample(flat, np.zeros(3)),
        hit_rate(np.zeros(3), varying),
        information_coefficient(flat, varying),
        information_coefficient(varying, flat),
        information_coefficient(empty, empty),
        rank_information_coefficient(flat, varying),
        rank_information_coefficient(empty, empty),
        pesaran_timmermann(empty, empty).p_value,
        pesaran_timmermann(flat, varying).p_value,
    ]

    assert np.isnan(undefined).all()


def test_information_coefficient_is_the_correlation():
    rng = np.random.default_rng(1)
    forecast, outcome = rng.normal(size=(2, 50))

    np.testing.assert_allclose(
        information_coefficient(forecast, outcome), np.corrcoef(forecast, outcome)[0, 1], rtol=1e-12
    )


def test_rank_correlation_is_spearmans_with_ties():
    rng = np.random.default_rng(2)
    forecast, outcome = rng.integers(0, 9, size=(2, 60)).astype(float)

    expected = stats.spearmanr(forecast, outcome).statistic
    np.testing.assert_allclose(rank_information_coefficient(forecast, outcome), expected, rtol=1e-12)


def test_an_outlier_moves_the_correlation_but_not_that_of_ranks():
    forecast, outcome = np.arange(20.0), np.arange(20.0)
    wild = np.where(outcome == 19.0, 1e6, outcome)

    assert information_coefficient(forecast, wild) < 0.5
    assert rank_information_coefficient(forecast, wild) == rank_information_coefficient(forecast, outcome)


def test_the_rank_correlation_has_a_hac_interval_by_its_mean_of_products():
    rng = np.random.default_rng(3)
    signal = rng.normal(size=400)
    outcome = 0.4 * signal + rng.normal(size=400)

    interval = mean_interval(rank_scores(signal) * rank_scores(outcome), 1)

    np.testing.assert_allclose(interval.mean, rank_information_coefficient(signal, outcome), rtol=1e-12)
    assert interval.low > 0.0


def test_rows_with_a_nan_are_left_out_of_every_score():
    rng = np.random.default_rng(4)
    forecast, outcome = rng.normal(size=(2, 40))
    holed_forecast, holed_outcome = np.insert(forecast, 5, np.nan), np.insert(outcome, 5, 1.0)
    holed_forecast, holed_outcome = np.append(holed_forecast, 1.0), np.append(holed_outcome, np.nan)

    for score in (
        mae,
        rmse,
        r2_out_of_sample,
        hit_rate,
        information_coefficient,
        rank_information_coefficient,
        pesaran_timmermann,
    ):
        np.testing.assert_allclose(score(holed_forecast, holed_outcome), score(forecast, outcome), rtol=1e-12)
    assert np.isnan(directional_hits(holed_forecast, holed_outcome)[[5, -1]]).all()
    assert np.isnan(standard_scores(holed_forecast)).sum() == 1


def test_pesaran_timmermann_equals_the_terms_of_the_paper():
    rng = np.random.default_rng(5)
    forecast, outcome = rng.normal(0.3, 1.0, size=(2, 80))

    found = pesaran_timmermann(forecast, outcome)

    np.testing.assert_allclose(found.statistic, oracle.pesaran_timmermann(forecast, outcome), rtol=1e-12)
    np.testing.assert_allclose(found.p_value, stats.norm.sf(found.statistic), rtol=1e-12)
    assert found.n_rows == 80


def test_pesaran_timmermann_keeps_its_size_in_a_trend_where_the_hit_rate_looks_good():
    rng = np.random.default_rng(6)
    n_repetitions, rejected, hits = 400, 0, []
    for _ in range(n_repetitions):
        forecast, outcome = rng.normal(0.8, 1.0, size=(2, 200))  # both mostly rise, independently
        rejected += pesaran_timmermann(forecast, outcome).p_value < 0.05
        hits.append(hit_rate(forecast, outcome))

    assert np.mean(hits) > 0.6
    assert 0.02 <= rejected / n_repetitions <= 0.09


def test_pesaran_timmermann_finds_a_planted_direction():
    rng = np.random.default_rng(7)
    signal = rng.normal(size=600)

    assert pesaran_timmermann(signal, 0.3 * signal + rng.normal(size=600)).p_value < 0.001
