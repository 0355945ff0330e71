"""What a sceptical reader looks for: one horizon a sentence, a size beside every number, and every word explained."""

from __future__ import annotations

import dataclasses
import html
import math
import re

import polars as pl
import pytest
from matplotlib.figure import Figure

from forecast_pipeline.backtests.page import money_plots
from forecast_pipeline.backtests.page.evidence import Evidence, TradingEvidence
from forecast_pipeline.backtests.page.render import page_environment, render_section
from forecast_pipeline.backtests.page.sections.source import Source
from forecast_pipeline.backtests.page.words import WORDS, words_in
from forecast_pipeline_tests.backtests.page.read_page import Page


def said(page):
    """The text of a page without its line breaks, as a reader reads it."""
    return re.sub(r"\s+", " ", page.text)


TRADING = {each.name for each in dataclasses.fields(TradingEvidence)} - {
    each.name for each in dataclasses.fields(Evidence)
}


@pytest.fixture
def section_of(summary, rich_facts, evidence):
    """One section with other evidence in some fields, of the trading ones too."""

    def section(name, facts=None, **changes):
        trading = {key: changes.pop(key) for key in list(changes) if key in TRADING}
        if trading:
            changes["trading"] = dataclasses.replace(evidence.trading, **trading)
        found = dataclasses.replace(evidence, **changes)
        source = Source(summary=summary, facts=facts or rich_facts, evidence=found)
        return Page(str(render_section(page_environment(), source, name)))

    return section


def test_power_and_the_skill_that_it_needs_are_of_the_headline_horizon(section_of, summary, evidence):
    headline = summary.verdict.headline_horizon_bars
    hurdle = pl.DataFrame(
        {
            "horizon_bars": [headline, headline + 100],
            "sd_pips": [1.0, 1.0],
            "mean_move_pips": [1.0, 1.0],
            "hit_rate_needed": [0.5, 0.5],
            "ic_needed": [0.0421, 0.0777],
        }
    )
    text = said(section_of("leaks", hurdle=hurdle))

    where = "1 bar" if headline == 1 else f"{headline} bars"
    assert f"paying the costs at {where} needs 0.042." in text
    assert f"With 80 % power ({where}, n_eff 1500)" in text
    assert "paying the costs at" not in said(
        section_of("leaks", hurdle=hurdle.filter(pl.col("horizon_bars") != headline))
    )


def test_each_power_is_said_to_be_of_its_test(rich, section_of, evidence):
    (drawn,) = [svg for svg in rich.figures if 'aria-label="Power to find planted skill"' in svg]
    assert ">test of the coefficient<" in drawn
    assert ">Diebold-Mariano test of CRPS<" in drawn
    assert "0.100 is found by the Diebold-Mariano test of CRPS" in said(rich)

    alone = section_of("leaks", power=evidence.power.drop("power_of_dm"))
    (drawn,) = [svg for svg in alone.figures if 'aria-label="Power to find planted skill"' in svg]
    assert ">Diebold-Mariano test of CRPS<" not in drawn
    assert "by the Diebold-Mariano test" not in said(alone)


def test_every_word_is_a_sentence_and_stands_once_on_the_page(rich):
    assert [word.term.lower() for word in WORDS] == sorted(word.term.lower() for word in WORDS)
    section = rich.section("words")
    for word in WORDS:
        assert word.says[0].isupper()
        assert word.says.endswith(".")
        assert word.says.count(".") == 1
        assert section.count(f'id="{word.anchor}"') == 1
        assert html.escape(word.says, quote=False).replace("'", "&#39;") in section
    asked = (
        "QLIKE, CRPS of the tails, energy score, alarms, Berkowitz, dynamic quantile, PSR, DSR, PBO, Calmar, Sortino"
    )
    asked += ", Lo-adjusted Sharpe, PSI, KS, MCS, SPA, StepM, Giacomini-White, HAC, n_eff"
    assert set(asked.split(", ")) <= {word.term for word in WORDS}


def test_a_table_leads_to_the_words_it_uses_and_to_no_others(rich):
    for caption, rows in rich.tables.items():
        start = rich.html.index(f'<figcaption class="caption">{html.escape(caption, quote=False)}')
        figure = rich.html[start : rich.html.index("</figure>", start)]
        notes = html.unescape(" ".join(re.findall(r"<li>(.*?)</li>", figure)))
        linked = re.findall(r'href="#(word-[\w-]+)"', figure)
        assert linked == [word.anchor for word in words_in(caption, *rows[0], notes)], caption


def test_references_are_percentages_like_their_neighbours(rich, evidence):
    frame = evidence.trading.references
    cells = rich.column("What needs no forecast", "5 to 95 % of the draws", ("reference",))
    assert cells["random entry",] == "-2.75 % to 1.25 %"
    assert cells["buy and hold",] == "none drawn"
    net = rich.column("What needs no forecast", "net", ("reference",))
    assert list(net.values()) == [f"{100 * value:.2f} %" for value in frame["net"]]


def test_drawdowns_name_their_clock_and_whether_they_ended(rich):
    days = rich.column("The worst drawdowns", "recovery day", ("start, UTC",))
    assert list(days.values()) == ["2024-02-13", "not recovered yet"]
    (caption,) = [name for name in rich.tables if name.startswith("The worst drawdowns")]
    assert "by FX day (17:00 New York)" in caption
    assert "Fill by fill the net result stood at worst" in said(rich)
    assert any("max drawdown by FX day" in rows[0] for rows in rich.tables.values())


@pytest.mark.parametrize(
    ("probability", "words"), [(1 - 0.5**9, "up to 99.8 %"), (1 - 0.5**20, "up to over 99.9 %"), (1.0, "up to 100.0 %")]
)
def test_a_probability_below_one_is_never_rounded_to_it(section_of, evidence, probability, words):
    rule = evidence.regime_rule.with_columns(false_pass_probability=pl.lit(probability))
    page = section_of("regimes", regime_rule=rule)

    assert f"a model without skill with a probability of {words}, so" in said(page)
    (caption,) = [name for name in page.tables if name.startswith("The rule to keep")]
    cells = set(page.column(caption, "kept without skill", ("horizon, bars", "model")).values())
    assert cells == {words.removeprefix("up to ")}


def test_the_place_among_shuffled_forecasts_is_never_rounded_to_all(section_of, evidence):
    draws = pl.DataFrame({"net": [0.1] + [-1.0] * 999})

    assert "The real result beats over 99 % of 1000 results" in said(section_of("economics", null=draws))


SIZES = r"n_eff \d|\d+ (FX )?days?\b|\d+ fills?\b|\d+ folds?\b|\d+ trades?\b|\d+ splits?\b|n is \d"
SIZED_FIGURES = (
    "Skill needed to pay the costs, by horizon",
    "Power to find planted skill",
    "CRPS skill by regime",
    "Gain of choosing by regime",
    "Coverage before and after the conformal layer",
    "Width of the conformal interval over time",
    "CRPS skill of each model by fold",
    "Out-of-sample rank of the in-sample best",
    "Deflated Sharpe ratio against the number of trials",
    "Recombined paths of combinatorial folds",
    "Gross and net result",
    "Loss since the highest result",
    "From gross to net",
    "Result against the size of costs",
    "Result against the delay of a fill",
    "Result against the slippage assumed",
    "The same policy on shuffled forecasts",
    "Net result by month",
    "Net result by hour of the week",
    "Drift between train and test",
)


@pytest.mark.parametrize("label", SIZED_FIGURES)
def test_a_figure_says_how_much_it_rests_on(rich, label):
    captions = re.findall(r'<svg[^>]*aria-label="([^"]*)".*?</svg><figcaption>(.*?)</figcaption>', rich.html, re.DOTALL)

    assert re.search(SIZES, dict(captions)[label]), dict(captions)[label]


@pytest.mark.parametrize("net", [[0.3, 0.2], [-0.1, -0.2], [0.1, -0.1]])
def test_a_curve_says_its_size_wherever_it_runs(section_of, summary, net):
    page = section_of("economics", delay_curve=pl.DataFrame({"delay_decisions": [0, 5], "net": net, "sharpe": net}))
    days = summary.economics["n_days"][0]
    captions = re.findall(r'aria-label="([^"]*)".*?</svg><figcaption>(.*?)</figcaption>', page.html, re.DOTALL)

    assert f"{days} days)" in dict(captions)["Result against the delay of a fill"]


COUNT_COLUMNS = {
    "n",
    "n_eff",
    "n_eff out",
    "days",
    "n days",
    "days (a year)",
    "round trips",
    "n round trips",
    "n trades",
}


def test_a_table_of_results_says_how_much_it_rests_on(rich):
    # What is planted, missing or tried is counted by its rows.
    own = ("The longest observed gap", "Mutation score", "The rule to keep")
    for caption, rows in rich.tables.items():
        if not caption.startswith(own):
            counted = COUNT_COLUMNS & set(rows[0]) or re.search(SIZES, caption)
            assert counted or {"folds", "warm-up, bars"} & set(rows[0]), caption


def test_the_fold_table_says_of_which_horizon_its_n_eff_is(rich, section_of, rich_facts):
    (rows,) = [rows for caption, rows in rich.tables.items() if "purged before each test" in caption]
    longest = max(rich_facts["horizons_bars"])
    assert f"n_eff at {longest} bars" in rows[0]
    assert f"of the longest horizon, {longest} bars." in said(rich)

    unknown = section_of("splits", {name: value for name, value in rich_facts.items() if name != "horizons_bars"})
    assert "are of the longest horizon." in said(unknown)


def test_the_verdict_tells_fitted_from_calibrated_coverage(rich, empty, summary, evidence):
    is_it = (pl.col("model") == summary.verdict.headline_model) & (
        pl.col("horizon_bars") == summary.verdict.headline_horizon_bars
    )
    row = evidence.calibration.row(by_predicate=is_it, named=True)
    scored = summary.scores.row(by_predicate=is_it, named=True)
    verdict = re.sub(r"<[^>]+>", "|", rich.section("verdict"))
    assert f"90 % interval covers, as fitted||{100 * scored['coverage_90']:.1f} %" in verdict
    assert f"90 % interval covers, calibrated||{100 * row['coverage_90_after']:.1f} % (n_eff {row['n_eff']})" in verdict
    assert "90 % interval covers, calibrated||<em>" not in empty.section("verdict")
    assert re.search(r"covers, calibrated</dt><dd><em>not recorded", empty.section("verdict"))


def test_one_of_anything_is_singular(section_of, evidence):
    alone = evidence.overfitting | {"n_trials": 1, "n_pbo_trials": 1, "n_days": 1, "n_pbo_days": 1}
    page = section_of(
        "overfitting", overfitting=alone, trials=evidence.trials.head(1), pbo_logits=evidence.pbo_logits.head(1)
    )
    for words in ("With 1 trial the", "(1 split, 1 trial, 1 day)", "The one trial of the ledger", "0.287 (1 day)"):
        assert words in said(page)
    assert re.findall(r"\b(?<![\d.,])1 (?:trials|splits|days|folds|horizons|cells|outcomes)\b", said(page)) == []


def test_days_a_year_that_are_undefined_are_left_out(section_of, summary):
    accounts = summary.economics.with_columns(days_per_year=pl.lit(math.nan))
    page = section_of("economics", economics=accounts)
    (caption,) = [name for name in page.tables if "has a Sharpe ratio of" in name]

    assert "(nan)" not in page.html
    shown = page.column(caption, "days (a year)", ("model",))
    assert set(shown.values()) == {str(n_days) for n_days in accounts["n_days"]}


def test_penalties_are_told_from_a_search_and_counted(rich, section_of, rich_facts, evidence):
    assert "(93 tried in all); no search over settings ran" in said(rich)
    facts = re.sub(r"<[^>]+>", "|", rich.section("overfitting"))
    assert "Deflated Sharpe ratio if every penalty were a trial||0.162|" in facts
    assert "Penalties tried inside the folds||93|" in facts

    names = ("n_penalties_tried", "dsr_at_penalties")
    less = {name: value for name, value in evidence.overfitting.items() if name not in names}
    unknown = section_of(
        "overfitting", {k: v for k, v in rich_facts.items() if k != "n_penalties_tried"}, overfitting=less
    )
    assert "(their number is not recorded); no search" in said(unknown)
    assert "if every penalty were a trial" not in said(unknown)


def test_ranks_are_of_the_folds_at_the_headline_horizon(rich, summary):
    folds = summary.folds.filter(pl.col("horizon_bars") == summary.verdict.headline_horizon_bars)
    ranked = folds.with_columns(rank=pl.col("crps_bps").rank("average").over("fold"))
    mean = ranked.group_by("model").agg(pl.col("rank").mean()).sort("rank", "model")
    first, low = mean.row(0)

    assert not hasattr(Evidence(), "fold_ranks")
    assert f"{first} has the best mean rank ({low:.1f})" in said(rich)


def test_rows_that_the_conformal_layer_left_as_stated_are_counted_once_they_are_known(rich, section_of, evidence):
    (caption,) = [name for name in rich.tables if "after the conformal layer" in name]
    shown = rich.column(caption, "adjusted, without them", ("horizon, bars", "model"))
    rows = rich.column(caption, "rows as stated", ("horizon, bars", "model"))
    for row in evidence.calibration.iter_rows(named=True):
        key = str(row["horizon_bars"]), row["model"] + (" (baseline)" if row["is_baseline"] else "")
        assert shown[key] == f"{100 * row['coverage_90_active']:.1f} %"
        assert rows[key] == str(row["n_raw"])
    assert "before the layer had enough scores" in said(rich)

    without = section_of("probability", calibration=evidence.calibration.drop("n_raw", "coverage_90_active"))
    assert "before the layer had enough scores" not in said(without)


def test_a_policy_that_promoted_nothing_is_said_to_have_and_nothing_is_drawn(section_of, evidence, summary):
    names = ("policy", "global champion", "random assignment", "permuted labels")
    horizon = summary.verdict.headline_horizon_bars
    idle = evidence.policy.filter(pl.col("horizon_bars") == horizon).with_columns(
        name=pl.Series(names), gain_bps=pl.Series([0.0, 0.0, -0.04, 0.0]), gain_low=pl.lit(math.nan)
    )
    page = section_of("regimes", policy=idle, placebo_percentile=0.0)

    text = said(page)
    assert "The policy promoted no model in any regime" in text
    assert "no model was promoted, so there is nothing to compare" in text
    assert "ways to choose gain" not in text
    assert "it is no evidence" not in text
    assert 'aria-label="Gain of choosing by regime"' not in page.html

    busy = section_of("regimes", policy=idle.with_columns(gain_bps=pl.Series([0.01, 0.0, -0.04, 0.0])))
    assert 'aria-label="Gain of choosing by regime"' in busy.html
    assert "0 of 3 ways to choose gain" in said(busy)  # the champion itself is what they are compared with


def test_model_sets_are_of_daily_means(rich):
    assert "All three use daily means of the losses" in said(rich)
    assert "summed to days" not in said(rich)


def test_a_table_that_scrolls_says_so_and_is_whole_in_print(rich):
    assert rich.html.count('<span class="hint" aria-hidden="true">') == rich.tags.count("table")
    style = rich.html[: rich.html.index("</style>")]
    assert "scroll-state(scrollable: right) { .hint { visibility: visible; } }" in style
    printed = style[style.index("@media print") :]
    assert ".scroll { overflow: visible; background: none; }" in printed
    assert ".scroll .hint, .terms { display: none; }" in printed
    assert re.search(r"th, td \{[^}]*white-space: normal", printed)


@pytest.mark.parametrize("net", [[0.04, 0.01, -0.02], [-0.01, -0.02, -0.03], [0.03, 0.02, 0.01], [0.0, 0.0, 0.0]])
def test_net_and_sharpe_have_their_zero_at_one_height(net):
    frame = pl.DataFrame(
        {"multiplier": [0.0, 1.0, 2.0], "net": net, "sharpe": [1.5, math.nan, 0.3 if net[2] > 0 else -2.0]}
    )
    canvas = Figure()
    axes = canvas.subplots()

    money_plots.dependence(axes, frame, "multiplier", "costs")

    left, right = (each.transData.transform((0.0, 0.0))[1] for each in canvas.axes)
    assert left == pytest.approx(right)
