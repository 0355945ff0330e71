"""The report is published with every number that its page shows, names its upstream, and is the same every time."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.report import build_report, report_numbers
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import find, frame_writer, publish
from forecast_pipeline.core.timeframe import Timeframe


@pytest.fixture(scope="module")
def built(tmp_path_factory, make_forecasts, facts):
    home = Home(tmp_path_factory.mktemp("home"))
    folder = home.reports("EURUSD", Timeframe.H1)
    forecasts = make_forecasts(skill=0.4, n_rows=400)
    source = publish(folder, "out_of_sample", {".parquet": frame_writer(forecasts)}, facts)
    return home, source, build_report(home, "EURUSD", Timeframe.H1)


def test_publishes_every_file_and_names_its_upstream(built):
    home, source, published = built

    tables = ("scores", "comparisons", "folds", "samples", "economics", "equity", "calibration", "model_set", "trials")
    assert {".html", ".json", ".preview.png", *(f".{name}.parquet" for name in tables)} <= set(published.card["files"])
    curves = {suffix for suffix in published.card["files"] if suffix.startswith(".curve_")}
    assert len(curves) == 6  # no figure without its data
    assert published.card["upstream"] == {"out_of_sample": source.sha256}
    assert published.card["lights"]["Skill"] == "green"
    copy = home.reports("EURUSD", Timeframe.H1) / "report.html"
    assert copy.read_bytes() == published.read_bytes(".html")
    assert source.sha256 in copy.read_text()
    image = published.read_bytes(".preview.png")
    assert image.startswith(b"\x89PNG")
    assert len(image) < 100_000


def test_building_again_changes_no_byte(built):
    home, _, published = built

    again = build_report(home, "EURUSD", Timeframe.H1)

    assert again.card == published.card
    assert find(published.folder, "report") == published


def test_numbers_recomputed_from_the_parquet_equal_the_report(built):
    _, source, published = built
    numbers = json.loads(published.read_bytes(".json"))
    rows = source.read_frame().filter(segment="out_of_sample")

    for score in numbers["scores"]:
        mine = rows.filter(model=score["model"], horizon_bars=score["horizon_bars"])
        error = mine["outcome"] - mine["mean"]
        assert score["crps_bps"] == pytest.approx(1e4 * mine["crps"].mean(), rel=1e-9)
        assert score["rmse_bps"] == pytest.approx(1e4 * math.sqrt((error**2).mean()), rel=1e-9)
        assert score["r2"] == pytest.approx(1 - (error**2).sum() / (mine["outcome"] ** 2).sum(), abs=1e-9)
    for result in numbers["economics"]:
        assert result["net"] == pytest.approx(loop_net(rows, result["model"]), abs=1e-9)
    equity = published.read_frame(".equity.parquet")
    for (model,), fills in equity.partition_by("model", as_dict=True).items():
        result = next(r for r in numbers["economics"] if r["model"] == model)
        last = fills.row(-1, named=True)
        costs = sum(last[f"{item}_cumulative"] for item in ("half_spread", "slippage", "commission", "conversion"))
        assert last["net_cumulative"] == pytest.approx(result["net"], abs=1e-9)
        assert last["gross_cumulative"] - costs + last["swap_cumulative"] == pytest.approx(result["net"], abs=1e-9)


def loop_net(rows, model):
    """The policy once more, decision by decision: four tranches of one hour each, sized by the stated risk."""
    mine = rows.filter(model=model, horizon_bars=4).sort("fold", "issued_at_utc")
    capital = rows.filter(horizon_bars=4).sort("fill_ts_utc")["fill_price"][0]
    pip, minutes, year = 0.0001, 240.0, 7200 * 365.25 / 7
    net, held, tranches, price = 0.0, 0.0, [], None
    decisions = list(mine.iter_rows(named=True))
    for k, row in enumerate(decisions):
        is_last = k + 1 == len(decisions) or decisions[k + 1]["fold"] != row["fold"]
        slip = max(0.1 * pip, 0.25 * row["scale"] * math.sqrt(1.0 / (60.0 * minutes)) * row["price"])
        side = row["spread"] / 2 + slip + 0.1 * pip
        size = min(0.10 / (row["sd"] * math.sqrt(year / minutes)), 1.0)
        signal = math.copysign(size, row["mean"]) if abs(row["mean"]) > 2 * side / row["price"] else 0.0
        net += held * (row["fill_price"] - price) if price is not None else 0.0
        tranches = [each for each in tranches if each[0] > row["issued_at_utc"]] + [(row["target_ts_utc"], signal / 4)]
        wanted = 0.0 if is_last else round(sum(share for _, share in tranches), 10)
        net -= abs(wanted - held) * side
        held, price = wanted, row["fill_price"]
        if is_last:
            tranches, price = [], None
    return net / capital


def test_costs_come_from_the_call_then_the_card_then_the_defaults(tmp_path, make_forecasts, facts):
    home = Home(tmp_path)
    folder = home.reports("EURUSD", Timeframe.H1)
    writer = {".parquet": frame_writer(make_forecasts(n_rows=60))}
    publish(folder, "out_of_sample", writer, facts | {"costs": {"spread_pips": 3.0}})

    recorded = build_report(home, "EURUSD", Timeframe.H1)
    asked = build_report(home, "EURUSD", Timeframe.H1, CostModel(spread_pips=2.0))

    assert recorded.card["costs"]["spread_pips"] == 3.0
    assert asked.card["costs"]["spread_pips"] == 2.0


def test_missing_forecasts_are_named(tmp_path):
    with pytest.raises(MissingData, match="out-of-sample forecasts of EURUSD 1h"):
        build_report(Home(tmp_path), "EURUSD", Timeframe.H1)


def test_undefined_numbers_are_null_in_the_json(make_forecasts, facts):
    numbers = report_numbers(summarise(make_forecasts(bar_std=0.0, n_rows=50), facts, CostModel()), facts)

    text = json.dumps(numbers, allow_nan=False)

    assert json.loads(text)["scores"][0]["r2"] is None


def test_the_lead_model_of_a_jpy_pair_is_charged_in_its_own_pip(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=60, has_spread=False).with_columns(pl.col("price", "fill_price") * 100.0)

    summary = summarise(forecasts, facts | {"symbol": "USDJPY"}, CostModel())

    assert summary.verdict.cost_hurdle["round_trip_pips"] == pytest.approx(1.4, rel=1e-9)
