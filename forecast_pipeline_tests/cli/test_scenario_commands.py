"""``barriers`` and ``simulate`` as a person types them, on a baseline that is trained in a moment."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from forecast_pipeline.cli import scenarios
from forecast_pipeline.cli.main import app
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.splits.assemble import Matrix
from forecast_pipeline_tests.forecasts.scenarios.made_market import COLUMNS, fitted_artifact, market

RUNNER = CliRunner()
PLACE = ["--symbol", "EUR/USD", "--timeframe", "1h"]


@pytest.fixture(scope="module")
def made():
    """Market and artifacts by name."""
    frame = market(1500)
    return frame, {name: fitted_artifact(name, frame) for name in ("garch_t", "random_walk")}


@pytest.fixture(autouse=True)
def stored(made, monkeypatch, tmp_path):
    """The made market in the place of a lake."""
    frame, artifacts = made
    matrix = Matrix(frame, (), {}, {}, {}, [], {}, {})
    monkeypatch.setattr(Matrix, "feature_columns", COLUMNS)
    monkeypatch.setattr("forecast_pipeline.forecasts.inference.matrix_of", lambda *_: matrix)
    monkeypatch.setattr("forecast_pipeline.forecasts.inference.require_warm", lambda *_: None)
    monkeypatch.setattr(scenarios, "chosen_artifact", lambda _h, _s, _t, model: artifacts[model or "garch_t"])
    monkeypatch.setenv("FORECAST_HOME", str(tmp_path / "home"))


def call(*arguments):
    return RUNNER.invoke(app, list(arguments))


def barriers(*arguments):
    done = call("barriers", *PLACE, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_barriers_print_a_row_a_horizon_whose_probabilities_add_up():
    rows = barriers("--stop-pips", "10", "--target-pips", "20")

    assert [row["horizon_bars"] for row in rows] == [1, 3, 6]
    for row in rows:
        assert row["target_first"] + row["stop_first"] + row["neither"] == pytest.approx(1.0)
        assert row["target_first_least"] <= row["target_first"] <= row["target_first_most"]
        assert row["target_first"] <= row["touch_target"] + row["tied"]
        assert row["stop_price"] == pytest.approx(row["target_price"] - 0.0030)
    assert [row["neither"] for row in rows] == sorted((row["neither"] for row in rows), reverse=True)


def test_a_short_position_is_the_mirror_of_a_long_one():
    """The target of one is the stop of the other, where the distances are exchanged."""
    long = barriers("--stop-pips", "12", "--target-pips", "25")
    short = barriers("--stop-pips", "25", "--target-pips", "12", "--side", "short")

    for one, other in zip(long, short, strict=True):
        assert one["touch_stop"] == pytest.approx(other["touch_target"])
        assert one["stop_first"] == pytest.approx(other["target_first"])
        assert one["neither"] == pytest.approx(other["neither"])
        assert other["target_first_least"] <= other["target_first"] <= other["target_first_most"]


def test_the_table_is_for_people_and_names_the_model():
    done = call("barriers", *PLACE, "--model", "random_walk", "--stop-pips", "10", "--target-pips", "20")

    assert done.exit_code == 0
    assert "random_walk, long" in done.output
    assert "target first" in done.output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--stop-pips", "0", "--target-pips", "20"], "positive pips"),
        (["--stop-pips", "nan", "--target-pips", "20"], "positive pips"),
        (["--stop-pips", "20000", "--target-pips", "20"], "prices above 0"),
        (["--stop-pips", "10", "--target-pips", "20", "--side", "both"], "long or short"),
    ],
)
def test_barriers_that_make_no_sense_are_refused(arguments, text):
    done = call("barriers", *PLACE, *arguments)

    assert isinstance(done.exception, InvalidConfiguration)
    assert text in str(done.exception)


def simulate(folder, *arguments):
    return call("simulate", "--output", str(folder), "--n-paths", "3", "--bars", "120", *arguments)


def test_simulate_writes_candles_and_facts_of_a_model(tmp_path):
    done = simulate(tmp_path / "out", "--from-model", "EURUSD:1h:garch_t", "--json")

    printed = json.loads(done.stdout)
    assert printed["is_simulated"]
    assert printed["from"] == "random"
    assert len(printed["files"]) == 4
    assert pl.read_parquet(printed["files"][0]).height == 120
    assert json.loads((tmp_path / "out" / "facts.json").read_text())["facts"] == printed["facts"]


def test_simulate_prints_the_facts_for_people(tmp_path):
    done = simulate(tmp_path, "--from-model", "EUR/USD:1h:garch_t", "--from", "now", "--seed", "4")

    assert done.exit_code == 0
    assert "volatility clustering" in done.output
    assert "3 files of simulated candles" in done.output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--from-model", "EURUSD:1h"], "must look like EURUSD:1h:latent_diffusion"),
        (["--from-model", "EURUSD:1h:garch_t", "--from", "then"], "now or random"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(tmp_path, arguments, text):
    done = simulate(tmp_path / "out", *arguments)

    assert isinstance(done.exception, InvalidConfiguration)
    assert text in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_without_a_model_the_sample_is_written(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("forecast_pipeline.candles.simulator.write_sample", lambda folder: asked.append(folder) or [])

    done = call("simulate", "--output", str(tmp_path))

    assert done.exit_code == 0
    assert asked == [tmp_path]
