"""Net is gross less every cost to rounding, and money in another currency is converted when it is won or lost."""

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
from forecast_pipeline.backtests.trading.ledger import ITEMS, settle, settled_net
from forecast_pipeline.backtests.trading.market import markets_by_model
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.backtests.trading.trades import trips_of
from forecast_pipeline_tests.oracles import trading as oracle

FREE = CostModel(assumed_spread_pips=0.0, commission_pips=0.0, slippage_pips=0.0)
PLAIN = TradingParameters(volatility_target_annual=None, slippage_multiple=0.0)


def market_of(prices, *, symbol="EURUSD", pip=1e-4, costs=None, parameters=PLAIN, spread=0.0002, conversion=None):
    rows = hourly_rows([0.01] * len(prices), prices, spread=spread)
    costs = costs or CostModel()
    (market,) = markets_by_model(rows, costs, parameters, pip=pip, symbol=symbol, conversion=conversion).values()
    return market


def parts(ledger):
    return {name: ledger.total(name) * ledger.market.capital for name in (*ITEMS, "net")}


@st.composite
def paths(draw):
    n_rows = draw(st.integers(2, 30))
    units = draw(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=n_rows - 1, max_size=n_rows - 1))
    seed = draw(st.integers(0, 1000))
    prices = 110.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(seed).normal(size=n_rows)))
    return np.array([*units, 0.0]), prices


SYMBOLS = pytest.mark.parametrize("symbol", ["USDJPY", "EURUSD"])
SWAP = TradingParameters(
    volatility_target_annual=None, base_rate_annual=0.05, quote_rate_annual=0.01, swap_markup_annual=0.02
)


@SYMBOLS
@settings(max_examples=60, deadline=None)
@given(path=paths())
def test_the_parts_sum_to_the_net_and_to_the_books_kept_by_hand(symbol, path):
    position, prices = path
    market = market_of(prices, symbol=symbol, pip=0.01, spread=0.03, parameters=SWAP)

    ledger = settle(market, position)
    found = parts(ledger)

    assert found == pytest.approx(oracle.book(market, position), abs=1e-12)
    costs = found["half_spread"] + found["slippage"] + found["commission"] + found["conversion"]
    assert found["net"] == pytest.approx(found["gross"] - costs + found["swap"], abs=1e-12)
    assert settled_net(market, position) == pytest.approx(ledger.total("net"), abs=1e-14)
    assert ledger.equity[-1] == pytest.approx(ledger.total("net"), abs=1e-14)


@settings(max_examples=30, deadline=None)
@given(path=paths())
def test_reversed_positions_negate_gross_exactly_and_costs_never(path):
    position, prices = path
    market = market_of(prices)

    ledger, reversed_ = settle(market, position), settle(market, -position)

    assert (ledger.gross == -reversed_.gross).all()
    assert (ledger.costs == reversed_.costs).all()


@settings(max_examples=30, deadline=None)
@given(path=paths())
def test_doubled_costs_double_the_gap_and_no_costs_close_it(path):
    position, prices = path
    market = market_of(prices)

    none, once, twice = (settle(market, position, multiple) for multiple in (0.0, 1.0, 2.0))

    assert (none.net == none.gross).all()
    assert twice.gross - twice.net == pytest.approx(2.0 * (once.gross - once.net), abs=1e-14)


def test_a_constant_price_loses_exactly_a_spread_and_two_commissions_a_round_trip():
    market = market_of([1.25] * 11, costs=CostModel(commission_pips=0.3, slippage_pips=0.0))

    ledger = settle(market, np.array([0.7, 0.0] * 5 + [0.0]))

    assert parts(ledger)["net"] == pytest.approx(-5 * 0.7 * (0.0002 + 2 * 0.00003), rel=1e-12)


def test_dollars_won_in_yen_are_worth_what_the_yen_is_worth_at_the_exit():
    """Long 2 at ask 110.01, sold at bid 110.49; then short 1 at bid 111.99, bought at ask 113.01."""
    market = market_of([110.0, 110.5, 112.0, 113.0], symbol="USDJPY", pip=0.01, spread=0.02, costs=FREE)

    found = parts(settle(market, np.array([2.0, 0.0, -1.0, 0.0])))

    won, lost = 2 * (110.49 - 110.01), 113.01 - 111.99
    conversion = won * 0.01 / 110.5 / 110.5 + lost * 0.01 / 113.0 / 113.0
    assert found["net"] == pytest.approx(won / 110.5 - lost / 113.0 - conversion, rel=1e-12)
    assert found["gross"] == pytest.approx(2 * 0.5 / 110.5 - 1.0 / 113.0, rel=1e-12)
    assert found["half_spread"] == pytest.approx(4 * 0.01 / 110.5 + 2 * 0.01 / 113.0, rel=1e-12)


def test_pounds_won_on_eurgbp_are_converted_at_the_cable_of_the_exit():
    """The rate at the entry, and one that closes after the exit, are not used."""
    at = [dt.datetime(2024, 1, 10, hour, minute, tzinfo=dt.UTC) for hour, minute in ((9, 0), (11, 0), (11, 1))]
    cable = pl.DataFrame({"close_ts_utc": at, "rate": [1.20, 1.25, 9.0], "spread": [0.0, 0.0005, 0.0]})
    market = market_of([0.85, 0.86, 0.86], symbol="EURGBP", spread=0.0002, costs=FREE, conversion=cable)

    found = parts(settle(market, np.array([3.0, 0.0, 0.0])))

    pounds = 3 * (0.86 - 0.0001 - 0.85 - 0.0001)
    assert found["net"] == pytest.approx(pounds * (1.25 - 0.00025), rel=1e-12)
    assert found["conversion"] == pytest.approx(pounds * 0.00025, rel=1e-12)


def test_without_a_rate_the_result_stays_in_quote_currency_and_says_so():
    market = market_of([0.85, 0.86], symbol="EURGBP", costs=FREE, spread=0.0)

    assert parts(settle(market, np.array([1.0, 0.0])))["net"] == pytest.approx(0.01)
    assert market.gap == "conversion of GBP into USD (no rate was given; results are in GBP)"


def test_rates_that_begin_too_late_are_not_used_backwards():
    late = pl.DataFrame({"close_ts_utc": [dt.datetime(2024, 1, 10, 10, 1, tzinfo=dt.UTC)], "rate": [1.25]})

    assert "begin after the first trade" in market_of([0.85, 0.86], symbol="EURGBP", conversion=late).gap


def test_a_conversion_without_its_rate_is_refused():
    with pytest.raises(ValueError, match="must have close_ts_utc and rate, was without rate"):
        market_of([0.85, 0.86], symbol="EURGBP", conversion=pl.DataFrame({"close_ts_utc": [1]}))


def test_commission_per_million_is_of_the_notional_in_account_currency():
    thirty = PLAIN.model_copy(update={"commission_per_million": 30.0})
    yen = market_of([125.0, 125.0], symbol="USDJPY", pip=0.01, spread=0.0, costs=FREE, parameters=thirty)
    euro = market_of([1.25, 1.25], spread=0.0, costs=FREE, parameters=thirty)

    costs = [parts(settle(market, np.array([100_000.0, 0.0])))["commission"] for market in (yen, euro)]

    assert costs == pytest.approx([6.0, 7.5])  # 2 sides of 100 000 and of 125 000 dollars


def test_slippage_is_the_larger_of_its_floor_and_a_share_of_the_move_during_the_latency():
    quarter = TradingParameters(slippage_latency_seconds=36.0)  # a tenth of the standard deviation of an hour
    wide = market_of([1.25, 1.25], parameters=quarter)
    floored = market_of([1.25, 1.25], parameters=quarter, costs=CostModel(slippage_pips=1.0))

    assert wide.slippage == pytest.approx([0.25 * 0.1 * 0.001 * 1.25] * 2)
    assert floored.slippage == pytest.approx([0.0001] * 2)


def test_bids_are_traded_at_the_ask_derived_from_the_spread():
    bid = PLAIN.model_copy(update={"price_side": "bid"})
    market = market_of([1.25, 1.25], spread=None, costs=CostModel(assumed_spread_pips=2.0), parameters=bid)

    assert market.mid == pytest.approx([1.2501, 1.2501])
    assert (market.mid - market.half_spread) == pytest.approx([1.25, 1.25])


def test_measured_prices_are_mid_whatever_the_side_of_the_others():
    bid = PLAIN.model_copy(update={"price_side": "bid"})

    assert market_of([1.25, 1.25], spread=0.0004, parameters=bid).mid.tolist() == [1.25, 1.25]


def test_equity_shows_an_open_position_at_what_its_liquidation_would_pay():
    ledger = settle(market_of([1.0, 1.001, 1.001], costs=FREE, spread=0.0002), np.array([-1.0, -1.0, 0.0]))

    assert ledger.equity.tolist() == pytest.approx([-0.0002, -0.0012, -0.0012])
    assert ledger.net.tolist() == pytest.approx([-0.0001, -0.0011, -0.0012])


def test_a_wider_spread_at_the_close_of_new_york_changes_only_what_is_filled_in_that_hour():
    opens = dt.datetime(2024, 1, 9, 20, tzinfo=dt.UTC)  # 15:00 New York
    rows = hourly_rows([0.01, 0.0] * 4, [1.1] * 8, spread=0.0001)
    shift = opens - rows["issued_at_utc"][0]
    rows = rows.with_columns(pl.col("issued_at_utc", "target_ts_utc", "fill_ts_utc") + shift)
    at_close = pl.col("fill_ts_utc").dt.hour() == 22
    wide = rows.with_columns(spread=pl.when(at_close).then(0.0005).otherwise("spread"))

    ledgers = [run_account(each, FREE, PLAIN, pip=1e-4, symbol="EURUSD").ledger for each in (rows, wide)]

    paid = [np.diff(ledger.account["half_spread"] * 1.1, prepend=0.0) for ledger in ledgers]
    hours = rows["fill_ts_utc"].dt.hour().to_list()
    assert [hour for hour, a, b in zip(hours, *paid, strict=True) if abs(b - a) > 1e-9] == [22]
    assert (paid[1] - paid[0]).sum() == pytest.approx(0.0002)


def test_round_trips_are_measured_in_pips_hours_and_extremes():
    market = market_of([1.0, 1.002, 0.999, 1.001, 1.0, 1.0], costs=CostModel(commission_pips=0.5, slippage_pips=0.0))

    trips = trips_of(settle(market, np.array([1.0, 1.0, -0.5, 0.0, 0.0, 0.0])))

    assert trips.units.tolist() == [1.0, 0.5]
    assert trips.hours.tolist() == [2.0, 1.0]
    assert trips.gross_pips == pytest.approx([-10.0, -20.0])
    assert trips.net_pips == pytest.approx([-10.0 - 3.0, -20.0 - 3.0])
    assert trips.adverse_pips == pytest.approx([-10.0, -20.0])
    assert trips.favourable_pips == pytest.approx([20.0, 0.0], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(path=paths())
def test_the_pips_of_all_round_trips_are_the_net_of_the_account(path):
    position, prices = path
    ledger = settle(market_of(prices, pip=0.01, parameters=SWAP), position)
    trips = trips_of(ledger)

    assert (trips.net_pips * trips.units).sum() * 0.01 == pytest.approx(parts(ledger)["net"], abs=1e-9)
    assert trips.units.sum() == pytest.approx(ledger.round_trips)
