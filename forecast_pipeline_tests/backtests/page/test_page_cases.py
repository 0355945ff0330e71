"""The page renders whatever the forecasts lack, and says what that is."""

from __future__ import annotations

import re

import pytest

from forecast_pipeline.backtests.page.render import render_page
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline_tests.backtests.page.read_page import Page

CASES = {
    "no trade, two regimes": (
        {"noise": 0.001, "regimes": ("calm", "wild")},
        True,
        ("made no trade", "none made a trade", "No trade was made", "2 regimes in"),
    ),
    "one row, nothing recorded": (
        {"n_rows": 2, "n_folds": 1, "horizons": (1,), "has_spread": False},
        False,
        (
            "independent outcomes",
            "One fold only",
            "modelled: 1 pips everywhere, no spread was measured",
            "symbol not recorded",
            "Fold plan: not recorded",
            "Coverage is not recorded",
        ),
    ),
    "few rows": ({"n_rows": 12, "n_folds": 1}, True, ("independent outcomes", "undefined")),
    "single model": ({"baselines": ()}, True, ("nothing to compare with",)),
    "only baselines": ({"models": ()}, True, ("no model besides baselines",)),
    "constant outcomes": ({"bar_std": 0.0}, True, ("or its outcomes do not vary", "Tails of the moves: not recorded")),
}


@pytest.mark.parametrize("case", CASES)
def test_renders_and_says_what_is_missing(case, make_forecasts, facts):
    settings, has_facts, sentences = CASES[case]
    known = facts if has_facts else {}
    summary = summarise(make_forecasts(**({"n_rows": 200} | settings)), known, CostModel())

    page = Page(render_page(summary, known))

    assert [sentence for sentence in sentences if sentence not in page.text] == []
    assert not {"nan", "inf", "None"} & set(re.findall(r"[A-Za-z]+", page.text))
    assert len(page.figures) >= 7
