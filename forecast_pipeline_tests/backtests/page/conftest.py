"""Pages of a run of which everything is known, and of one of which nothing is."""

from __future__ import annotations

import datetime as dt

import pytest

from forecast_pipeline.backtests.page.evidence import Evidence
from forecast_pipeline.backtests.page.render import render_page
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline_tests.backtests.page.read_page import Page
from forecast_pipeline_tests.backtests.page.synthetic_evidence import (
    BASELINES,
    FIRST,
    MODELS,
    rich_evidence,
    rich_record,
)


def fold_plan():
    """Four folds with every part recorded."""
    days = {
        "train_start": 0,
        "validation_start": 40,
        "train_end": 50,
        "test_start": 51.5,
        "test_end": 61,
        "label_end": 61.5,
    }
    return [
        {name: (FIRST + dt.timedelta(days=10 * fold + day)).isoformat() for name, day in days.items()}
        | {"fold": fold, "mode": "rolling", "n_train": 900, "n_validation": 100, "n_test": 200}
        | {"purge_bars": 12, "embargo_bars": 24, "dropped_by_purge": 11, "dropped_by_embargo": 24, "n_eff": 50 + fold}
        for fold in range(4)
    ]


@pytest.fixture(scope="session")
def summary(make_forecasts, facts):
    forecasts = make_forecasts(skill=0.2, n_rows=400, horizons=(1, 4), models=MODELS[:3], baselines=BASELINES[:2])
    return summarise(forecasts, facts, CostModel())


@pytest.fixture(scope="session")
def rich_facts(facts):
    quality = {"price_side": "bid", "volume_kind": "ticks", "repaired": 3, "quarantined": {"crossed": 2, "stale": 1}}
    return facts | {
        "fold_plan": fold_plan(),
        "sha256": "12" * 32,
        "n_penalties_tried": 93,
        "data_quality": quality,
        "absent_features": {"volume_1h": "no volume"},
    }


@pytest.fixture(scope="session")
def evidence(summary):
    return rich_evidence(summary.verdict.headline_model)


@pytest.fixture(scope="session")
def rich(summary, rich_facts, evidence):
    return Page(render_page(summary, rich_facts, rich_record(), evidence))


@pytest.fixture(scope="session")
def empty(summary):
    return Page(render_page(summary, {}, None, Evidence()))
