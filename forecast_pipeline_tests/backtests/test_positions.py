"""The policy trades only what is worth its cost, and costs are charged as stated."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from pydantic import ValidationError

from forecast_pipeline.backtests.positions import (
    CostModel,
    describe_spread,
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
    assert priced["charged_spread"].to_list() == pytest.approx([0.0003, 0.0002, 0.0002, 0.0002], rel=1e-12)


def test_a_fixed_spread_overrides_the_measured_one_and_is_not_called_measured():
    priced = side_costs([0.0003], CostModel(spread_pips=0.0, commission_pips=0.0, slippage_pips=0.0))

    assert priced["side_cost"].to_list() == [0.0]
    assert priced["is_spread_measured"].to_list() == [False]


def profile_of(**spreads):
    """Profile that knows the hours ``h<number>`` only."""
    known = {int(name[1:]): value for name, value in spreads.items()}
    spread = [known.get(hour, float("nan")) for hour in range(120)]
    return pl.DataFrame({"hour_of_week": range(120), "spread": spread, "n_candles": [1] * 120})


def priced_by_hour(profile, spreads, hours, costs):
    """Decisions at UTC hours after Sunday 7 January 2024, 17:00 New York."""
    opens = dt.datetime(2024, 1, 7, 22, tzinfo=dt.UTC)
    issued = [opens + dt.timedelta(hours=hour) for hour in hours]
    quotes = pl.DataFrame(
        {"issued_at_utc": issued, "price": [1.25] * len(hours), "spread": spreads},
        schema_overrides={"spread": pl.Float64},
    )
    return trading_costs(quotes, costs, PIP, profile)


def test_the_measured_spread_comes_first_then_the_profile_of_the_hour_then_the_assumed_one():
    profile = profile_of(h0=0.0008, h1=0.0004, h2=-0.0001)
    costs = CostModel(assumed_spread_pips=2.0, commission_pips=0.0, slippage_pips=0.0)

    # Hour 120 is the close of Friday: its order is filled when the next week opens.
    priced = priced_by_hour(profile, [0.0003, None, float("nan"), None, None, None], [0, 0, 1, 2, 3, 120], costs)

    pips = (priced["side_cost"] * 2.0 * priced["price"] / PIP).to_list()
    assert pips == pytest.approx([3.0, 8.0, 4.0, 2.0, 2.0, 8.0], rel=1e-12)
    assert priced["is_spread_measured"].to_list() == [True, False, False, False, False, False]
    assert priced["is_spread_profiled"].to_list() == [False, True, True, False, False, True]


def test_a_fixed_spread_overrides_the_profile():
    priced = priced_by_hour(profile_of(h0=0.0008), [None], [0], CostModel(spread_pips=1.0, commission_pips=0.0))

    assert priced["is_spread_profiled"].to_list() == [False]
    assert priced["side_cost"][0] * 1.25 / PIP == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("measured", "profiled", "costs", "words"),
    [
        (1.0, 0.0, CostModel(), "measured at every decision"),
        (0.5, 0.0, CostModel(), "measured at 50.0 %, assumed to be 1 pips at 50.0 % of decisions"),
        (
            0.5,
            0.4999,
            CostModel(),
            (
                "measured at 50.0 %, modelled by the symbol's usual spread of the hour of the week at 50.0 %, "
                "assumed to be 1 pips at under 0.1 % of decisions"
            ),
        ),
        (
            0.0,
            1.0,
            CostModel(),
            "modelled by the symbol's usual spread of the hour of the week at 100.0 % of decisions",
        ),
        (0.0, 0.0, CostModel(), "modelled: 1 pips everywhere, no spread was measured"),
        (0.0, 0.0, CostModel(spread_pips=0.5), "fixed by the cost model: 0.5 pips everywhere"),
    ],
    ids=["measured", "part", "three ways", "profiled", "none", "fixed"],
)
def test_the_reader_is_told_how_the_spread_was_had(measured, profiled, costs, words):
    assert describe_spread(measured, profiled, costs) == words


def test_a_negative_cost_is_refused():
    with pytest.raises(ValidationError):
        CostModel(slippage_pips=-0.1)
