"""Promise: what a decision is conditioned on is known at its close, is the same in any batch, and survives storage."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes
from forecast_pipeline.models.neural.conditioning import (
    CANDLE_CHANNELS,
    CLIP,
    PATCH_CHANNELS,
    Conditioner,
    clock_harmonics,
)
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline_tests.models.neural.worlds import (
    HORIZONS,
    UNIT,
    WIDTHS,
    brownian_bars,
    garch_t,
    open_hours,
    rows_of,
)

N_BARS, STOP = 900, 600


def made_rows(returns=None, candles=None, first=50, stop=N_BARS, seed=1):
    simulated, shapes, _, _ = brownian_bars(N_BARS, seed, n_ticks=30)
    inputs = np.random.default_rng(2).standard_normal((N_BARS, 3)) * 3.0
    return rows_of(
        simulated if returns is None else returns,
        first,
        stop,
        inputs=inputs,
        close_us=open_hours(N_BARS),
        candles=shapes if candles is None else candles,
    )


@pytest.fixture(scope="module")
def rows():
    return made_rows()


@pytest.fixture(scope="module")
def conditioner():
    return Conditioner.fit(made_rows(stop=STOP))


def every(conditions):
    return [conditions.states, conditions.features, conditions.slow, conditions.unit]


def test_everything_has_the_shape_and_precision_it_says(conditioner, rows):
    conditions = conditioner.conditions(rows)

    n, n_states = len(rows), conditioner.variance.n_states
    assert [each.shape for each in every(conditions)] == [(n, n_states), (n, conditioner.mean.size), (n, 3), (n, 4)]
    assert [each.dtype for each in every(conditions)] == [np.float32, np.float32, np.float32, np.float64]
    assert all(np.isfinite(each).all() for each in every(conditions))
    assert conditioner.channels == (*CANDLE_CHANNELS, *PATCH_CHANNELS)
    assert conditioner.bar_channels(rows.history).shape == (N_BARS, len(conditioner.channels))


def test_training_features_are_standardised_and_what_is_new_is_cut(conditioner):
    features = conditioner.conditions(made_rows(stop=STOP)).features
    wild = made_rows(returns=brownian_bars(N_BARS, 1, n_ticks=30)[0] * np.where(np.arange(N_BARS) < STOP, 1.0, 1e4))

    np.testing.assert_allclose(features.mean(axis=0), 0.0, rtol=0, atol=0.1)
    np.testing.assert_allclose(features.std(axis=0), 1.0, rtol=0, atol=0.1)
    conditions = conditioner.conditions(wild)
    assert np.abs(conditions.features).max() == CLIP
    assert np.abs(conditions.slow).max() == CLIP


@pytest.mark.parametrize("cut", [300, 601, 850])
def test_no_input_of_a_decision_changes_when_its_future_does(conditioner, rows, cut):
    """Fault 21; returns and candles after the bar are garbage, partly unknown."""
    rng = np.random.default_rng(cut)
    returns, candles = rows.history.returns.copy(), rows.history.candles.copy()
    returns[cut + 1 :] = rng.standard_normal(N_BARS - cut - 1)
    candles[cut + 1 :] = rng.standard_normal((N_BARS - cut - 1, 3))
    returns[cut + 3 :: 5] = np.nan
    later = made_rows(returns=returns, candles=candles)
    n_before = cut + 1 - 50

    for before, after in zip(every(conditioner.conditions(rows)), every(conditioner.conditions(later)), strict=True):
        np.testing.assert_array_equal(after[:n_before], before[:n_before])
    np.testing.assert_array_equal(
        conditioner.bar_channels(later.history)[: cut + 1], conditioner.bar_channels(rows.history)[: cut + 1]
    )
    assert not np.array_equal(
        conditioner.conditions(later).states[n_before], conditioner.conditions(rows).states[n_before]
    )


def test_what_is_learned_ends_at_the_last_training_bar(conditioner):
    """Fault 21: a history may reach beyond the training rows."""
    returns = brownian_bars(N_BARS, 1, n_ticks=30)[0]
    returns[STOP:] = 5.0

    again = Conditioner.fit(made_rows(returns=returns).take(np.arange(STOP - 50)))

    assert dump_state(again.state()) == dump_state(conditioner.state())


def test_inputs_of_a_row_do_not_depend_on_the_batch(conditioner, rows):
    chosen = np.array([700, 3, 3, 512])

    few = conditioner.conditions(rows.take(chosen))

    for part, whole in zip(every(few), every(conditioner.conditions(rows).take(chosen)), strict=True):
        np.testing.assert_array_equal(part, whole)


def test_a_shorter_history_gives_the_same_inputs(conditioner, rows):
    """What is served knows nothing after the last bar, and has forgotten no bar before."""
    short = made_rows(stop=700).take(np.array([649]))

    for part, whole in zip(
        every(conditioner.conditions(short)), every(conditioner.conditions(rows).take(np.array([649]))), strict=True
    ):
        np.testing.assert_array_equal(part, whole)


def test_storage_gives_back_the_same_conditioner(conditioner, rows):
    restored = Conditioner.from_state(load_state(dump_state(conditioner.state()), "test"))

    for ours, theirs in zip(every(conditioner.conditions(rows)), every(restored.conditions(rows)), strict=True):
        np.testing.assert_array_equal(theirs, ours)
    np.testing.assert_array_equal(restored.bar_channels(rows.history), conditioner.bar_channels(rows.history))


def test_other_histories_are_not_taken_for_the_one_before(conditioner, rows):
    """States are kept for the history that was asked last, for it is asked for again and again."""
    other = made_rows(seed=3)

    first, between, again = (conditioner.conditions(each) for each in (rows, other, rows))

    np.testing.assert_array_equal(first.states, again.states)
    assert not np.array_equal(first.states, between.states)
    fresh = Conditioner.from_state(conditioner.state())
    np.testing.assert_array_equal(fresh.conditions(other).states, between.states)


def test_candles_count_even_where_returns_are_the_same_array(conditioner, rows):
    conditioner.conditions(rows)
    closes = dataclasses.replace(rows, history=dataclasses.replace(rows.history, candles=None))

    after = conditioner.conditions(closes).states

    np.testing.assert_array_equal(after, Conditioner.from_state(conditioner.state()).conditions(closes).states)


def test_the_unit_is_the_deviation_of_an_increment():
    returns, after = garch_t(6000, 3)
    rows = rows_of(returns, 200, 6000)
    unit = Conditioner.fit(rows).conditions(rows).unit

    np.testing.assert_allclose(unit[:, 1:] / unit[:, :1], np.sqrt(np.tile(WIDTHS[1:], (len(rows), 1))), rtol=1e-9)
    assert np.sqrt(np.mean(np.square(unit[:, 0]))) == pytest.approx(UNIT * np.sqrt(after.mean()), rel=0.15)
    assert np.corrcoef(np.log(unit[:, 0]), np.log(after[200:]))[0, 1] > 0.8
    assert rows.history.horizons == HORIZONS


def test_bars_of_a_day_have_no_time_of_day(rows):
    daily = dataclasses.replace(rows, history=dataclasses.replace(rows.history, slot_minutes=1440))

    hourly, made = Conditioner.fit(rows), Conditioner.fit(daily)

    assert hourly.mean.size - made.mean.size == 10
    assert not made.bar_channels(daily.history)[:, -2:].any()


def test_closes_alone_give_patches_without_candles(rows):
    closes = dataclasses.replace(rows, history=dataclasses.replace(rows.history, candles=None))

    made = Conditioner.fit(closes)

    assert made.channels == PATCH_CHANNELS
    assert made.bar_channels(closes.history).shape == (N_BARS, 4)


def test_channels_are_moderate_and_known_where_bars_are_not(rows):
    returns, candles = rows.history.returns.copy(), rows.history.candles.copy()
    returns[100:140], candles[100:140] = np.nan, np.nan
    returns[200] = 1.0
    holed = made_rows(returns=returns, candles=candles)

    channels = Conditioner.fit(holed).bar_channels(holed.history)

    assert np.isfinite(channels).all()
    assert np.abs(channels[:, :5]).max() <= CLIP
    assert not channels[100:140, :5].any()


def test_the_clock_comes_round_after_a_day_and_a_week():
    minutes = np.array([0, 1440, 5 * 1440, 720]) + 7200 * 1000 + 60
    harmonics = clock_harmonics(instants_of_trading_minutes(minutes))

    np.testing.assert_allclose(harmonics[0, :6], harmonics[1, :6], rtol=0, atol=1e-9)
    np.testing.assert_allclose(harmonics[0], harmonics[2], rtol=0, atol=1e-9)
    assert not np.allclose(harmonics[0, 6:], harmonics[1, 6:])
    np.testing.assert_allclose(harmonics[0, :2], -harmonics[3, :2], rtol=0, atol=1e-9)


def test_rows_without_past_returns_are_refused(rows):
    for lacking in (dataclasses.replace(rows, history=None), rows.take(np.array([], dtype=np.intp))):
        with pytest.raises(TrainingFailed, match="past returns"):
            Conditioner.fit(lacking)
