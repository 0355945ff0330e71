"""Swap is charged for the right nights, to the right side, and only on what is held over 17:00 New York."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.trading.account import run_account
from forecast_pipeline.backtests.trading.checks import hourly_rows
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.backtests.trading.rollover import rollover_nights, swap_per_night
from forecast_pipeline_tests.oracles import trading as oracle

FREE = CostModel(assumed_spread_pips=0.0, commission_pips=0.0, slippage_pips=0.0)
POINTS = TradingParameters(
    volatility_target_annual=None, slippage_multiple=0.0, swap_long_points=-6.0, swap_short_points=2.0
)
HOURS = st.integers(0, 24 * 800)
ORIGIN = dt.datetime(2023, 2, 1, tzinfo=dt.UTC)


def micros(instant):
    return np.array([int(instant.timestamp()) * 1_000_000])


@settings(max_examples=80, deadline=None)
@given(first=HOURS, length=st.integers(0, 24 * 30), pair=st.sampled_from([("EURUSD", 2), ("USDCAD", 3)]))
def test_nights_are_those_counted_one_by_one(first, length, pair):
    begin, end = (ORIGIN + dt.timedelta(hours=hours) for hours in (first, first + length))

    assert rollover_nights(micros(begin), micros(end), pair[0]).tolist() == [oracle.nights(begin, end, pair[1])]


def swap_of(begin, end, mean, parameters=POINTS):
    rows = hourly_rows([mean, 0.0], [1.1, 1.1]).with_columns(
        issued_at_utc=pl.Series([begin, end]), target_ts_utc=pl.Series([end, end + dt.timedelta(hours=1)])
    )
    rows = rows.with_columns(fill_ts_utc="issued_at_utc")
    account = run_account(rows, FREE, parameters, pip=1e-4, symbol="EURUSD")
    return account.ledger.total("swap") * account.market.capital


def at(day, hour):
    return dt.datetime(2024, 1, day, hour, tzinfo=dt.UTC)


def test_monday_to_friday_pays_six_nights_and_the_sign_flips_with_the_side():
    assert swap_of(at(8, 15), at(12, 15), 0.01) == pytest.approx(-6 * 0.00006)
    assert swap_of(at(8, 15), at(12, 15), -0.01) == pytest.approx(6 * 0.00002)


def test_a_position_opened_and_closed_inside_a_session_pays_none():
    assert swap_of(at(10, 8), at(10, 21), 0.01) == 0.0


def test_a_fill_at_the_rollover_itself_belongs_to_the_new_day():
    assert swap_of(at(9, 22), at(10, 21), 0.01) == 0.0
    assert swap_of(at(9, 21), at(9, 22), 0.01) == pytest.approx(-0.00006)


def test_swap_from_rates_is_the_carry_less_the_markup_in_each_currency_s_days():
    parameters = TradingParameters(base_rate_annual=0.05, quote_rate_annual=0.02, swap_markup_annual=0.01)

    long, short = swap_per_night(np.array([1.25]), parameters, "GBPUSD", 1e-4)

    carry = 1.25 * (0.05 / 365 - 0.02 / 360)
    assert (long[0], short[0]) == pytest.approx((carry - 1.25 * 0.01 / 360, -carry - 1.25 * 0.01 / 360))
