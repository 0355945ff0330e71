"""Many reports together: every cell counts in the correction, no number moves, every link leads to its report."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import polars as pl
import pytest

from forecast_pipeline.backtests.comparison import CELLS, build_comparison, compare, read_comparison
from forecast_pipeline.core.errors import CorruptData, MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import frame_writer, publish
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline_tests.backtests.made_reports import publish_report
from forecast_pipeline_tests.backtests.page.read_page import Page

LAKE = {("USDJPY", "1h"): 0.0, ("EURUSD", "4h"): 0.0, ("EURUSD", "1h"): 0.35}
"""Skill planted in each report."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory, make_forecasts, facts):
    home = Home(tmp_path_factory.mktemp("home"))
    made = {
        key: publish_report(home, *key, make_forecasts(skill=skill, n_rows=300, seed=seed), facts)
        for seed, (key, skill) in enumerate(LAKE.items())
    }
    newer = make_forecasts(n_rows=60)
    publish(home.reports("EURUSD", Timeframe.H4), "out_of_sample", {".parquet": frame_writer(newer)}, facts)
    return home, made, build_comparison(home)


@pytest.fixture(scope="module")
def cells(lake):
    return lake[2].read_frame()


def test_every_model_and_horizon_of_every_report_is_a_cell_with_its_reports_numbers(lake, cells):
    _, made, _ = lake

    assert cells.columns == list(CELLS)
    assert cells.height == sum(summary.scores.height for _, summary in made.values())
    for (symbol, timeframe), (_, summary) in made.items():
        own = cells.filter(symbol=symbol, timeframe=timeframe)
        for name in ("crps_skill", "crps_skill_low", "dm_p_value", "coverage_90", "n_eff", "baseline"):
            theirs = summary.scores.sort("horizon_bars", "is_baseline", "model")[name]
            theirs = theirs.fill_nan(None) if theirs.dtype.is_float() else theirs
            assert own[name].equals(theirs, null_equal=True), name
        minutes = {"1h": 60, "4h": 240}[timeframe]
        assert own["horizon_minutes"].to_list() == [minutes * bars for bars in own["horizon_bars"]]


def test_money_stands_at_the_horizon_that_was_traded_and_nowhere_else(lake, cells):
    _, made, _ = lake

    for (symbol, timeframe), (_, summary) in made.items():
        own = cells.filter(symbol=symbol, timeframe=timeframe)
        assert own.filter(horizon_bars=1)["net"].is_null().all()
        traded = own.filter(horizon_bars=4).sort("model")
        assert traded["net"].to_list() == summary.economics.sort("model")["net"].to_list()


def test_p_values_are_corrected_over_all_cells_that_are_no_baselines(cells):
    tested = cells.filter(~pl.col("is_baseline")).sort("dm_p_value", descending=True)
    n, smallest, expected = tested.height, 1.0, []
    for place, p_value in enumerate(tested["dm_p_value"]):
        smallest = min(smallest, p_value * n / (n - place))
        expected.append(smallest)

    assert n == 6
    assert tested["bh_p_value"].to_list() == pytest.approx(expected, rel=1e-12)
    assert cells.filter("is_baseline")["bh_p_value"].is_null().all()


def test_skill_is_proven_where_it_was_planted_and_only_there(lake, cells):
    proven = cells.filter("is_proven").select("symbol", "timeframe", "horizon_bars", "model").rows()

    assert proven == [("EURUSD", "1h", 1, "ridge"), ("EURUSD", "1h", 4, "ridge")]
    assert lake[2].card["conclusion"] == "2 of 6 cells in 3 reports show skill after correction for all of them"
    assert lake[2].card["n_proven"] == 2


def test_a_significant_loss_is_no_skill(tmp_path, make_forecasts, facts):
    home = Home(tmp_path)
    publish_report(home, "EURUSD", "1h", make_forecasts(noise=0.9, n_rows=400), facts)

    cells = build_comparison(home).read_frame().filter(~pl.col("is_baseline"))

    assert (cells["bh_p_value"] < 0.05).any()
    assert (cells["crps_skill"] < 0.0).all()
    assert not cells["is_proven"].any()


def test_the_page_links_to_every_report_and_says_which_is_stale(lake):
    home, made, published = lake
    page = Page(published.read_bytes(".html").decode())
    folder = home.root / "reports"

    links = [unquote(value) for name, value in page.attributes if name == "href" and not value.startswith("#")]
    links = [link for link in links if link.endswith(".html")]
    assert links == ["EURUSD/1h/report.html", "EURUSD/4h/report.html", "USDJPY/1h/report.html"]
    assert all((folder / link).is_file() for link in links)
    assert (folder / "comparison.html").read_bytes() == published.read_bytes(".html")
    assert page.text.count("(older than its forecasts)") == 1
    (lights,) = [rows for caption, rows in page.tables.items() if "green light" in caption]
    assert lights[1][0] == "EURUSD 1h"
    for (symbol, timeframe), (report, _) in made.items():
        (row,) = [row for row in lights[1:] if row[0].startswith(f"{symbol} {timeframe}")]
        for name, colour in report.card["lights"].items():
            assert row[lights[0].index(name)] == colour


def test_the_page_loads_nothing_and_its_cells_equal_the_table(lake, cells):
    page = Page(lake[2].read_bytes(".html").decode())

    assert not {"script", "link", "img", "iframe", "image"} & set(page.tags)
    assert set(re.findall(r"https?://[\w.]+", page.html)) == {"http://www.w3.org"}
    assert len(page.figures) == 3
    (caption,) = [name for name in page.tables if "baselines stand among them" in name]
    shown = page.column(caption, "90 % covers", ("symbol", "timeframe", "horizon, bars", "model"))
    for row in cells.iter_rows(named=True):
        name = row["model"] + " (baseline)" * row["is_baseline"]
        cell = shown[row["symbol"], row["timeframe"], str(row["horizon_bars"]), name]
        assert float(cell.removesuffix(" %")) == pytest.approx(100.0 * row["coverage_90"], abs=0.051)


def test_the_json_holds_the_same_cells_and_the_verdicts(lake, cells):
    numbers = json.loads(lake[2].read_bytes(".json"))

    assert [cell["crps_skill"] for cell in numbers["cells"]] == cells["crps_skill"].to_list()
    assert [report["is_current"] for report in numbers["reports"]] == [True, False, True]
    assert numbers["conclusion"] == lake[2].card["conclusion"]


def test_building_again_changes_no_byte_and_the_order_of_reports_does_not_matter(lake):
    home, made, published = lake

    assert build_comparison(home).card == published.card
    assert read_comparison(home) == published
    reports = [report for report, _ in made.values()]
    one, other = compare(reports), compare(reports[::-1])
    assert one.cells.equals(other.cells, null_equal=True)
    assert one.reports == other.reports


def test_without_a_report_the_refusal_says_how_to_get_one(tmp_path):
    with pytest.raises(MissingData, match=r"must have at least one report.*forecast-pipeline build"):
        build_comparison(Home(tmp_path))
    with pytest.raises(MissingData, match="comparison of the reports must be built first"):
        read_comparison(Home(tmp_path))


def test_a_report_that_was_changed_is_refused(tmp_path, make_forecasts, facts):
    home = Home(tmp_path)
    report, _ = publish_report(home, "EURUSD", "1h", make_forecasts(n_rows=60), facts)
    report.path(".scores.parquet").write_bytes(b"something else")

    with pytest.raises(CorruptData, match="must have sha256"):
        build_comparison(home)


def test_a_report_without_baselines_has_cells_but_no_skill(tmp_path, make_forecasts, facts):
    home = Home(tmp_path)
    publish_report(home, "EURUSD", "1h", make_forecasts(n_rows=60, baselines=()), facts)

    published = build_comparison(home)

    assert published.read_frame()["crps_skill"].is_null().all()
    assert published.card["conclusion"] == "0 of 0 cells in 1 report show skill after correction for all of them"
    assert "no cell has a baseline to compare with" in published.read_bytes(".html").decode()
