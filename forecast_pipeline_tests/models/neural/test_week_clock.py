"""Promise: the week clock finds the hours in which the market moves, from past bars only, and adds them up exactly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.models.neural.week_clock import WeekClock
from forecast_pipeline.splits.arrays import BarHistory
from forecast_pipeline_tests.models.neural.worlds import FIRST_US, SLOT_MINUTES, UNIT, open_hours, student

N_WEEK = 120
N_BARS = 60 * N_WEEK


def planted_factors():
    """Relative variance of each hour of the week: a busy morning, and Fridays busier than Mondays."""
    hour, day = np.arange(N_WEEK) % 24, np.arange(N_WEEK) // 24
    factors = np.exp(0.5 * np.sin(2 * np.pi * hour / 24) + 0.1 * (day - 2))
    return factors / factors.mean()


def history_of(returns, close_us, profile=None):
    n = returns.size
    one = np.ones(1) if profile is None else profile
    return BarHistory(returns, np.arange(n), np.ones((n, 1)), (1,), SLOT_MINUTES, close_us=close_us, profile=one)


@pytest.fixture(scope="module")
def history():
    close_us = open_hours(N_BARS)
    slot = WeekClock.flat(SLOT_MINUTES).slot_of(close_us)
    returns = UNIT * student(np.random.default_rng(3), N_BARS) * np.sqrt(planted_factors()[slot])
    return history_of(returns, close_us)


def test_the_planted_variance_of_every_hour_of_the_week_is_found(history):
    found = WeekClock.fit(history, 0, N_BARS)

    error = np.log(found.factors / planted_factors())
    assert found.factors.mean() == pytest.approx(1.0)
    assert np.sqrt(np.mean(error**2)) < 0.2  # 60 weeks: each alone would be known to 0.25, and flat is 0.4 off
    assert np.corrcoef(np.log(found.factors), np.log(planted_factors()))[0, 1] > 0.85
    by_day = np.log(found.factors).reshape(5, 24).mean(axis=1)
    assert by_day[4] > by_day[0]


def test_a_factor_multiplies_the_hourly_profile_that_returns_were_divided_by(history):
    """So what the profile knows already is not found a second time."""
    hourly = planted_factors().reshape(5, 24).mean(axis=0)
    slot = WeekClock.flat(SLOT_MINUTES).slot_of(history.close_us)
    divided = history_of(history.returns / np.sqrt(hourly[slot % 24]), history.close_us, profile=hourly)

    found = WeekClock.fit(divided, 0, N_BARS)

    np.testing.assert_array_equal(found.profile, np.tile(hourly, 5))
    assert np.abs(np.log(found.factors.reshape(5, 24).mean(axis=0))).max() < 0.3


@pytest.mark.parametrize("lacking", ["close_us", "profile"])
def test_without_instants_or_profile_every_hour_is_alike(history, lacking):
    flat = WeekClock.fit(dataclasses.replace(history, **{lacking: None}), 0, N_BARS)

    np.testing.assert_array_equal(flat.factors, np.ones(N_WEEK))


def test_a_market_that_never_moves_gives_the_flat_clock():
    still = WeekClock.fit(history_of(np.zeros(500), open_hours(500)), 0, 500)

    np.testing.assert_array_equal(still.factors, np.ones(N_WEEK))


def test_bars_after_the_training_bars_change_nothing(history):
    """Fault 21."""
    changed = history.returns.copy()
    changed[4000:] = 7.0
    changed[4001::3] = np.nan

    before, after = (WeekClock.fit(each, 0, 4000) for each in (history, history_of(changed, history.close_us)))

    np.testing.assert_array_equal(before.factors, after.factors)


def test_unknown_returns_are_left_out(history):
    holed = history.returns.copy()
    holed[np.random.default_rng(0).random(N_BARS) < 0.3] = np.nan

    found = WeekClock.fit(history_of(holed, history.close_us), 0, N_BARS)

    assert np.sqrt(np.mean(np.log(found.factors / planted_factors()) ** 2)) < 0.22


def test_one_surprise_does_not_make_an_hour_busy(history):
    """A payroll Friday of 40 deviations adds 27 to the mean square of its hour, and next to nothing to its factor."""
    surprised = history.returns.copy()
    surprised[3000] = 40 * UNIT
    slot = WeekClock.flat(SLOT_MINUTES).slot_of(history.close_us[3000:3001])[0]

    calm, shaken = (
        WeekClock.fit(history_of(each, history.close_us), 0, N_BARS) for each in (history.returns, surprised)
    )

    assert shaken.factors[slot] / calm.factors[slot] < 1.2


@given(
    start=st.integers(0, 5000), horizons=st.sets(st.integers(1, 300), min_size=1, max_size=4), seed=st.integers(0, 9)
)
def test_expected_slots_are_the_sum_over_the_bars_to_come(start, horizons, seed):
    rng = np.random.default_rng(seed)
    clock = WeekClock(SLOT_MINUTES, rng.uniform(0.1, 3.0, N_WEEK), rng.uniform(0.1, 3.0, N_WEEK))
    ends = tuple(sorted(horizons))
    minute = int(trading_minutes(np.array([FIRST_US]))[0]) + start * SLOT_MINUTES
    issued_us = instants_of_trading_minutes(np.array([minute]))

    found = clock.expected_slots(issued_us, ends)[0]

    slow = []
    for begin, end in zip((0, *ends), ends, strict=False):
        closes = instants_of_trading_minutes(minute + SLOT_MINUTES * np.arange(begin + 1, end + 1))
        slots = [(int(each) - SLOT_MINUTES) // SLOT_MINUTES % N_WEEK for each in trading_minutes(closes)]
        slow.append(sum(clock.profile[slot] * clock.factors[slot] for slot in slots))
    np.testing.assert_allclose(found, slow, rtol=1e-9)
