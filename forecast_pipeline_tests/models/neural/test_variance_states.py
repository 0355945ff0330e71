"""Promise: variance states are exponential means of what was known at each bar, never NaN and never of the future."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.models.neural.variance_states import FLOOR_FRACTION, VarianceStates
from forecast_pipeline.models.neural.week_clock import WeekClock
from forecast_pipeline.splits.arrays import BarHistory
from forecast_pipeline_tests.models.neural.worlds import SLOT_MINUTES, UNIT, brownian_bars, garch_t, open_hours


def history_of(returns, candles=None, close_us=None):
    n, profile = returns.size, None if close_us is None else np.ones(1)
    nowhere, one = np.zeros(0, np.int64), (1,)
    return BarHistory(returns, nowhere, np.ones((n, 1)), one, SLOT_MINUTES, candles, close_us, profile)


def made_history(n=400, seed=0, unknown=0.2, has_candles=True):
    returns, candles, _, _ = brownian_bars(n, seed, n_ticks=30)
    holes = np.random.default_rng(seed + 1).random(n) < unknown
    returns[holes] = np.nan
    candles[holes] = np.nan
    return history_of(returns, candles if has_candles else None, open_hours(n))


def slow_states(variance, history):
    """Bar by bar, state by state, in plain Python floats."""
    factor = variance.clock.factors[variance.clock.slot_of(history.close_us)]
    unit = np.sqrt(factor * variance.level)
    scaled = history.returns / unit
    kinds = [np.square(scaled), np.abs(scaled)]
    if variance.has_candles:
        begin, high, low = history.candles.T / unit
        ranged = 0.5 * (high - low) ** 2 - (2 * np.log(2) - 1) * begin**2
        kinds += [np.maximum(ranged, FLOOR_FRACTION), np.sqrt(np.maximum(ranged, FLOOR_FRACTION))]
    factors = (1.0, np.pi / 2, 1.0, 1.1)
    columns = []
    for place, values in enumerate(kinds):
        for memory in variance.memories:
            mean, states = 1.0, []
            for value in values:
                if np.isfinite(value):
                    mean = (1 - 1 / memory) * mean + value / memory
                states.append(max(factors[place] * (mean**2 if place % 2 else mean), FLOOR_FRACTION))
            columns.append(states)
    return np.array([*columns, [1.0] * history.returns.size]).T


@pytest.mark.parametrize("has_candles", [False, True])
def test_states_are_the_recursion_by_hand(has_candles):
    history = made_history(has_candles=has_candles)
    variance = VarianceStates.fit(history, 0, 300)

    found = variance.measure(history)

    assert found.shape == (400, variance.n_states) == (400, len(variance.memories) * (4 if has_candles else 2) + 1)
    np.testing.assert_allclose(found, slow_states(variance, history), rtol=2e-5)


def test_an_unknown_bar_leaves_all_states_as_they_were():
    history = made_history(unknown=0.3)
    states = VarianceStates.fit(history, 0, 400).measure(history)

    holes = np.flatnonzero(np.isnan(history.returns[1:])) + 1
    assert holes.size > 50
    np.testing.assert_array_equal(states[holes], states[holes - 1])
    assert np.isfinite(states).all()
    assert (states > 0).all()


@given(cut=st.integers(1, 399), seed=st.integers(0, 5))
def test_what_comes_after_a_bar_does_not_change_its_states(cut, seed):
    """Fault 21; bit by bit."""
    history, rng = made_history(), np.random.default_rng(seed)
    variance = VarianceStates.fit(history, 0, 400)
    returns, candles = history.returns.copy(), history.candles.copy()
    returns[cut:], candles[cut:] = rng.standard_normal(400 - cut), np.nan

    changed = variance.measure(dataclasses.replace(history, returns=returns, candles=candles))
    shorter = variance.measure(history_of(history.returns[:cut], history.candles[:cut], history.close_us[:cut]))

    np.testing.assert_array_equal(changed[:cut], variance.measure(history)[:cut])
    np.testing.assert_array_equal(shorter, variance.measure(history)[:cut])


def test_bars_after_training_do_not_change_what_was_learned():
    history = made_history()
    returns = history.returns.copy()
    returns[300:] = 1.0

    before, after = (
        VarianceStates.fit(each, 0, 300) for each in (history, dataclasses.replace(history, returns=returns))
    )

    assert (before.level, before.memories) == (after.level, after.memories)
    np.testing.assert_array_equal(before.clock.factors, after.clock.factors)


def test_all_kinds_of_states_agree_on_brownian_bars():
    """Mean 1 where variance is constant: the range loses some per cent, as ticks do not see the highest price."""
    returns, candles, _, _ = brownian_bars(6000, 2)
    variance = VarianceStates.fit(history_of(returns, candles), 0, 6000)

    by_kind = variance.measure(history_of(returns, candles))[500:, :-1].reshape(-1, 4, len(variance.memories))

    np.testing.assert_allclose(by_kind[:, [0, 1, 2, 3], -1].mean(axis=0), 1.0, rtol=0, atol=0.12)
    squared, ranged = by_kind[:, 0, 2], by_kind[:, 2, 2]
    assert 5.0 < squared.var() / ranged.var() < 12.0  # Garman and Klass: 7.4 without ticks


def test_states_follow_the_variance_of_a_garch_world():
    returns, after = garch_t(8000, 4)
    states = VarianceStates.fit(history_of(returns), 0, 8000).measure(history_of(returns))

    agreement = np.corrcoef(np.log(states[500:, :-1].T), np.log(after[500:]))[-1, :-1]
    assert agreement.max() > 0.9


@given(factor=st.sampled_from([1e-6, 0.37, 250.0]))
def test_states_have_no_unit(factor):
    history = made_history()
    scaled = dataclasses.replace(history, returns=factor * history.returns, candles=factor * history.candles)

    ours, theirs = (VarianceStates.fit(each, 0, 400) for each in (history, scaled))

    assert theirs.level == pytest.approx(factor**2 * ours.level)
    np.testing.assert_allclose(theirs.measure(scaled), ours.measure(history), rtol=1e-4)


def test_a_market_that_never_moves_has_states_at_their_floor():
    still = history_of(np.zeros(300), np.zeros((300, 3)))

    states = VarianceStates.fit(still, 0, 300).measure(still)

    assert np.isfinite(states).all()
    assert states.min() >= np.float32(FLOOR_FRACTION)
    assert states[-1, 0] == np.float32(FLOOR_FRACTION)


def test_a_model_of_candles_can_be_asked_with_closes_only():
    """Bars go straight from close to close: their range is their return."""
    history = made_history(unknown=0.0)
    variance = VarianceStates.fit(history, 0, 400)
    closes = dataclasses.replace(history, candles=None)

    states = variance.measure(closes)

    straight = np.stack([-history.returns, np.maximum(-history.returns, 0), np.minimum(-history.returns, 0)], axis=1)
    np.testing.assert_allclose(states, variance.measure(dataclasses.replace(history, candles=straight)), rtol=1e-5)


def test_memories_reach_a_month_of_bars_but_not_beyond_a_tenth_of_the_training_bars():
    short, long = (VarianceStates.fit(history_of(np.full(n, UNIT)), 0, n) for n in (200, 20_000))

    assert short.memories[-1] == pytest.approx(20.0)
    assert long.memories[-1] == pytest.approx(640.0)
    assert WeekClock.flat(SLOT_MINUTES).factors.size == long.clock.factors.size
