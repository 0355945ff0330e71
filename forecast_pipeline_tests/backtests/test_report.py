"""The page renders whatever the data lack, says so, never moves a number, and is the same every time."""

from __future__ import annotations

import html.parser
import json
import math
import re

import polars as pl
import pytest

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.report import build_report, render_report, report_numbers
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import find, frame_writer, publish
from forecast_pipeline.core.timeframe import Timeframe

SECTIONS = (
    "Provenance",
    "Splits",
    "Point skill",
    "Probabilistic skill",
    "Model comparison",
    "Economics",
    "Leak suite",
    "What is not claimed",
)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(html.parser.HTMLParser):
    """Tags, attributes and text of a page; fails on a tag that is closed in the wrong place."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page_of(forecasts, facts, costs=None):
    summary = summarise(forecasts, facts, costs or CostModel())
    text = render_report(summary, facts)
    return text, Page(text)


CASES = {
    "plain": ({}, True, ()),
    "zero trades": ({"noise": 0.001}, True, ("made no trade", "none made a trade", "no trade was made")),
    "one fold": ({"n_folds": 1}, True, ("One fold only",)),
    "no spread": ({"has_spread": False}, True, ("modelled: 1 pips everywhere, no spread was measured",)),
    "single model": ({"models": ("ridge",), "baselines": ()}, True, ("no baseline to compare with",)),
    "only baselines": ({"models": ()}, True, ("no model besides baselines",)),
    "single horizon": ({"horizons": (1,)}, True, ()),
    "few rows": ({"n_rows": 12, "n_folds": 1}, True, ("independent outcomes", "undefined")),
    "one row": ({"n_rows": 2, "n_folds": 1, "horizons": (1,)}, True, ("independent outcomes",)),
    "constant outcomes": ({"bar_std": 0.0}, True, ("the outcomes do not vary",)),
    "no candles": ({}, True, ("Coverage is not recorded: no published candles of this symbol were found",)),
    "no facts": ({}, False, ("not recorded", "Fold plan: not recorded", "Not recorded: no leak test")),
}


@pytest.mark.parametrize("case", CASES)
def test_renders_and_says_what_is_missing(case, make_forecasts, facts):
    settings, has_facts, sentences = CASES[case]
    forecasts = make_forecasts(**({"n_rows": 240} | settings))

    text, page = page_of(forecasts, facts if has_facts else {})

    assert page.open == []
    assert [s for s in SECTIONS if s not in page.text] == []
    assert [s for s in sentences if s not in page.text] == []
    assert "nan" not in re.findall(r"[a-z]+", page.text)
    assert text.count("<svg") >= 8


def test_nothing_is_loaded_or_run(make_forecasts, facts):
    text, page = page_of(make_forecasts(n_rows=200), facts)

    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all(v.startswith("#") for n, v in page.attributes if n in ("href", "src", "xlink:href"))
    # Namespaces are names, not addresses that a browser fetches.
    assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}


def test_a_hostile_model_name_stays_text(make_forecasts, facts):
    name = "<script>alert(1)</script>&$x^2$_"
    hostile = facts | {
        "symbol": "<b>EUR",
        "sources": [{"name": "</dd><script>", "sha256": "x", "vendor": "<i>"}],
        "model_parameters": {name: {"a": "<script>"}},
        "fold_plan": [{"fold": "<script>", "train_start": "<script>"}],
    }

    text, page = page_of(make_forecasts(skill=0.2, n_rows=200, models=(name, "_hidden")), hostile)

    assert "<script" not in text
    assert not {"script", "b", "i"} & set(page.tags)
    assert name in page.text


def test_the_verdict_comes_before_any_table_or_figure(make_forecasts, facts):
    text, page = page_of(make_forecasts(n_rows=200), facts)

    assert page.tags.index("h1") < page.tags.index("table")
    assert text.index("strongest reason not to believe") < text.index("<svg")
    assert ("name", "viewport") in page.attributes
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_equal_input_gives_equal_bytes(make_forecasts, facts):
    forecasts = make_forecasts(skill=0.2, n_rows=200)

    first, _ = page_of(forecasts, facts)
    second, _ = page_of(forecasts.clone(), dict(facts))

    assert first == second


@pytest.fixture(scope="module")
def built(tmp_path_factory, make_forecasts, facts):
    home = Home(tmp_path_factory.mktemp("home"))
    folder = home.reports("EURUSD", Timeframe.H1)
    forecasts = make_forecasts(skill=0.4, n_rows=400)
    source = publish(folder, "out_of_sample", {".parquet": frame_writer(forecasts)}, facts)
    return home, source, build_report(home, "EURUSD", Timeframe.H1)


def test_publishes_every_file_and_names_its_upstream(built):
    home, source, published = built

    assert set(published.card["files"]) == {
        ".html",
        ".json",
        ".scores.parquet",
        ".folds.parquet",
        ".economics.parquet",
        ".equity.parquet",
        ".preview.png",
    }
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
        assert fills["net_cumulative"][-1] == pytest.approx(result["net"], abs=1e-9)


def loop_net(rows, model):
    """The policy once more, bar by bar."""
    net = 0.0
    mine = rows.filter(model=model, horizon_bars=4).sort("issued_at_utc")
    for _, fold in sorted(mine.partition_by("fold", as_dict=True).items()):
        position = 0.0
        bars = list(fold.iter_rows(named=True))
        for k, bar in enumerate(bars):
            side = (bar["spread"] / 2 + 0.2 * 0.0001) / bar["price"]
            wanted = math.copysign(1.0, bar["mean"]) if abs(bar["mean"]) > 2 * side else 0.0
            wanted = 0.0 if k == len(bars) - 1 else wanted
            net -= abs(wanted - position) * side
            position = wanted
            if k < len(bars) - 1:
                net += position * math.log(bars[k + 1]["fill_price"] / bar["fill_price"])
    return net


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
