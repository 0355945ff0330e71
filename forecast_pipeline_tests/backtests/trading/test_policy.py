"""Positions follow the stated rule, no decision is filled before it is made, and every fold ends flat."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.trading.account import run_account
from forecast_pipeline.backtests.trading.checks import hourly_rows
from forecast_pipeline.backtests.trading.market import markets_by_model
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.backtests.trading.policy import positions, schedule_of, signals, sizes
from forecast_pipeline_tests.oracles import trading as oracle

PLAIN = TradingParameters(volatility_target_annual=None)
PIP = 1e-4


def market_of(forecasts, parameters=PLAIN, costs=None):
    forecasts = forecasts.filter(model="ridge", segment="out_of_sample")
    (market,) = markets_by_model(forecasts, costs or CostModel(), parameters, pip=PIP, symbol="EURUSD").values()
    return market


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), n_missing=st.integers(0, 60))
def test_overlapping_tranches_are_those_whose_horizon_has_not_ended(make_forecasts, seed, n_missing):
    rng = np.random.default_rng(seed)
    forecasts = make_forecasts(n_rows=150, horizons=(6,), n_folds=2, baselines=(), seed=3)
    forecasts = forecasts.filter(segment="out_of_sample")
    kept = np.sort(rng.permutation(forecasts.height)[: forecasts.height - n_missing])
    market = market_of(forecasts[kept.tolist()])
    schedule = schedule_of(market, PLAIN)
    signal = rng.choice([-1.0, 0.0, 1.0], market.fold.size)

    found = positions(signal, schedule)

    by_hand = oracle.overlapping_positions(signal, market.issued_us, market.target_us, market.fold, schedule.n_tranches)
    assert found == pytest.approx(by_hand, abs=1e-9)
    assert schedule.n_tranches == 6
    assert np.abs(found).max(initial=0.0) <= 1.0


def test_disjoint_decisions_are_held_for_one_horizon_each(make_forecasts):
    disjoint = PLAIN.model_copy(update={"holding": "disjoint"})
    market = market_of(make_forecasts(n_rows=40, horizons=(4,), n_folds=1))
    signal = np.where(np.arange(40) % 4 == 0, 1.0, -1.0)  # only every fourth decision counts

    found = positions(signal, schedule_of(market, disjoint))

    assert found.tolist() == [1.0] * 39 + [0.0]


def test_a_delay_moves_every_fill_and_ends_with_the_fold(make_forecasts):
    market = market_of(make_forecasts(n_rows=40, horizons=(1,), n_folds=2))
    schedule = schedule_of(market, PLAIN)
    signal = np.random.default_rng(0).choice([-1.0, 1.0], 40)

    found = positions(signal, schedule, 2)

    expected = signal.copy()
    for fold in (0, 20):
        expected[fold : fold + 20] = [0.0, 0.0, *signal[fold : fold + 17], 0.0]
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(("seconds", "filled_after"), [(0.0, 0), (1.0, 1), (3600.0, 1), (3601.0, 2)])
def test_no_decision_is_filled_before_its_latency_has_passed(seconds, filled_after):
    late = TradingParameters(volatility_target_annual=None, latency_seconds=seconds)
    rows = hourly_rows([0.0, 0.01, 0.0, 0.0, 0.0, 0.0], [1.0] * 6)

    held = run_account(rows, CostModel(), late, pip=PIP, symbol="EURUSD").ledger.position

    assert np.flatnonzero(held).tolist() == [1 + filled_after]


def test_a_fill_before_the_decision_does_not_execute_it():
    rows = hourly_rows([0.01, 0.0, 0.0, 0.0], [1.0] * 4)
    early = rows.with_columns(pl.col("fill_ts_utc") - dt.timedelta(minutes=1))

    held = run_account(early, CostModel(), PLAIN, pip=PIP, symbol="EURUSD").ledger.position

    assert held.tolist() == [0.0, 1.0, 0.0, 0.0]


def test_a_move_that_only_just_pays_is_not_traded():
    rows = hourly_rows([2e-4, 2.01e-4, -2.01e-4, float("nan"), 0.0], [1.0] * 5)
    costs = CostModel(spread_pips=1.0, commission_pips=0.25, slippage_pips=0.25)
    (market,) = markets_by_model(
        rows, costs, PLAIN.model_copy(update={"slippage_multiple": 0.0}), pip=PIP, symbol="EURUSD"
    ).values()

    assert signals(market.mean, market.std, market, costs, PLAIN).tolist() == [0.0, 1.0, -1.0, 0.0, 0.0]


def test_size_meets_the_volatility_target_and_never_exceeds_the_most_allowed():
    day = np.full(4, 1440.0)
    parameters = TradingParameters(volatility_target_annual=0.1, max_exposure=2.0)

    found = sizes(np.array([0.01, 0.001, 0.0, np.nan]), day, parameters)

    assert found == pytest.approx([0.1 / (0.01 * np.sqrt(5 * 365.25 / 7)), 2.0, 0.0, 0.0])


def test_the_draws_decide_the_size_where_they_vary(make_forecasts):
    forecasts = make_forecasts(n_rows=20, horizons=(1,)).with_columns(sd=pl.lit(0.005))
    flat = forecasts.with_columns(sd=pl.lit(0.0))

    assert market_of(forecasts).std.tolist() == [0.005] * 20
    assert market_of(flat).std.tolist() == market_of(flat).scale.tolist()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"base_rate_annual": 0.05}, "given together, was only base_rate_annual"),
        ({"swap_short_points": 1.0}, "given together, was only swap_short_points"),
        (
            {"base_rate_annual": 0.0, "quote_rate_annual": 0.0, "swap_long_points": 0.0, "swap_short_points": 0.0},
            "from rates or from points, was both",
        ),
        ({"max_exposure": 0.0}, "greater than 0"),
        ({"account_currency": "dollar"}, "match pattern"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        TradingParameters(**values)
