"""The money report fills the page's contract, finds edges and only edges, and survives empty and constant inputs."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests.page.evidence import TradingEvidence
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.trading.hurdle import hurdle_table
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.backtests.trading.report import trade_report
from forecast_pipeline.backtests.trading.spread import profile_before_test
from forecast_pipeline.backtests.verdict import cost_light

QUICK = TradingParameters(n_null_draws=40, n_bootstraps=50)
PIP = 1e-4


def out_of_sample(make_forecasts, **settings):
    return make_forecasts(**{"horizons": (4,), "n_rows": 600} | settings).filter(segment="out_of_sample")


def report(forecasts, costs=None, parameters=QUICK, *, symbol="EURUSD", pip=PIP, **settings):
    settings = {"headline_model": "ridge", "seed": 7} | settings
    return trade_report(forecasts, costs or CostModel(), parameters, pip=pip, symbol=symbol, **settings)


def numbers(found):
    """Every float of a report, with where it stands."""
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        if isinstance(value, pl.DataFrame):
            for column in value.select(pl.selectors.float()).iter_columns():
                yield from ((f"{field.name}.{column.name}", each) for each in column.drop_nulls().to_list())


DEGENERATE = {
    "no trade": lambda rows: rows.with_columns(mean=0.0),
    "one day": lambda rows: rows.filter(pl.col("issued_at_utc").rank("dense") <= 8),
    "one decision": lambda rows: rows.filter(pl.col("issued_at_utc").rank("dense") == 1),
    "no fill": lambda rows: rows.with_columns(fill_price=pl.lit(None, pl.Float64)),
    "headline without fill": lambda rows: rows.with_columns(
        fill_price=pl.when(pl.col("model") == "ridge").then(None).otherwise("fill_price")
    ),
    "no spread": lambda rows: rows.with_columns(spread=pl.lit(float("nan"))),
    "crossed": lambda rows: rows.with_columns(spread=-0.001),
    "constant price": lambda rows: rows.with_columns(price=1.1, fill_price=1.1, outcome=0.0),
    "equal forecasts": lambda rows: rows.with_columns(mean=0.01),
    "no forecast": lambda rows: rows.with_columns(mean=float("nan"), scale=float("nan")),
    "no risk": lambda rows: rows.with_columns(scale=0.0, mean=0.01),
}


@pytest.mark.parametrize("symbol", ["EURUSD", "USDJPY", "EURGBP", ""])
@pytest.mark.parametrize("name", list(DEGENERATE))
def test_poor_inputs_give_a_whole_report_without_infinities(make_forecasts, name, symbol):
    rows = DEGENERATE[name](out_of_sample(make_forecasts, n_rows=200))

    found = report(rows, parameters=QUICK.model_copy(update={"n_null_draws": 5}), symbol=symbol)

    assert not [where for where, value in numbers(found) if math.isinf(value)]
    TradingEvidence.of(found)
    assert cost_light(found.economics.row(0, named=True)).colour in {"green", "amber", "red"}


def test_the_page_gets_every_part_of_its_contract(make_forecasts):
    evidence = TradingEvidence.of(report(out_of_sample(make_forecasts, skill=0.2)))

    assert [each.name for each in dataclasses.fields(evidence) if getattr(evidence, each.name) is None] == []
    assert evidence.by_hour["hour_of_week"].to_list() == list(range(120))


def test_a_planted_edge_is_found_and_stands_out_of_the_shuffled_ones(make_forecasts):
    found = report(out_of_sample(make_forecasts, skill=0.25, n_rows=1500))

    row = found.economics.row(by_predicate=pl.col("model") == "ridge", named=True)
    assert row["net"] > 0.0
    assert row["sharpe_low"] > 0.0
    assert found.null_percentile == 1.0
    assert row["cost_cover"] == pytest.approx(row["break_even_pips"] / row["paid_pips"])
    assert found.references.filter(reference="buy and hold")["net"][0] < row["net"]


def test_a_random_walk_never_turns_the_cost_light_green(make_forecasts):
    colours = []
    for seed in range(20):
        rows = out_of_sample(make_forecasts, n_rows=400, seed=seed, noise=0.8, baselines=())
        found = report(rows, parameters=QUICK.model_copy(update={"n_null_draws": 1, "n_bootstraps": 0}))
        colours.append(cost_light(found.economics.row(0, named=True)).colour)

    assert colours.count("green") <= 1


def test_random_signals_lose_their_average_cost_a_round_trip(make_forecasts):
    found = report(out_of_sample(make_forecasts, n_rows=4000, noise=2.0, horizons=(1,), seed=11, baselines=()))

    row = found.economics.row(0, named=True)
    pips = dict(found.waterfall.select("item", "pips_per_round_trip").iter_rows())
    standard_error = 11.0 * math.sqrt(row["n_decisions"]) / row["n_round_trips"]  # 11 pips a bar held
    assert abs(pips["net"] + row["paid_pips"]) < 4.0 * standard_error
    assert row["paid_pips"] == pytest.approx(1.4, rel=1e-6)


def test_one_decision_of_delay_does_not_help_noise_and_removes_a_one_bar_edge(make_forecasts):
    edge = report(out_of_sample(make_forecasts, skill=0.3, n_rows=2000, horizons=(1,), baselines=())).delay_curve
    noise = report(out_of_sample(make_forecasts, n_rows=2000, horizons=(1,), noise=0.8, baselines=())).delay_curve

    assert edge["net"][0] > 0.1
    assert edge["net"][1] < 0.0
    # Four standard errors of the difference of two paths of independent bars.
    assert abs(noise["net"][1] - noise["net"][0]) < 4.0 * 0.001 * math.sqrt(2 * 2000)


def test_order_of_rows_and_other_models_change_nothing(make_forecasts):
    rows = out_of_sample(make_forecasts, models=("ridge", "forest"), noise=0.8)
    found, shuffled = report(rows), report(rows.sample(fraction=1.0, shuffle=True, seed=3))
    alone = report(rows.filter(model="ridge"))

    for field in dataclasses.fields(found):
        value, other = getattr(found, field.name), getattr(shuffled, field.name)
        assert value.equals(other) if isinstance(value, pl.DataFrame) else value == other, field.name
    assert alone.economics.row(0) == found.economics.row(by_predicate=pl.col("model") == "ridge")
    assert alone.null.equals(found.null)


def test_later_folds_change_nothing_in_earlier_ones(make_forecasts):
    rows = out_of_sample(make_forecasts, noise=0.8, n_folds=3, baselines=())
    early = report(rows.filter(pl.col("fold") < 2)).equity
    whole = report(rows).equity

    assert early.equals(whole.head(early.height))


def test_the_waterfall_and_the_economics_are_one_identity(make_forecasts):
    swapped = QUICK.model_copy(update={"base_rate_annual": 0.05, "quote_rate_annual": 0.01})
    rows = out_of_sample(make_forecasts, noise=0.8)
    rows = rows.with_columns(pl.col("price", "fill_price") * 100.0, pl.col("spread") * 100.0)
    found = report(rows, parameters=swapped, symbol="USDJPY", pip=0.01)

    row = found.economics.row(by_predicate=pl.col("model") == "ridge", named=True)
    costs = row["half_spread"] + row["slippage"] + row["commission"] + row["conversion"]
    assert row["cost"] == pytest.approx(costs, abs=1e-15)
    assert row["net"] == pytest.approx(row["gross"] - costs + row["swap"], abs=1e-14)
    for column in ("pips_per_round_trip", "fraction_of_capital"):
        values = found.waterfall[column].to_list()
        assert values[-1] == pytest.approx(sum(values[:-1]), abs=1e-12)
    own = found.daily_net.filter(model="ridge")["net"]
    assert own.sum() == pytest.approx(row["net"], abs=1e-13)
    assert found.equity.filter(model="ridge")["net_cumulative"][-1] == pytest.approx(row["net"], abs=1e-13)
    assert row["conversion"] > 0.0


def test_what_is_not_modelled_is_said_and_never_a_silent_zero(make_forecasts):
    found = report(out_of_sample(make_forecasts, noise=0.8), symbol="EURGBP")

    assert found.economics["swap"].to_list() == [None] * 3
    assert found.economics["conversion"].to_list() == [None] * 3
    items = dict(found.waterfall.select("item", "fraction_of_capital").iter_rows())
    assert items["swap (not modelled)"] is None
    assert items["conversion (not modelled)"] is None
    text = "; ".join(found.not_modelled)
    assert "swap" in text
    assert "conversion of GBP into USD" in text


def test_the_cost_curve_crosses_zero_at_the_cost_cover(make_forecasts):
    found = report(out_of_sample(make_forecasts, skill=0.2, n_rows=1500, baselines=()))
    cover = found.economics["cost_cover"][0]

    net = dict(found.cost_curve.select("multiplier", "net").iter_rows())

    assert net[0.0] == pytest.approx(found.economics["gross"][0])
    assert net[2.0] == found.economics["net_at_double_cost"][0]
    assert found.delay_curve["net"].to_list()[:2] == [found.economics[name][0] for name in ("net", "net_delayed")]
    zero = net[0.0] + cover * (net[1.0] - net[0.0])
    assert zero == pytest.approx(0.0, abs=1e-12)
    assert found.cost_curve["net"].is_sorted(descending=True)


def test_a_better_standard_deviation_is_worth_something_at_equal_turnover(make_forecasts):
    rows = out_of_sample(make_forecasts, skill=0.2, n_rows=3000, horizons=(1,), baselines=(), seed=2)
    # Every second day is four times as volatile, known to the model and not to the scale.
    is_wild = (pl.col("issued_at_utc").dt.ordinal_day() % 2) == 0
    rows = rows.with_columns(sd=pl.when(is_wild).then(0.004).otherwise(0.001))
    returns = rows["outcome"].to_numpy() * np.where(rows.select(is_wild).to_series(), 4.0, 1.0)
    price = 1.1 * np.exp(np.concatenate([[0.0], np.cumsum(returns[:-1])]))
    rows = rows.with_columns(price=price, fill_price=price, outcome=returns)

    sizing = report(rows, CostModel(no_trade_multiple=0.0)).sizing

    assert sizing["sizing"].to_list()[1] == "by the model's standard deviation"
    assert sizing["n_round_trips"].to_numpy() == pytest.approx(sizing["n_round_trips"][0], rel=1e-9)
    assert sizing["sharpe"][1] > sizing["sharpe"][0]


def test_the_hurdle_is_the_table_of_the_design_at_every_horizon(make_forecasts):
    forecasts = make_forecasts(horizons=(1, 4), n_rows=1000)
    costs = CostModel(spread_pips=1.0, commission_pips=0.0, slippage_pips=0.0)
    free = TradingParameters(slippage_multiple=0.0)

    found = hurdle_table(forecasts, costs, free, pip=PIP, symbol="EURUSD")

    assert found["horizon_bars"].to_list() == [1, 4]
    assert found["round_trip_pips"].to_list() == pytest.approx([1.0, 1.0])
    expected = [0.5 + 1.0 / (2.0 * move) for move in found["mean_move_pips"]]
    assert found["hit_rate_needed"].to_list() == pytest.approx(expected, rel=1e-2)  # in log returns, not pips
    needed = [1.0 / (std * math.sqrt(2.0 / math.pi)) for std in found["sd_pips"]]
    assert found["ic_needed"].to_list() == pytest.approx(needed, rel=2e-2)


def test_the_usual_spread_knows_nothing_of_the_test(make_forecasts):
    rows = make_forecasts(n_rows=300, horizons=(1,))
    cut = rows["issued_at_utc"].unique().sort()[150]
    in_test = pl.col("issued_at_utc") >= cut
    rows = rows.with_columns(segment=pl.when(in_test).then(pl.lit("out_of_sample")).otherwise(pl.lit("in_sample")))

    profile = profile_before_test(rows)
    changed = profile_before_test(rows.with_columns(spread=pl.when(in_test).then(1.0).otherwise("spread")))

    assert profile.equals(changed)
    assert profile["spread"].drop_nans().to_list() == pytest.approx([0.0001] * profile["spread"].drop_nans().len())
    assert profile["n_candles"].sum() == 150
    assert profile_before_test(rows.with_columns(spread=pl.lit(None, pl.Float64))) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"headline_model": "oracle"}, "must be one of the models traded, was 'oracle'"),
        ({"horizons": (1, 4)}, r"must be of one horizon, was \[1, 4\]"),
    ],
)
def test_what_cannot_be_traded_is_refused(make_forecasts, change, message):
    rows = out_of_sample(make_forecasts, horizons=change.get("horizons", (4,)), n_rows=50)

    with pytest.raises(ValueError, match=message):
        report(rows, headline_model=change.get("headline_model", "ridge"))
