"""Profit and loss by hand: every cost is charged once, and net is gross less costs."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests.economics import (
    account,
    account_figures,
    cost_hurdle,
    daily_figures,
    delayed,
    trade,
)
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.core.trading_clock import is_open

PIP = 0.0001
START = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)


def decisions(positions, prices, *, side_cost=1e-4, folds=None, model="m"):
    n = len(positions)
    fills = [START + dt.timedelta(hours=k) for k in range(n)]
    return pl.DataFrame(
        {
            "model": [model] * n,
            "fold": folds or [0] * n,
            "issued_at_utc": fills,
            "fill_ts_utc": fills,
            "fill_price": prices,
            "position": [float(p) for p in positions],
            "side_cost": [side_cost] * n,
            "is_spread_measured": [True] * n,
            "is_spread_profiled": [False] * n,
        },
        schema_overrides={"fill_price": pl.Float64},
    )


def test_constant_price_loses_exactly_a_spread_a_round_trip():
    n_round_trips, spread, price = 5, 0.0002, 1.25
    flips = [1, 0] * n_round_trips
    side_cost = spread / 2 / price

    found = account_figures(account(decisions(flips, [price] * 10, side_cost=side_cost)), PIP)

    assert found["gross"] == 0.0
    assert found["net"] == pytest.approx(-n_round_trips * spread / price, rel=1e-12)
    assert found["n_round_trips"] == n_round_trips
    assert found["paid_pips"] == pytest.approx(2.0)


def test_constant_price_loses_exactly_the_profiled_spread_a_round_trip(make_forecasts):
    """The profile is charged through the whole policy: n round trips lose n spreads and nothing else."""
    n_round_trips, spread = 6, 0.0003
    rows = make_forecasts(
        n_rows=2 * n_round_trips, horizons=(1,), n_folds=1, baselines=(), has_spread=False, bar_std=0.0
    )
    rows = rows.filter(segment="out_of_sample").with_columns(mean=pl.Series([0.01, 0.0] * n_round_trips))
    profile = pl.DataFrame({"hour_of_week": range(120), "spread": [spread] * 120, "n_candles": [60] * 120})
    costs = CostModel(assumed_spread_pips=50.0, commission_pips=0.0, slippage_pips=0.0)

    figures, _ = trade(rows, costs, PIP, profile)

    (found,) = figures.iter_rows(named=True)
    assert found["n_round_trips"] == n_round_trips
    assert found["net"] == pytest.approx(-n_round_trips * spread / rows["price"][0], rel=1e-12)
    assert found["paid_pips"] == pytest.approx(3.0)
    assert (found["measured_spread_fraction"], found["profiled_spread_fraction"]) == (0.0, 1.0)
    assert cost_hurdle(rows, costs, PIP, profile)["round_trip_pips"] == pytest.approx(3.0)


def test_a_position_earns_from_its_fill_to_the_next_and_is_closed_at_the_end():
    found = account(decisions([1, -1, 1], [1.0, 1.1, 1.05]))

    assert found["position"].to_list() == [1.0, -1.0, 0.0]
    assert found["traded"].to_list() == [1.0, 2.0, 1.0]
    expected = [math.log(1.1), -math.log(1.05 / 1.1), 0.0]
    assert found["gross"].to_list() == pytest.approx(expected, rel=1e-12)


def test_net_is_gross_less_cost_in_every_row_and_in_total():
    rng = np.random.default_rng(0)
    prices = np.exp(np.cumsum(0.001 * rng.normal(size=200)))
    found = account(decisions(rng.integers(-1, 2, 200), prices))

    assert (found["net"] == found["gross"] - found["cost"]).all()
    total = found["gross"].sum() - found["cost"].sum()
    assert found["net_cumulative"][-1] == pytest.approx(total, abs=1e-14)


def test_doubled_costs_double_the_gap_and_no_costs_close_it():
    positions, prices = [1, 0, -1, 1, 0], [1.0, 1.01, 0.99, 1.02, 1.0]
    gaps = []
    for side_cost in (0.0, 1e-4, 2e-4):
        found = account(decisions(positions, prices, side_cost=side_cost))
        gaps.append(found["gross"].sum() - found["net"].sum())

    assert gaps[0] == 0.0
    assert gaps[2] == pytest.approx(2.0 * gaps[1], rel=1e-12)


def test_reversed_signals_negate_gross_exactly_and_costs_never():
    rng = np.random.default_rng(1)
    positions, prices = rng.integers(-1, 2, 100), np.exp(np.cumsum(0.01 * rng.normal(size=100)))

    found, reversed_ = account(decisions(positions, prices)), account(decisions(-positions, prices))

    assert (found["gross"] == -reversed_["gross"]).all()
    assert (found["cost"] == reversed_["cost"]).all()


def test_random_signals_lose_their_average_cost_a_round_trip():
    rng = np.random.default_rng(2)
    n = 20_000
    prices = np.exp(np.cumsum(1e-4 * rng.normal(size=n)))

    found = account_figures(account(decisions(rng.choice([-1, 1], n), prices)), PIP)

    per_round_trip = found["net"] / found["n_round_trips"]
    standard_error = 1e-4 * math.sqrt(n) / found["n_round_trips"]
    assert abs(per_round_trip + 2e-4) < 4.0 * standard_error


def test_a_delay_removes_a_planted_one_bar_edge():
    rng = np.random.default_rng(3)
    returns = 0.001 * rng.normal(size=2000)
    prices = np.exp(np.concatenate([[0.0], np.cumsum(returns[:-1])]))
    known = decisions(np.sign(returns), prices, side_cost=0.0)

    gain, late = account(known)["gross"].sum(), account(delayed(known))["gross"].sum()

    assert gain > 1.0
    assert abs(late) < 4.0 * 0.001 * math.sqrt(2000)


def test_gaps_between_folds_are_never_held():
    prices = [1.0, 1.0, 2.0, 2.0]

    found = account(decisions([1, 1, 1, 1], prices, folds=[0, 0, 1, 1]))

    assert found["gross"].to_list() == [0.0, 0.0, 0.0, 0.0]
    assert found["traded"].to_list() == [1.0, 1.0, 1.0, 1.0]


def test_a_decision_that_cannot_be_filled_is_left_out():
    found = account(decisions([1, 1, 1], [1.0, 1.1, None]))

    assert found.height == 2
    assert found["position"].to_list() == [1.0, 0.0]


def test_no_trade_gives_zero_results_and_undefined_ratios():
    found = account_figures(account(decisions([0] * 48, [1.0] * 48)), PIP)

    assert (found["net"], found["n_round_trips"], found["max_drawdown"]) == (0.0, 0.0, 0.0)
    assert math.isnan(found["break_even_pips"])
    assert math.isnan(found["sharpe_annual"])


def test_break_even_is_the_cost_at_which_net_is_zero():
    positions, prices = [1, 0, 1, 0], [1.0, 1.001, 1.0, 1.002]
    even = account_figures(account(decisions(positions, prices)), PIP)["break_even_pips"]
    costs = even * PIP / 2.0 / pl.Series(prices)

    fills = account(decisions(positions, prices).with_columns(side_cost=costs))

    assert fills["net"].sum() == pytest.approx(0.0, abs=1e-15)


def test_drawdown_counts_a_loss_from_the_first_trade():
    found = account_figures(account(decisions([1, 0], [1.0, 0.9], side_cost=0.0)), PIP)

    assert found["max_drawdown"] == pytest.approx(-math.log(0.9))


def test_days_a_year_are_those_of_the_data_and_daily_returns_sum_to_the_total():
    hours = [START + dt.timedelta(hours=k) for k in range(24 * 364)]
    micros = np.array([int(h.timestamp()) * 1_000_000 for h in hours])
    opened = is_open(micros)
    rng = np.random.default_rng(4)
    n = int(opened.sum())
    fills = pl.DataFrame(
        {
            "fill_ts_utc": pl.Series(micros[opened]).cast(pl.Datetime("us", "UTC")),
            "net": 0.001 * rng.normal(size=n),
            "traded": np.ones(n),
        }
    )

    found = daily_figures(fills)

    assert 258 <= found["n_days"] <= 261
    assert found["days_per_year"] == pytest.approx(261, abs=2)
    assert found["turnover_per_day"] * found["n_days"] == pytest.approx(n)
    assert found["sharpe_low"] < found["sharpe_annual"] < found["sharpe_high"]


def test_models_are_traded_apart_and_their_order_does_not_matter(make_forecasts):
    forecasts = make_forecasts(skill=0.3, n_rows=300, horizons=(4,), models=("a", "b"))

    figures, equity = trade(forecasts, CostModel(), PIP)
    shuffled, _ = trade(forecasts.sample(fraction=1.0, shuffle=True, seed=0), CostModel(), PIP)

    assert figures.equals(shuffled, null_equal=True)
    assert equity.group_by("model").len()["len"].n_unique() == 1


def test_hurdle_is_the_table_of_the_design(make_forecasts):
    forecasts = make_forecasts(n_rows=1000, horizons=(1,))
    costs = CostModel(spread_pips=1.0, commission_pips=0.0, slippage_pips=0.0)

    hurdle = cost_hurdle(forecasts, costs, PIP)

    assert hurdle["round_trip_pips"] == pytest.approx(1.0, rel=1e-9)
    # In log returns rather than pips, hence the tolerance.
    assert hurdle["hit_rate"] == pytest.approx(0.5 + 1.0 / (2.0 * hurdle["mean_move_pips"]), rel=1e-3)
