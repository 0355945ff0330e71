"""The policy trades only what is worth its cost, and costs are charged as stated."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from forecast_pipeline.backtests.positions import (
    CostModel,
    describe_spread,
    target_positions,
    trading_costs,
)

PIP = 0.0001


def side_costs(spreads, costs, price=1.25):
    quotes = pl.DataFrame({"price": [price] * len(spreads), "spread": spreads}, schema_overrides={"spread": pl.Float64})
    return trading_costs(quotes, costs, PIP)


def test_measured_spread_is_charged_where_there_is_one_and_the_assumed_one_elsewhere():
    priced = side_costs([0.0003, None, float("nan"), -0.0002], CostModel(assumed_spread_pips=2.0))

    assert priced["is_spread_measured"].to_list() == [True, False, False, False]
    expected = [(half + 0.2) * PIP / 1.25 for half in (1.5, 1.0, 1.0, 1.0)]
    assert priced["side_cost"].to_list() == pytest.approx(expected, rel=1e-12)


def test_a_fixed_spread_overrides_the_measured_one_and_is_not_called_measured():
    priced = side_costs([0.0003], CostModel(spread_pips=0.0, commission_pips=0.0, slippage_pips=0.0))

    assert priced["side_cost"].to_list() == [0.0]
    assert priced["is_spread_measured"].to_list() == [False]


def test_a_move_that_only_just_pays_is_not_traded():
    frame = pl.DataFrame({"mean": [2e-4, 2.01e-4, -2.01e-4, 0.0], "side_cost": [1e-4] * 4})

    assert target_positions(frame, CostModel())["position"].to_list() == [0.0, 1.0, -1.0, 0.0]


def test_a_wider_neutral_band_never_adds_a_position():
    frame = pl.DataFrame({"mean": [k * 1e-5 for k in range(-50, 50)], "side_cost": [1e-4] * 100})
    held = [
        target_positions(frame, CostModel(no_trade_multiple=k))["position"].abs().sum() for k in (0.0, 0.5, 1.0, 2.0)
    ]

    assert held == sorted(held, reverse=True)


@pytest.mark.parametrize(
    ("fraction", "costs", "words"),
    [
        (1.0, CostModel(), "measured at every decision"),
        (0.5, CostModel(), "measured at 50.0 % of decisions, modelled as 1 pips elsewhere"),
        (0.0, CostModel(), "modelled: 1 pips everywhere"),
        (1.0, CostModel(spread_pips=0.5), "fixed by the cost model"),
    ],
    ids=["measured", "part", "none", "fixed"],
)
def test_the_reader_is_told_how_the_spread_was_had(fraction, costs, words):
    assert words in describe_spread(fraction, costs)


def test_a_negative_cost_is_refused():
    with pytest.raises(ValidationError):
        CostModel(slippage_pips=-0.1)
