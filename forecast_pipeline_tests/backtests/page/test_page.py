"""The page says everything that is known and names everything that is not, loads nothing, and never moves a number."""

from __future__ import annotations

import itertools
import math
import re
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from forecast_pipeline.backtests.page.drawing import COLOURS
from forecast_pipeline.backtests.page.evidence import Evidence
from forecast_pipeline.backtests.page.render import TITLES, render_page
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline_tests.backtests.page.read_page import Page
from forecast_pipeline_tests.backtests.page.synthetic_evidence import rich_evidence, rich_record

FIGURES = {
    "From vendor files to this report",
    "Observed share of the open session by day and hour",
    "Usual spread by hour of the week",
    "Tails of the moves",
    "Train and test of each fold, to scale",
    "Cumulative CRPS gain of each model over the best baseline",
    "CRPS skill of each model by fold",
    "CRPS skill against the horizon",
    "Skill in-sample against skill out-of-sample",
    "Histogram of PIT values",
    "Observed less stated probability of each quantile",
    "Rolling coverage of the 90 % interval",
    "Coverage by hour of the week",
    "Width of the 90 % interval against the horizon",
    "Coverage before and after the conformal layer",
    "Width of the conformal interval over time",
    *(f"Stated ranges and realised price, {day} day" for day in ("best", "median", "worst")),
    "CRPS skill against the best baseline with its 95 % interval",
    "Rank of each model by fold",
    "Out-of-sample rank of the in-sample best",
    "Deflated Sharpe ratio against the number of trials",
    "Recombined paths of combinatorial folds",
    "Regimes over time",
    "CRPS skill by regime",
    "Gain of choosing by regime",
    "Skill needed to pay the costs, by horizon",
    "Gross and net result",
    "Loss since the highest result",
    "From gross to net",
    "Result against the size of costs",
    "Result against the delay of a fill",
    "Result against the slippage assumed",
    "The same policy on shuffled forecasts",
    "Net result by month",
    "Net result by hour of the week",
    "Features by importance",
    "Drift between train and test",
    "Planted leaks and the tests that caught them",
    "Power to find planted skill",
}
"""Every figure of `design/report.md` that this page has, by the name that is read aloud."""

ALWAYS = {
    "From vendor files to this report",
    "Tails of the moves",
    "Cumulative CRPS gain of each model over the best baseline",
    "CRPS skill of each model by fold",
    "CRPS skill against the horizon",
    "Skill in-sample against skill out-of-sample",
    "Histogram of PIT values",
    "Observed less stated probability of each quantile",
    "Rolling coverage of the 90 % interval",
    "Width of the 90 % interval against the horizon",
    *(f"Stated ranges and realised price, {day} day" for day in ("best", "median", "worst")),
    "CRPS skill against the best baseline with its 95 % interval",
    "Rank of each model by fold",
    "Gross and net result",
    "Loss since the highest result",
}
"""Figures that follow from the forecasts alone."""

OTHER_WORDS = {
    "Observed share of the open session by day and hour": "Coverage by day and hour",
    "Train and test of each fold, to scale": "Fold plan",
}


def labels(page):
    return [re.search(r'aria-label="([^"]*)"', svg).group(1) for svg in page.figures]


def test_every_section_stands_in_its_place_whatever_is_known(rich, empty):
    for page in (rich, empty):
        anchors = re.findall(r'<section id="(\w+)"', page.html)
        assert anchors == list(TITLES)
        assert len(anchors) == 15  # thirteen, what is not claimed, and words
        assert [words for level, words in page.headings if level == 2] == list(TITLES.values())[1:]
        assert re.findall(r'<a href="#(\w+)"', page.html) == anchors[1:]


def test_everything_that_is_known_is_drawn_once(rich):
    assert sorted(labels(rich)) == sorted(FIGURES)


def test_whatever_is_not_known_is_named_as_missing(empty):
    assert set(labels(empty)) == ALWAYS
    unsaid = [name for name in FIGURES - ALWAYS if f"{OTHER_WORDS.get(name, name)}: not " not in empty.text]
    assert unsaid == []


@pytest.mark.parametrize(
    "line",
    [
        "Gaps: not recorded.",
        "Rows of each fold: not recorded.",
        "Intervals before and after the conformal layer: not recorded.",
        "Skill and coverage by hour of the week: not recorded.",
        "Model confidence set, superior predictive ability (SPA) and StepM: not recorded.",
        "Probability of backtest overfitting and deflated Sharpe ratio: not recorded.",
        "Ledger of trials: not recorded.",
        "Scores by regime: not recorded.",
        "Placebo of permuted regimes: not recorded.",
        "From gross to net: not modelled: parts of the costs.",
        "Usual spread by hour of the week: not modelled: no year of candles has ask prices.",
        "Missingness, warm-up and importance of the features: not recorded.",
        "Every planted leak: not recorded.",
        "Artefacts of each fold when the rows after its cut-off are replaced by garbage: not recorded.",
    ],
)
def test_a_missing_input_is_a_visible_line_that_goes_once_it_is_known(line, rich, empty):
    assert line in empty.text
    assert line not in rich.text


def test_no_number_is_shown_as_nan(rich, empty):
    for page in (rich, empty):
        assert not {"nan", "inf", "None"} & set(re.findall(r"[A-Za-z]+", page.text))


def test_nothing_is_loaded_or_run(rich):
    assert not {"script", "link", "img", "iframe", "object", "form", "image"} & set(rich.tags)
    assert not [name for name, _ in rich.attributes if name.startswith("on") or name == "src"]
    assert all(value.startswith("#") for name, value in rich.attributes if name in {"href", "xlink:href"})
    assert set(re.findall(r"url\((.)", rich.html)) == {"#"}
    assert "@import" not in rich.html
    # Namespaces are names, not addresses that a browser fetches.
    assert set(re.findall(r"https?://[\w.]+", rich.html)) == {"http://www.w3.org"}


def test_every_reference_inside_the_page_leads_to_exactly_one_place(rich):
    ids = [value for name, value in rich.attributes if name == "id"]
    wanted = set(re.findall(r'(?:href="|url\()#([\w-]+)', rich.html))

    assert len(ids) == len(set(ids))
    assert wanted <= set(ids)
    assert len(wanted) > 50


def test_figures_are_xml_with_a_title_and_take_their_text_colour_from_the_page(rich):
    for svg in rich.figures:
        root = ET.fromstring(svg)  # noqa: S314 - our own text
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title.text == root.attrib["aria-label"]
        assert root.attrib["role"] == "img"
        assert "width" not in root.attrib
        assert "currentColor" in svg
        assert "mathdefault" not in svg


def test_equal_arguments_give_equal_bytes(rich, summary, rich_facts):
    again = render_page(summary, dict(rich_facts), rich_record(), rich_evidence(summary.verdict.headline_model))

    assert again == rich.html


def test_a_hostile_name_stays_text(make_forecasts):
    name = "<script>alert(1)</script>&$x^2$_"
    summary = summarise(make_forecasts(skill=0.2, n_rows=120, models=(name, "_hidden")), {}, CostModel())
    hostile = {
        "symbol": "<b>EUR",
        "sources": [{"name": "</dd><script>", "sha256": "x", "vendor": "<i>"}],
        "model_parameters": {name: {"a": "<script>"}},
        "fold_plan": [{"fold": "<script>", "train_start": "<script>"}],
        "absent_features": {"<i>": "<b>"},
    }
    leak = {"mutant": name, "group": name, "description": name, "killed_by": "<b>, <i>", "is_killed": True}
    evidence = Evidence(leaks=pl.DataFrame([leak]), fold_invariance={"<b>": "<i>"})

    page = Page(render_page(summary, hostile, None, evidence))

    assert "<script" not in page.html
    assert not {"script", "b", "i"} & set(page.tags)
    assert name in page.text
    assert [svg for svg in page.figures if ET.fromstring(svg) is None] == []  # noqa: S314


def test_the_verdict_comes_first_and_headings_never_skip_a_level(rich):
    levels = [level for level, _ in rich.headings]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert rich.html.index("strongest reason not to believe") < rich.html.index("<svg")
    assert rich.tags.index("h1") < rich.tags.index("table")


def test_every_table_scrolls_in_its_own_box_and_has_a_caption_that_ends_in_a_full_stop(rich):
    boxes = rich.html.count('<div class="scroll" tabindex="0" role="region"')

    assert boxes == rich.tags.count("table")
    assert [caption for caption in rich.tables if not caption.endswith(".")] == []


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_series_stand_out_from_the_page(rich, theme):
    light, dark = re.findall(r":root \{(.*?)\}", rich.html, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w{6})", light if theme == "light" else dark))

    for name in ("ink", "soft", "green", "amber", "red"):
        assert min(contrast(colours[name], colours[ground]) for ground in ("page", "card")) >= 4.5, name
    for colour in COLOURS:
        assert contrast(colour, colours["page"]) >= 3.0, colour


def test_the_page_has_a_dark_and_a_printed_form(rich):
    assert "@media (prefers-color-scheme: dark)" in rich.html
    printed = rich.html[rich.html.index("@media print") :]
    assert "details::details-content" in printed[: printed.index("</style>")]
    assert ("name", "viewport") in rich.attributes


def value(cell):
    return float(cell.removesuffix(" %").split(" [")[0])


@pytest.mark.parametrize(
    ("caption", "head", "column", "factor", "digits"),
    [
        ("model and horizon pairs have an information", "MAE, bps", "mae_bps", 1.0, 3),
        ("model and horizon pairs have an information", "RMSE, bps", "rmse_bps", 1.0, 3),
        ("model and horizon pairs have an information", "R² vs zero", "r2", 100.0, 2),
        ("model and horizon pairs have an information", "n_eff", "n_eff", 1.0, 0),
        ("has the lowest CRPS", "CRPS, bps", "crps_bps", 1.0, 4),
        ("has the lowest CRPS", "90 % width, bps", "width_90_bps", 1.0, 2),
        ("The 90 % interval covers as stated", "90 % covers", "coverage_90", 100.0, 1),
        ("The 90 % interval covers as stated", "50 % covers", "coverage_50", 100.0, 1),
    ],
)
def test_score_cells_equal_the_frame(rich, summary, caption, head, column, factor, digits):
    (whole,) = [name for name in rich.tables if caption in name]
    cells = rich.column(whole, head, ("horizon, bars", "model"))

    assert len(cells) == summary.scores.height
    for row in summary.scores.iter_rows(named=True):
        name = f"{row['model']} (baseline)" if row["is_baseline"] else row["model"]
        assert value(cells[str(row["horizon_bars"]), name]) == pytest.approx(
            factor * row[column], abs=0.51 * 10**-digits
        )


def test_cells_of_the_evidence_equal_its_frames(rich, evidence):
    named = {True: " (baseline)", False: ""}
    (calibration,) = [name for name in rich.tables if "after the conformal layer" in name]
    adjusted = rich.column(calibration, "adjusted", ("horizon, bars", "model"))
    for row in evidence.calibration.iter_rows(named=True):
        key = str(row["horizon_bars"]), row["model"] + named[row["is_baseline"]]
        assert value(adjusted[key]) == pytest.approx(100.0 * row["coverage_90_after"], abs=0.051)
    (regimes,) = [name for name in rich.tables if "cells at all horizons show skill" in name]
    skill = rich.column(regimes, "CRPS skill [95 %], %", ("horizon, bars", "model", "regime"))
    for row in evidence.regimes.iter_rows(named=True):
        shown = skill[str(row["horizon_bars"]), row["model"], row["regime"]]
        expected = [100.0 * row[f"crps_skill{end}"] for end in ("", "_low", "_high")]
        assert [float(part) for part in re.findall(r"-?\d+\.\d+", shown)] == pytest.approx(expected, abs=0.0051)
    psi = rich.column("rsi_", "largest PSI", ("column",))
    for (name,), rows in evidence.drift.partition_by("column", as_dict=True).items():
        assert value(psi[(name,)]) == pytest.approx(rows["psi"].max(), abs=0.00051)
    sharpe = rich.column("All 48 trials", "Sharpe a day", ("trial",))
    for row in evidence.trials.iter_rows(named=True):
        assert value(sharpe[(str(row["trial"]),)]) == pytest.approx(row["sharpe_per_day"], abs=0.000051)


def test_cells_of_the_money_tables_equal_their_frames(rich, evidence):
    trading = evidence.trading
    sessions = rich.column("Net result by session:", "net, %", ("session",))
    assert [value(cell) for cell in sessions.values()] == pytest.approx(
        [100.0 * net for net in trading.by_session["net"]], abs=0.0051
    )
    needed = rich.column("What a call of direction must be worth.", "IC needed", ("horizon, bars",))
    assert [value(cell) for cell in needed.values()] == pytest.approx(
        trading.hurdle["ic_needed"].to_list(), abs=0.00051
    )
    section = rich.section("economics")
    parts = rich.column("Where the gross result goes", "pips per round trip", ("item",))
    for row in trading.waterfall.iter_rows(named=True):
        if row["pips_per_round_trip"] is None:
            assert parts[(row["item"],)] == "not modelled"
        else:
            assert value(parts[(row["item"],)]) == pytest.approx(row["pips_per_round_trip"], abs=1e-9)
            assert f">{row['pips_per_round_trip']:+.2f}<" in section
    (drawn,) = [svg for svg in rich.figures if 'aria-label="From gross to net"' in svg]
    assert drawn.count(">not modelled<") == 1
    assert "Policy: a rule that was fixed before the test." in section
    months = re.findall(r">([+-]\d\.\d)<", section)
    assert sorted(map(float, months)) == pytest.approx(
        sorted(round(100.0 * net, 1) + 0.0 for net in trading.monthly["net"]), abs=1e-9
    )


def test_facts_equal_what_was_recorded(rich, evidence):
    statistics = evidence.overfitting
    assert f"Probability of backtest overfitting{100 * statistics['pbo']:.1f} %" in re.sub(r"\n", "", rich.text)
    assert f"Deflated Sharpe ratio{statistics['dsr']:.3f}" in re.sub(r"\n", "", rich.text)
    assert "crossed 2, stale 1" in rich.text
    assert f"Mutation score {100 * 24 / 25:.0f} %: 24 of 25 planted leaks are caught; X3 survived." in rich.text


def test_the_policy_and_its_null_are_put_into_words(rich, evidence):
    trading = evidence.trading
    beaten = (trading.null["net"] < trading.null_net).mean()
    assert f"beats {100 * beaten:.0f} % of 200 results with shuffled forecasts" in rich.text
    crossing = 1.0 + 0.5 * 0.003 / 0.018  # between 1 and 1.5 times the costs the net result goes from 0.003 to -0.015
    assert f"Nothing is left of the result at {crossing:.2f} times the costs charged" in rich.text


def test_frames_without_the_columns_that_are_shown_are_refused():
    with pytest.raises(ValueError, match="Evidence must have the columns that the page shows, was power without n_eff"):
        Evidence(power=pl.DataFrame({"ic": [0.1], "power": [0.5]}))


def test_undefined_and_infinite_values_are_drawn_and_said(summary, evidence, rich_facts):
    hollow = {
        name: frame.with_columns(pl.selectors.float() * math.nan)
        for name in Evidence.COLUMNS
        if isinstance(frame := getattr(evidence, name), pl.DataFrame)
    }

    page = Page(render_page(summary, rich_facts, None, Evidence(**hollow)))

    assert "nan" not in re.findall(r"[a-z]+", page.text)
    assert "undefined" in page.text
