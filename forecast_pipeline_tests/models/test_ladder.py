"""Promise: climatology, GARCH-t and HAR are what they are called, learn from training bars, and admit a fallback."""

from __future__ import annotations

import dataclasses
import logging
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes
from forecast_pipeline.models.baselines import garch as garch_module
from forecast_pipeline.models.baselines.garch import (
    Garch,
    expected_variance,
    filter_variance,
    fit_garch,
    simulated_innovations,
)
from forecast_pipeline.models.baselines.har import fit_coefficients, future_means, trailing_mean, windows
from forecast_pipeline.models.baselines.unconditional import HOURS_PER_WEEK, hour_of_week, hourly_std
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline.scores.crps import crps_from_draws
from forecast_pipeline.splits.arrays import BarHistory, Rows
from forecast_pipeline_tests.models.made_rows import fitted, segments, unfitted

TRUTH = Garch(omega=2e-10, alpha=0.08, beta=0.90, nu=6.0)
HORIZONS = (1, 4, 12)
FILTERING = ["garch_t", "har"]


def garch_returns(n_bars: int, seed: int, truth: Garch = TRUTH):
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(truth.nu, n_bars) * np.sqrt((truth.nu - 2) / truth.nu)
    returns, variance = np.empty(n_bars), truth.long_run
    for bar, shock in enumerate(shocks):
        returns[bar] = np.sqrt(variance) * shock
        variance = truth.omega + truth.alpha * returns[bar] ** 2 + truth.beta * variance
    return returns


def world(returns, *, n_train: int, n_validation: int, n_test: int, slot_minutes: int = 60) -> tuple[Rows, Rows, Rows]:
    """Rows of consecutive bars without a daily profile, whose increments are sums of the returns that follow."""
    ends = np.array([0, *HORIZONS])
    total = np.concatenate([[0.0], np.cumsum(returns)])
    n_rows = returns.size - HORIZONS[-1]
    bar = np.arange(n_rows)
    paths = total[bar[:, None] + 1 + ends] - total[bar[:, None] + 1]
    n_slots = np.tile(np.diff(ends).astype(float), (n_rows, 1))
    scale = np.sqrt(np.var(returns) * n_slots)
    issued_at_us = instants_of_trading_minutes(27_000_000 + slot_minutes * (1 + bar))
    history = BarHistory(returns, bar, n_slots, HORIZONS, slot_minutes)
    rows = Rows(np.zeros((n_rows, 0)), np.diff(paths, axis=1), scale, issued_at_us, history)
    parts, start = [], 0
    for n in (n_train, n_validation, n_test):
        parts.append(rows.take(np.arange(start, start + n)))
        start += n + HORIZONS[-1]  # purged
    return tuple(parts)


def crps(forecaster, rows):
    draws = np.cumsum(forecaster.sample(rows, 500), axis=-1)
    return np.column_stack([crps_from_draws(draws[:, :, k], rows.outcomes[:, k]) for k in range(len(HORIZONS))])


# Climatology


def test_an_hour_of_the_week_has_its_own_width():
    minutes = 60 * np.arange(120 * 300)
    issued_at_us = instants_of_trading_minutes(27_000_000 // 7200 * 7200 + minutes)
    width = 1e-4 * (1 + np.arange(HOURS_PER_WEEK) % 24)
    increments = (width[hour_of_week(issued_at_us)] * np.random.default_rng(0).standard_normal(minutes.size))[:, None]

    std = hourly_std(issued_at_us, increments)

    pull = 20 / 320  # twenty rows of the average beside 300 of its own
    expected = np.sqrt((1 - pull) * width**2 + pull * np.mean(np.square(increments)))
    np.testing.assert_allclose(std[:, 0], expected, rtol=0.25)
    np.testing.assert_allclose(np.mean(std[:, 0] / expected), 1.0, atol=0.02)
    assert hour_of_week(issued_at_us)[:121].tolist() == [*range(120), 0]


def test_an_hour_without_rows_has_the_mean_width():
    increments = np.array([[1.0], [-1.0], [1.0]])

    std = hourly_std(np.zeros(3, np.int64), increments)

    np.testing.assert_allclose(std, 1.0, rtol=1e-12)


def test_climatology_is_wide_in_wide_hours_and_has_the_tails_of_the_past():
    train, validation, test = world(garch_returns(9000, 1), n_train=6000, n_validation=1500, n_test=1400)
    busy = hour_of_week(train.issued_at_us) % 24 < 6
    train.increments[busy] *= 4.0

    forecaster = fitted("climatology", train, validation)

    samples = forecaster.sample(test, forecaster.pool.rows.shape[0])
    deviation = samples.std(axis=0)[:, 0]
    is_busy = hour_of_week(test.issued_at_us) % 24 < 6
    assert deviation[is_busy].min() > 1.5 * deviation[~is_busy].max()
    standard = samples[:, 0, 0] / deviation[0]
    assert np.mean(standard**4) > 3.5  # fat tails


# GARCH


def test_garch_recovers_what_was_simulated():
    found, reason = fit_garch(garch_returns(20_000, 3))

    assert reason == ""
    assert found.alpha == pytest.approx(0.08, abs=0.02)
    assert found.beta == pytest.approx(0.90, abs=0.03)
    assert found.nu == pytest.approx(6.0, abs=1.0)
    assert found.long_run == pytest.approx(TRUTH.long_run, rel=0.3)


@given(st.integers(0, 2**32 - 1), st.integers(1, 80))
def test_filtering_is_the_recursion_by_hand(seed, n_bars):
    rng = np.random.default_rng(seed)
    returns = 1e-4 * rng.standard_normal(n_bars)
    returns[rng.random(n_bars) < 0.2] = np.nan
    expected, variance = [], TRUTH.long_run
    for each in returns:
        if np.isfinite(each):
            variance = TRUTH.omega + TRUTH.alpha * each**2 + TRUTH.beta * variance
        expected.append(variance)

    np.testing.assert_allclose(filter_variance(TRUTH, returns), expected, rtol=1e-12)


def test_variance_over_a_horizon_is_the_sum_of_what_the_recursion_expects():
    start = np.array([1e-9, 5e-8])
    expected, variance = [], start
    for _ in range(12):
        expected.append(variance)
        variance = TRUTH.omega + (TRUTH.alpha + TRUTH.beta) * variance
    expected = np.array(expected)

    found = expected_variance(TRUTH, start, HORIZONS)

    by_hand = np.column_stack([expected[:1].sum(axis=0), expected[1:4].sum(axis=0), expected[4:12].sum(axis=0)])
    np.testing.assert_allclose(found, by_hand, rtol=1e-12)


def test_innovations_are_standardised_t_whose_sums_are_nearer_to_normal():
    rows = simulated_innovations(TRUTH, HORIZONS, seed=1)

    np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.mean(np.square(rows), axis=0), 1.0, rtol=1e-12)
    one = np.random.default_rng(0).standard_t(6.0, 400_000) * np.sqrt(4 / 6)
    np.testing.assert_allclose(
        np.quantile(np.abs(rows[:, 0]), [0.5, 0.9]), np.quantile(np.abs(one), [0.5, 0.9]), rtol=0.05
    )
    assert np.mean(rows[:, 0] ** 4) > np.mean(rows[:, 2] ** 4)
    squares = np.square(rows)
    assert np.corrcoef(squares[:, 1], squares[:, 2])[0, 1] > 0.05  # volatility lasts from one increment to the next


def test_an_interval_of_garch_holds_what_it_promises():
    train, validation, test = world(garch_returns(16_000, 7), n_train=9000, n_validation=1000, n_test=5900)

    low, high = np.quantile(fitted("garch_t", train, validation).sample(test, 1000), [0.05, 0.95], axis=0)

    covered = ((low <= test.increments) & (test.increments <= high)).mean(axis=0)
    np.testing.assert_allclose(covered, 0.9, atol=0.03)


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (np.zeros(1000), r"1000 known returns with deviation 0, at least 250 that vary are needed"),
        (np.random.default_rng(0).standard_normal(249), "249 known returns"),
        (np.zeros(0), "0 known returns"),
    ],
    ids=["constant", "short", "empty"],
)
def test_garch_that_cannot_be_fitted_says_why(returns, reason):
    found, said = fit_garch(returns)

    assert found is None
    assert said.startswith(reason.split(",")[0])


def test_garch_without_a_fit_falls_back_to_the_rung_below_and_says_so(monkeypatch, caplog):
    train, validation, test = world(garch_returns(1500, 5), n_train=900, n_validation=300, n_test=200)
    monkeypatch.setattr(garch_module, "fit_garch", lambda _: (None, "the optimiser did not converge"))

    with caplog.at_level(logging.WARNING):
        forecaster = fitted("garch_t", train, validation)

    said = "GARCH was not fitted (the optimiser did not converge); resampled in units of EWMA variance instead"
    assert forecaster.note == said
    assert said in caplog.text
    rung = fitted("ewma_fhs", train, validation)
    np.testing.assert_array_equal(forecaster.sample(test, 50), rung.sample(test, 50))
    restored = type(forecaster).from_state(load_state(dump_state(forecaster.state()), "test"))
    assert restored.note == said
    np.testing.assert_array_equal(restored.sample(test, 50), rung.sample(test, 50))


def test_a_persistence_of_one_is_cut():
    """An integrated process has no long run to return to; its sample has."""
    rng = np.random.default_rng(2)
    integrated = np.exp(np.cumsum(0.03 * rng.standard_normal(8000)) * 0.7) * rng.standard_t(5.0, 8000)

    found, _ = fit_garch(integrated)

    assert found.alpha + found.beta <= garch_module.MAX_PERSISTENCE + 1e-12
    assert found.nu >= garch_module.MIN_DEGREES_OF_FREEDOM
    assert 0 < found.long_run < 100 * np.mean(np.square(integrated))


# HAR


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 80))
def test_a_trailing_mean_is_the_mean_of_the_known_values(seed, n_values, n_bars):
    rng = np.random.default_rng(seed)
    values = rng.random(n_values)
    values[rng.random(n_values) < 0.3] = np.nan
    expected = []
    for end in range(1, n_values + 1):
        known = [v for v in values[max(end - n_bars, 0) : end] if np.isfinite(v)]
        expected.append(np.mean(known) if known else 9.0)

    np.testing.assert_allclose(trailing_mean(values, n_bars, 9.0), expected, rtol=1e-9, atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_future_mean_reads_exactly_the_slots_of_its_increment(seed, n_bars):
    rng = np.random.default_rng(seed)
    returns = rng.standard_normal(n_bars)
    returns[rng.random(n_bars) < 0.1] = np.nan

    found = future_means(returns, HORIZONS)

    for bar in range(n_bars):
        for k, (begin, end) in enumerate(((0, 1), (1, 4), (4, 12))):
            slots = returns[bar + 1 + begin : bar + 1 + end]
            expected = np.mean(np.square(slots)) if slots.size == end - begin else np.nan
            np.testing.assert_allclose(found[bar, k], expected, rtol=1e-9, atol=1e-12)


def test_coefficients_solve_the_weighted_problem_and_are_never_negative():
    rng = np.random.default_rng(4)
    x = rng.gamma(2.0, size=(4000, 4))
    weight = 1 / x.mean(axis=1)
    plain = x @ np.array([0.1, 0.4, 0.3, 0.2]) + 0.1 * rng.standard_normal(4000)
    against = x @ np.array([1.0, -0.5, 0.3, 0.2])
    plain[:7] = np.nan

    found = fit_coefficients(x, np.column_stack([plain, against]))

    expected = np.linalg.lstsq(x[7:] * weight[7:, None], plain[7:] * weight[7:], rcond=None)[0]
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9)
    assert found[1, 1] == 0.0
    assert (found >= 0).all()


@pytest.mark.parametrize(
    ("slot_minutes", "expected"), [(1, [12, 1440, 7200, 31680]), (60, [12, 24, 120, 528]), (1440, [1, 5, 12, 22])]
)
def test_windows_are_a_day_a_week_a_month_and_the_longest_horizon(slot_minutes, expected):
    history = BarHistory(np.zeros(1), np.zeros(1, np.int64), np.ones((1, 3)), HORIZONS, slot_minutes)

    assert windows(history) == expected


def test_too_few_bars_for_har_are_admitted():
    train, validation, test = world(garch_returns(400, 5), n_train=80, n_validation=50, n_test=50)

    forecaster = fitted("har", train, validation)

    assert forecaster.note == "HAR was not fitted (68 bars, 100 are needed); all means count alike"
    np.testing.assert_allclose(forecaster.coefficients, 0.2)
    assert np.isfinite(forecaster.sample(test, 20)).all()


def test_har_forecasts_stand_still_prices():
    train, validation, test = world(np.zeros(2000), n_train=900, n_validation=300, n_test=300)

    assert np.abs(fitted("har", train, validation).sample(test, 20)).max() == 0.0


# Both filter, and neither looks ahead


@pytest.mark.parametrize("name", FILTERING)
def test_volatility_that_clusters_is_worth_something_and_none_is_found_in_noise(name):
    """On GARCH returns better than a constant width, on independent ones no better."""
    gains = {}
    for kind, returns in (
        ("garch", garch_returns(12_000, 11, Garch(2e-10, 0.15, 0.83, 8.0))),
        ("noise", 1e-4 * np.random.default_rng(11).standard_normal(12_000)),
    ):
        train, validation, test = world(returns, n_train=7000, n_validation=1500, n_test=3400)
        scores = {each: crps(fitted(each, train, validation), test)[:, 0] for each in (name, "random_walk")}
        difference = scores["random_walk"] - scores[name]
        gains[kind] = (
            difference.mean() / scores["random_walk"].mean(),
            difference.mean() / difference.std() * 3400**0.5,
        )

    assert gains["garch"][0] > 0.015
    assert gains["garch"][1] > 4
    assert abs(gains["noise"][0]) < 0.003


@pytest.mark.parametrize("name", FILTERING)
def test_bars_after_the_last_training_row_leave_the_artefact_bit_identical(name):
    """L3: whatever stands in the history behind it, as a whole matrix has it."""
    returns = garch_returns(3000, 13)
    garbage = returns.copy()
    garbage[2000:] = -100.0 * np.random.default_rng(0).permutation(returns[2000:])
    garbage[2100::7] = np.nan
    states = []
    for each in (returns, garbage):
        train, validation, _ = world(returns, n_train=1500, n_validation=480, n_test=500)
        parts = [
            dataclasses.replace(rows, history=dataclasses.replace(rows.history, returns=each))
            for rows in (train, validation)
        ]
        states.append(dump_state(fitted(name, *parts).state()))

    assert states[0] == states[1]


@pytest.mark.parametrize("name", FILTERING)
def test_parameters_come_from_training_bars_only(name):
    """Validation rows may only fill the pool of innovations."""
    returns = garch_returns(3000, 17)
    other = returns.copy()
    other[1520:] *= 5.0
    learned = []
    for each in (returns, other):
        train, validation, _ = world(each, n_train=1500, n_validation=480, n_test=500)
        state = fitted(name, train, validation).state()
        learned.append(state["garch" if name == "garch_t" else "coefficients"])

    np.testing.assert_array_equal(learned[0], learned[1])


@pytest.mark.parametrize("name", FILTERING)
def test_a_forecast_reads_bars_up_to_its_own_only(name):
    returns = garch_returns(3000, 19)
    train, validation, test = world(returns, n_train=1500, n_validation=480, n_test=500)
    forecaster = fitted(name, train, validation)
    row = 200
    bar = int(test.history.bar[row])
    later, own = returns.copy(), returns.copy()
    later[bar + 1 :] = 7.0
    own[bar] *= 3.0

    def drawn(each):
        rows = dataclasses.replace(test, history=dataclasses.replace(test.history, returns=each))
        return forecaster.sample(rows.take(np.array([row])), 50)

    np.testing.assert_array_equal(drawn(later), drawn(returns))
    assert np.abs(drawn(own)).mean() > np.abs(drawn(returns)).mean()


@pytest.mark.parametrize("name", FILTERING)
def test_a_quiet_night_ahead_narrows_the_forecast(name):
    """The profile of the slots ahead is known from the calendar."""
    train, validation, test = world(garch_returns(2000, 23), n_train=900, n_validation=300, n_test=300)
    forecaster = fitted(name, train, validation)
    quiet = dataclasses.replace(test, history=dataclasses.replace(test.history, n_slots=0.25 * test.history.n_slots))

    np.testing.assert_allclose(forecaster.sample(quiet, 50), 0.5 * forecaster.sample(test, 50), rtol=1e-12)


@pytest.mark.parametrize("name", FILTERING)
def test_rows_without_past_returns_are_refused(name):
    train, validation, _ = segments()

    with pytest.raises(TrainingFailed, match="rows must carry the past returns of their bars, was none"):
        unfitted(name).fit(dataclasses.replace(train, history=None), validation)


def test_an_optimiser_that_fails_from_one_start_is_asked_again_from_another(monkeypatch):
    import arch

    returns = np.random.default_rng(4).standard_t(5.0, 3000) * 1e-3
    expected, _ = garch_module.fit_garch(returns)
    real, asked = arch.arch_model, []

    class Unsure:
        """Fails from arch's own start, as some folds of real hours do."""

        def __init__(self, *arguments, **settings):
            self.model = real(*arguments, **settings)

        def fit(self, **settings):
            asked.append(settings["starting_values"])
            found = self.model.fit(**settings)
            return SimpleNamespace(params=found.params, convergence_flag=1 if len(asked) == 1 else 0)

    monkeypatch.setattr(arch, "arch_model", Unsure)
    found, reason = garch_module.fit_garch(returns)

    assert reason == ""
    assert len(asked) == 2
    assert found.alpha + found.beta == pytest.approx(expected.alpha + expected.beta, abs=0.02)
