"""The power curve is what simulated tests find, and variance losses rank by the true variance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast_pipeline.scores.power import power_of_dm, power_of_ic, smallest_detectable_ic, smallest_ic_of_dm
from forecast_pipeline.scores.significance import diebold_mariano
from forecast_pipeline.scores.volatility import qlike


@pytest.mark.parametrize("ic", [0.0, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("n_rows", [200, 800])
def test_the_curve_is_the_share_of_simulated_findings(ic, n_rows):
    rng = np.random.default_rng(int(1000 * ic) + n_rows)
    signal, noise = rng.normal(size=(2, 1500, n_rows))
    outcome = ic * signal + np.sqrt(1 - ic**2) * noise
    centred = [each - each.mean(axis=1, keepdims=True) for each in (signal, outcome)]
    correlation = np.sum(centred[0] * centred[1], axis=1)
    correlation /= np.sqrt(np.sum(centred[0] ** 2, axis=1) * np.sum(centred[1] ** 2, axis=1))
    t = correlation * np.sqrt((n_rows - 2) / (1 - correlation**2))

    found = np.mean(2 * stats.t.sf(np.abs(t), n_rows - 2) < 0.05)

    assert found == pytest.approx(float(power_of_ic(ic, n_rows)), abs=0.04)


def test_without_skill_the_power_is_the_size():
    np.testing.assert_allclose(power_of_ic([0.0], 500, 0.1), 0.1, rtol=1e-12)


@given(st.integers(20, 100_000), st.floats(0.5, 0.99))
def test_the_smallest_detectable_ic_has_the_power_asked_for(n_eff, power):
    ic = smallest_detectable_ic(n_eff, power)

    assert float(power_of_ic(ic, n_eff)) == pytest.approx(power, abs=1e-3)


def test_too_few_rows_can_find_nothing():
    assert np.isnan(power_of_ic([0.1, 0.2], 3)).all()
    assert np.isnan(smallest_detectable_ic(np.nan))


def test_qlike_is_least_at_the_true_variance_though_only_squared_returns_are_seen():
    squared = np.random.default_rng(0).normal(0.0, 2.0, size=100_000) ** 2
    candidates = np.linspace(2.0, 6.0, 17)

    losses = [np.nanmean(qlike(np.full(squared.size, variance), squared)) for variance in candidates]

    assert candidates[int(np.argmin(losses))] == pytest.approx(4.0, abs=0.25)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.001, 1000))
def test_qlike_is_zero_only_at_the_truth_and_has_no_unit(forecast, realised, unit):
    loss = qlike(np.array([forecast]), np.array([realised]))

    np.testing.assert_allclose(qlike(np.array([forecast * unit]), np.array([realised * unit])), loss, atol=1e-9)
    assert loss >= 0.0
    assert (loss > 1e-12) or forecast == pytest.approx(realised, rel=1e-5)


def test_qlike_punishes_a_variance_of_zero_and_skips_a_price_that_stood_still():
    forecast, realised = np.array([0.0, -1.0, 1.0, np.nan, 0.0]), np.array([1.0, 1.0, 0.0, 1.0, np.nan])

    np.testing.assert_array_equal(qlike(forecast, realised), [np.inf, np.inf, np.nan, np.nan, np.nan])


def test_power_of_diebold_mariano_is_that_of_simulated_gains():
    """Half the t of a test of the coefficient: the planted mean is scaled as it should be."""
    rng = np.random.default_rng(11)
    n_rows, ic, n_runs = 900, 0.1, 400
    found = 0
    for _ in range(n_runs):
        signal = rng.standard_normal(n_rows)
        outcome = ic * signal + np.sqrt(1 - ic**2) * rng.standard_normal(n_rows)
        test = diebold_mariano((outcome - ic * signal) ** 2, outcome**2, 1)
        found += test.p_value < 0.05 and test.mean_difference < 0

    assert found / n_runs == pytest.approx(float(power_of_dm(ic, n_rows)), abs=0.07)


@pytest.mark.parametrize("n_eff", [100, 5000])
def test_the_smallest_ic_of_diebold_mariano_has_the_power_asked_for(n_eff):
    ic = smallest_ic_of_dm(n_eff, 0.8, 0.01)

    assert float(power_of_dm(ic, n_eff, 0.01)) == pytest.approx(0.8, abs=1e-9)
    assert np.isnan(smallest_ic_of_dm(3))
    assert smallest_ic_of_dm(4) == 1.0
