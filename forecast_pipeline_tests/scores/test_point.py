"""Point scores keep their definitions on the cases where definitions differ."""

from __future__ import annotations

import numpy as np

from forecast_pipeline.scores.point import hit_rate, information_coefficient, mae, r2_out_of_sample, rmse


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
    ]

    assert np.isnan(undefined).all()


def test_information_coefficient_is_the_correlation():
    rng = np.random.default_rng(1)
    forecast, outcome = rng.normal(size=(2, 50))

    np.testing.assert_allclose(
        information_coefficient(forecast, outcome), np.corrcoef(forecast, outcome)[0, 1], rtol=1e-12
    )
