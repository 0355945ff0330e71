"""The comparison is an asset below all reports: it needs none of a certain symbol, and follows each of them."""

from __future__ import annotations

import sys
from pathlib import Path

from forecast_pipeline.core.home import Home
from forecast_pipeline.definitions import build_definitions
from forecast_pipeline.defs.assets.backtests import COMPARISON_KEY, REPORTS_KEY
from forecast_pipeline.defs.resources import HomeResource

sys.path.insert(0, str(Path(__file__).parents[1] / "backtests"))
from conftest import FACTS, make_forecasts
from made_reports import publish_report


def materialised(path):
    definitions = build_definitions(home=HomeResource(path=str(path)))
    job = definitions.resolve_implicit_job_def_def_for_assets([COMPARISON_KEY])
    return job.execute_in_process(asset_selection=[COMPARISON_KEY], raise_on_error=False)


def test_it_stands_below_the_reports_without_partitions():
    node = build_definitions().resolve_asset_graph().get(COMPARISON_KEY)

    assert node.parent_keys == {REPORTS_KEY}
    assert node.partitions_def is None
    assert node.automation_condition is not None


def test_without_a_report_it_says_what_to_build(tmp_path):
    result = materialised(tmp_path)

    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert "a comparison must have at least one report" in failure.step_failure_data.error.cause.message


def test_its_metadata_are_the_published_comparison(tmp_path):
    publish_report(Home(tmp_path), "EURUSD", "1h", make_forecasts(n_rows=60), FACTS)

    (event,) = materialised(tmp_path).asset_materializations_for_node("backtests__comparison")

    assert event.metadata["reports"].value == 1
    assert Path(event.metadata["page"].value).exists()
    assert "ridge" in str(event.metadata["cells"].value)
