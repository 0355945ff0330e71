"""Days run from 17:00 to 17:00 New York, sum to the account, and carry the ratios, whatever bars they come from."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.trading.account import run_account
from forecast_pipeline.backtests.trading.breakdown import by_hour, by_session, monthly, net_by_fill, stress
from forecast_pipeline.backtests.trading.daily import DailyNet, daily_net, ratios
from forecast_pipeline.backtests.trading.drawdown import drawdown_figures, max_drawdown, worst_drawdowns
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.core.trading_clock import is_open, shifted_clock
from forecast_pipeline.scores.significance import mean_interval

PLAIN = TradingParameters(volatility_target_annual=None, slippage_multiple=0.0)
FREE = CostModel(spread_pips=0.0, commission_pips=0.0, slippage_pips=0.0, no_trade_multiple=0.0)


def always_long(first, n_days, bar_minutes, *, seed=0, closed=()):
    """Long forecasts every bar on one path of minutes; hours in ``closed`` have no bar."""
    minutes = np.arange(0, n_days * 1440 + 1, dtype=np.int64)
    start_us = int(first.timestamp()) * 1_000_000
    all_us = start_us + minutes * 60_000_000
    path = 1.1 * np.exp(np.cumsum(np.random.default_rng(seed).normal(2e-6, 2e-4, minutes.size)))
    # A bar closes where the session was open the minute before.
    is_close = (minutes % bar_minutes == 0) & is_open(all_us - 60_000_000)
    issued = np.array([us for us in all_us[is_close] if us not in closed])
    price = path[np.searchsorted(all_us, issued)]
    stamps = pl.Series(issued).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "model": "long",
            "fold": 0,
            "issued_at_utc": stamps,
            "target_ts_utc": stamps + dt.timedelta(minutes=bar_minutes),
            "fill_ts_utc": stamps,
            "fill_price": price,
            "price": price,
            "spread": 0.0,
            "mean": 0.01,
            "scale": 0.001,
        }
    )


SUNDAY_BEFORE_DST = dt.datetime(2024, 3, 3, 22, tzinfo=dt.UTC)


def test_days_sum_to_equity_across_a_dst_change_and_a_holiday_stub():
    first = SUNDAY_BEFORE_DST
    stub = first + dt.timedelta(days=9)  # half of a day is missing after this
    missing = {int((stub + dt.timedelta(hours=hour)).timestamp()) * 1_000_000 for hour in range(6, 20)}
    rows = always_long(first, 19, 60, closed=missing)

    account = run_account(rows, CostModel(), PLAIN, pip=1e-4, symbol="USDJPY")

    assert account.daily.net.sum() == pytest.approx(account.ledger.total("net"), abs=1e-15)
    assert account.daily.day.size == 15
    dates = account.daily.frame("long")["fx_day"].dt.weekday().unique().sort().to_list()
    assert dates == [1, 2, 3, 4, 5]


def test_the_close_at_17_new_york_ends_its_day_on_both_sides_of_the_dst_change():
    rows = always_long(SUNDAY_BEFORE_DST, 12, 60)
    account = run_account(rows, FREE, PLAIN, pip=1e-4, symbol="EURUSD")

    shifted = shifted_clock(rows["issued_at_utc"].dt.epoch("us").to_numpy())
    at_close = rows.filter(pl.Series(shifted % 86_400_000_000 == 0))["price"].to_numpy()
    expected = np.diff(np.concatenate([rows["price"].to_numpy()[:1], at_close])) / rows["price"][0]
    assert account.daily.net == pytest.approx(expected, abs=1e-12)


def test_the_open_position_is_marked_at_the_side_that_liquidates_it():
    rows = always_long(SUNDAY_BEFORE_DST, 3, 60).with_columns(spread=pl.lit(0.002), fill_price=1.1, price=1.1)

    costs = FREE.model_copy(update={"spread_pips": None})
    account = run_account(rows, costs, PLAIN, pip=1e-4, symbol="EURUSD")

    assert account.daily.net * 1.1 == pytest.approx([-0.002, 0.0, 0.0, 0.0], abs=1e-12)


def test_the_sharpe_ratio_of_one_strategy_does_not_depend_on_the_length_of_its_bars():
    figures = {}
    for minutes in (5, 60, 1440):
        rows = always_long(SUNDAY_BEFORE_DST, 7 * 30, minutes, seed=5)
        account = run_account(rows, FREE, PLAIN, pip=1e-4, symbol="EURUSD")
        figures[minutes] = ratios(account.daily, seed=1, n_bootstraps=200)

    hourly = figures[60]
    assert 255 <= hourly["days_per_year"] <= 265
    assert hourly["sharpe_low"] < hourly["sharpe_annual"] < hourly["sharpe_high"]
    assert hourly["sharpe_boot_low"] < hourly["sharpe_annual"] < hourly["sharpe_boot_high"]
    width = hourly["sharpe_high"] - hourly["sharpe_low"]
    for other in (figures[5], figures[1440]):
        assert abs(other["sharpe_annual"] - hourly["sharpe_annual"]) < 0.1 * width


def test_ratios_by_hand():
    net = np.array([0.02, -0.01] * 20)
    daily = DailyNet(np.arange(40) + 19_000, net)

    found = ratios(daily, seed=0, n_bootstraps=0)

    per_year = 365.25  # there was a day every day
    assert found["days_per_year"] == pytest.approx(per_year)
    assert found["sharpe_annual"] == pytest.approx(0.005 / net.std(ddof=1) * math.sqrt(per_year))
    assert found["sortino_annual"] == pytest.approx(0.005 / math.sqrt(0.0001 / 2) * math.sqrt(per_year))
    # HAC: the alternation leaves the mean far better known than independent days would.
    by_hac = mean_interval(net, horizon_bars=1)
    scale = math.sqrt(per_year) / net.std(ddof=1)
    assert (found["sharpe_low"], found["sharpe_high"]) == pytest.approx((by_hac.low * scale, by_hac.high * scale))
    assert (found["skew"], found["kurtosis"]) == pytest.approx((0.0, 1.0))


@pytest.mark.parametrize("net", [[], [0.01], [0.0] * 50, [0.01] * 50], ids=["none", "one", "flat", "constant"])
def test_ratios_without_variation_are_undefined_and_never_infinite(net):
    daily = DailyNet(np.arange(len(net)), np.array(net))

    found = ratios(daily, seed=0, n_bootstraps=10) | drawdown_figures(daily, seed=0, n_bootstraps=10)

    assert math.isnan(found["sharpe_annual"])
    assert not any(math.isinf(value) for value in found.values())


def test_drawdowns_by_hand():
    daily = DailyNet(np.arange(7) + 19_000, np.array([-1.0, 3.0, -2.0, 1.0, -3.0, 5.0, -1.0]))

    worst = worst_drawdowns(daily)

    day = dt.date(1970, 1, 1) + dt.timedelta(days=19_000)
    assert worst["depth"].to_list() == [4.0, 1.0, 1.0]
    assert worst["n_days"].to_list() == [3, 1, 1]
    assert worst.row(0, named=True)["trough_day"] == day + dt.timedelta(days=4)
    assert worst["recovery_day"].to_list() == [day + dt.timedelta(days=5), day + dt.timedelta(days=1), None]
    found = drawdown_figures(daily, seed=0, n_bootstraps=0)
    assert (found["max_drawdown"], found["longest_under_water_days"]) == (4.0, 3.0)
    assert found["under_water_fraction"] == pytest.approx(5 / 7)


def test_a_loss_from_the_start_is_a_drawdown():
    assert max_drawdown(np.array([-1.0, -2.0, 1.0])) == 3.0


def test_a_fill_is_given_what_its_position_earns_until_the_next_fill_and_its_own_costs():
    rows = always_long(SUNDAY_BEFORE_DST, 1, 480).with_columns(
        price=pl.Series([1.0, 1.1, 1.3]), fill_price=pl.Series([1.0, 1.1, 1.3])
    )
    costs = FREE.model_copy(update={"commission_pips": 1.0})
    ledger = run_account(rows, costs, PLAIN, pip=1e-4, symbol="EURUSD").ledger

    assert net_by_fill(ledger).tolist() == pytest.approx([0.1 - 0.0001, 0.2, -0.0001])


def test_the_bootstrap_of_the_deepest_fall_brackets_that_of_a_random_walk():
    daily = DailyNet(np.arange(500), np.random.default_rng(1).normal(size=500))

    found = drawdown_figures(daily, seed=2, n_bootstraps=200)

    assert found["max_drawdown_05"] < max_drawdown(daily.net) < found["max_drawdown_95"]


def test_every_breakdown_sums_to_the_net():
    rows = always_long(SUNDAY_BEFORE_DST, 40, 60)
    account = run_account(rows, CostModel(), PLAIN, pip=1e-4, symbol="EURUSD")
    net = account.ledger.total("net")

    assert net_by_fill(account.ledger).sum() == pytest.approx(net, abs=1e-14)
    for frame in (by_hour(account.ledger), by_session(account.ledger), monthly(account.daily)):
        assert frame["net"].sum() == pytest.approx(net, abs=1e-14)
    assert by_hour(account.ledger)["n"].sum() == 2


def test_a_stress_window_inside_the_range_is_shown_and_no_other():
    rows = always_long(dt.datetime(2020, 2, 23, 22, tzinfo=dt.UTC), 42, 60)
    account = run_account(rows, CostModel(), PLAIN, pip=1e-4, symbol="EURUSD")

    found = stress(account.daily)

    assert found["window"].to_list() == ["March 2020"]
    assert found["n_days"].to_list() == [22]
    assert daily_net(account.ledger).net.tolist() == account.daily.net.tolist()
