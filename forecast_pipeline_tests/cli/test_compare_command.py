"""``compare`` prints every family of every report, and one JSON document where it is asked to."""

from __future__ import annotations

import json

import pytest

from forecast_pipeline.cli.comparison import compare
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline_tests.backtests.conftest import FACTS, make_forecasts
from forecast_pipeline_tests.backtests.made_reports import publish_report


@pytest.fixture
def state_folder(home, monkeypatch):
    monkeypatch.setenv("FORECAST_HOME", str(home.root))
    return home


def test_text_and_json_speak_of_the_same_cells(state_folder, capsys):
    publish_report(state_folder, "EURUSD", "1h", make_forecasts(n_rows=80), FACTS)

    compare(as_json=False)
    text = capsys.readouterr().out
    compare(as_json=True)
    found = json.loads(capsys.readouterr().out)

    assert found["n_reports"] == 1
    assert {cell["model"] for cell in found["cells"]} == {"ridge", "random_walk", "ewma"}
    assert f"{found['conclusion']}." in text
    assert found["path"] in text
    assert text.count("ridge") == 2  # one horizon each, and no baseline


def test_an_empty_state_folder_is_refused(state_folder):
    del state_folder

    with pytest.raises(MissingData, match="must have at least one report"):
        compare()
