"""Commands as a person types them: results, JSON, one clear line for a refusal, and nothing left half done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import typer

from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.cli.main import app
from forecast_pipeline.models.registry import BASELINES, NEURAL

COMMAND = [sys.executable, "-m", "forecast_pipeline.cli.main"]
LIGHT = ["--set", "models.forest.n_estimators=10", "--set", "backtests.n_samples=100", "--set", "splits.n_splits=2"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A file of four simulated weeks, and a state folder beside it."""
    root = tmp_path_factory.mktemp("workplace")
    simulate_candles(SimulatedWorld(start=date(2023, 5, 7), n_weeks=4, seed=4)).write_parquet(root / "weeks.parquet")
    return root


def run(workplace: Path, *arguments: str, home: str = "home") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FORECAST_HOME": str(workplace / home), "COLUMNS": "200"}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=workplace, env=environment, check=False
    )


def tree(folder: Path) -> dict[str, bytes]:
    keep = ("landing", "lake", "models", "reports", "settings.yaml")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.relative_to(folder).parts[0] in keep]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.suffix != ".lock"}


@pytest.fixture(scope="module")
def built(workplace):
    """The state folder after ``ingest`` and ``build``."""
    ingested = run(workplace, "ingest", "weeks.parquet", "--vendor", "parquet", "--symbol", "EUR/USD", "--json")
    assert ingested.returncode == 0, ingested.stderr
    done = run(workplace, "build", "--symbol", "EURUSD", "--timeframe", "30m", "--models", "ridge,rf", "--json", *LIGHT)
    assert done.returncode == 0, done.stderr
    return json.loads(ingested.stdout), json.loads(done.stdout)


@pytest.mark.slow
def test_ingest_and_build_report_in_json(workplace, built):
    (ingested,), results = built

    assert ingested["symbol"] == "EURUSD"
    assert ingested["rows"] == ingested["good"]
    assert [row["horizon_bars"] for row in results["forecast"]] == [1, 3, 6, 12]
    assert Path(results["report"]["path"]).read_text().startswith("<!DOCTYPE html>")
    assert results["champion"] in {*BASELINES, "ridge", "forest"}
    assert (workplace / "home" / "models" / "EURUSD" / "30m" / "EURUSD_30m_ridge_h12.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["forecast", "--symbol", "EUR/USD", "--timeframe", "30m", "--model", "rf", "--quantiles", "0.1,0.9"],
        [
            "barriers",
            *["--symbol", "EURUSD", "--timeframe", "30m", "--model", "rf", "--stop-pips", "10", "--target-pips", "20"],
        ],
        ["simulate", *["--from-model", "EURUSD:30m:ridge", "--n-paths", "2", "--bars", "120", "--output", "paths"]],
        ["report", "--symbol", "EURUSD", "--timeframe", "30m"],
        ["status"],
        ["lineage", "rsi_30m_14", "--symbol", "EURUSD", "--timeframe", "30m"],
        ["query", "select count(*) as n from bars where timeframe = '30m'"],
        ["verify", "--symbol", "EURUSD", "--timeframe", "30m", "--cuts", "1"],
        ["settings"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_result_command_speaks_json_and_text(workplace, built, arguments):
    del built

    as_json, as_text = run(workplace, *arguments, "--json"), run(workplace, *arguments)

    assert as_json.returncode == as_text.returncode == 0, as_json.stderr + as_text.stderr
    assert json.loads(as_json.stdout)
    assert as_text.stdout.strip()
    assert "Traceback" not in as_text.stderr + as_json.stderr


@pytest.mark.slow
def test_settings_that_were_given_are_in_force_afterwards(workplace, built):
    del built

    values = json.loads(run(workplace, "settings", "--json").stdout)

    assert values["models"] == {"forest": {"n_estimators": 10}}
    assert values["backtests"]["n_samples"] == 100
    assert values["splits"]["warmup_bars"] == 64


REFUSALS = {
    "missing file": (["ingest", "nothing.zip", "--vendor", "histdata", "--symbol", "EURUSD"], "must be a file"),
    "wrong vendor": (["ingest", "weeks.parquet", "--vendor", "histdata", "--symbol", "EURUSD"], "HistData M1 lines"),
    "unknown vendor": (["ingest", "weeks.parquet", "--vendor", "hist", "--symbol", "EURUSD"], "use histdata"),
    "bad symbol": (["ingest", "weeks.parquet", "--vendor", "parquet", "--symbol", "../x"], "symbol must be"),
    "unknown symbol": (["build", "--symbol", "GBPUSD", "--timeframe", "30m"], "GBPUSD must have been ingested"),
    "unknown timeframe": (["build", "--symbol", "EURUSD", "--timeframe", "3h"], "one of 1m 5m 15m 30m 1h 4h 1d"),
    "unknown model": (["build", "--symbol", "EURUSD", "--timeframe", "30m", "--models", "rigde"], "use ridge"),
    "unknown key": (
        ["build", "--symbol", "EURUSD", "--timeframe", "30m", "--set", "splits.horizn=3"],
        "did you mean 'horizon'",
    ),
    "bad value": (
        ["build", "--symbol", "EURUSD", "--timeframe", "30m", "--set", "splits.val_frac=2"],
        "splits.val_frac: Input should be less than 0.9, was 2",
    ),
    "too little history": (
        ["build", "--symbol", "EURUSD", "--timeframe", "30m", "--set", "splits.days_history=90"],
        "trading days",
    ),
    "unknown column": (["lineage", "rsi", "--symbol", "EURUSD", "--timeframe", "30m"], "near: rsi_30m_14"),
    "foreign file": (["query", "select * from read_csv('/etc/hostname')"], "disabled by configuration"),
    "bad SQL": (["query", "selekt 1"], "the query must run on the views"),
    "unknown horizon": (
        ["forecast", "--symbol", "EURUSD", "--timeframe", "30m", "--model", "ridge", "--horizons", "5"],
        "1, 3, 6, 12",
    ),
    "bad level": (
        ["forecast", "--symbol", "EURUSD", "--timeframe", "30m", "--model", "ridge", "--quantiles", "5"],
        "between 0 and 1",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_one_line_and_leaves_everything_as_it_was(workplace, built, name):
    del built
    arguments, expected = REFUSALS[name]
    before = tree(workplace / "home")

    done = run(workplace, *arguments)

    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert done.returncode == 1
    assert len(lines) == 1
    assert expected in lines[0]
    assert "Traceback" not in done.stderr
    after = tree(workplace / "home")
    assert sorted(after) == sorted(before)
    assert after == before


def test_help_lists_every_command():
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)

    for name in ("demo", "ingest", "build", "forecast", "report", "status", "lineage", "query", "verify", "dev"):
        assert name in done.stdout


def test_build_trains_networks_only_when_they_are_named():
    build = typer.main.get_command(app).commands["build"]
    (models,) = (each for each in build.params if each.name == "models")

    assert models.default.split(",") == ["ridge", "lasso", "elastic_net", "forest"]
    assert all(name in models.help for name in NEURAL)


def test_an_empty_state_folder_is_explained(tmp_path):
    done = run(tmp_path, "status")

    assert done.returncode == 0
    assert "begin with forecast-pipeline ingest or make demo" in done.stdout
