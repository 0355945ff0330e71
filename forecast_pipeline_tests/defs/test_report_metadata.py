"""What the UI shows of a report: verdict, picture, tables, and numbers that it can draw over time."""

from __future__ import annotations

import math

import pytest

from forecast_pipeline.core.publication import publish
from forecast_pipeline.defs.metadata import report_metadata
from forecast_pipeline_tests.backtests.conftest import FACTS, make_forecasts
from forecast_pipeline_tests.backtests.made_reports import publish_report


@pytest.fixture
def made(home):
    return publish_report(home, "EURUSD", "1h", make_forecasts(skill=0.3, n_rows=300), FACTS)


def test_headline_numbers_are_those_of_the_scores_and_the_account(made):
    report, summary = made
    verdict = summary.verdict

    metadata = report_metadata(report)

    score = summary.scores.filter(model="ridge", horizon_bars=verdict.headline_horizon_bars).row(0, named=True)
    account = summary.economics.filter(model="ridge").row(0, named=True)
    for name in ("crps_skill", "coverage_90", "n_eff"):
        assert metadata[f"headline_{name}"] == score[name]
    for name in ("net", "paid_pips"):
        assert metadata[f"headline_{name}"] == account[name]
    assert metadata["green_lights"] == sum(light.colour == "green" for light in verdict.lights)
    assert metadata["conclusion"] == verdict.conclusion
    assert not [name for name, value in metadata.items() if isinstance(value, float) and not math.isfinite(value)]


def test_tables_have_a_row_for_every_row_of_the_report(made):
    report, summary = made

    metadata = report_metadata(report)

    for name, height in (("scores", summary.scores.height), ("economics", summary.economics.height)):
        lines = metadata[name].value.splitlines()
        assert len(lines) == 2 + height
        assert lines[2].count("|") == lines[0].count("|")
    assert "| Skill | green |" in metadata["lights"].value


def test_a_picture_is_shown_if_there_is_one_and_a_missing_table_is_left_out(made):
    report, _ = made
    files = {".html": lambda path: path.write_text("x"), ".preview.png": lambda path: path.write_bytes(b"\x89PNG")}
    bare = publish(
        report.folder, "report", files, {k: v for k, v in report.card.items() if k not in {"files", "sha256"}}
    )

    assert "preview" not in report_metadata(report)
    metadata = report_metadata(bare)
    assert metadata["preview"].value == "![report preview](data:image/png;base64,iVBORw==)"
    assert not {"scores", "economics", "folds"} & set(metadata)
