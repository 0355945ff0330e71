"""The catalogue and the leak suite as a person meets them: lists, descriptions, a schema, one line for a mistake."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from forecast_pipeline.cli.main import app
from forecast_pipeline.core.errors import PipelineError
from forecast_pipeline.features.catalogue.table import CATALOGUE, GROUPS
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import PRESETS
from forecast_pipeline.verification import leak_suite
from forecast_pipeline.verification.leak_suite import SuiteResult


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A command in an empty state folder; its result."""
    monkeypatch.setenv("FORECAST_HOME", str(tmp_path))

    def call(*arguments: str):
        return CliRunner().invoke(app, list(arguments))

    return call


@pytest.mark.parametrize("preset", ["core18", "all", "volatility", "rsi,macd,cross_pair"])
def test_list_names_every_indicator_of_a_preset(run, preset):
    found = json.loads(run("features", "list", "--preset", preset, "--json").stdout)

    expected = [name for part in preset.split(",") for name in PRESETS.get(part, (part,))]
    assert sorted(each["name"] for each in found) == sorted(expected)
    assert all(each["required_bars"] >= 1 and each["columns"] for each in found)


def test_list_counts_what_the_specification_counts(run):
    shown = run("features", "list", "--preset", "core18").stdout

    assert "18 indicators, 27 columns a timeframe, 126 pairs of indicator and timeframe." in shown


@pytest.mark.parametrize("name", ["adx", "adx_1d_14"])
def test_describe_takes_an_indicator_or_a_column(run, name):
    found = json.loads(run("features", "describe", name, "--json").stdout)

    assert found["name"] == "adx"
    assert found["parameters"][0] | {"meaning": ""} == {
        "parameter": "lookback_bars",
        "value": 14,
        "default": 14,
        "least": 2,
        "most": 10_000,
        "setting": "features.parameters.adx.lookback_bars",
        "meaning": "",
    }
    assert {row["timeframe"]: row["bars"] for row in found["warm_up"]} == dict.fromkeys(
        ["1m", "5m", "15m", "30m", "1h", "4h", "1d"], 227
    )


@pytest.mark.parametrize("name", ["stochastic", "obv", "currency_strength", "pivot_classic", "candle_doji", "clock"])
def test_a_description_can_be_read(run, name):
    shown = run("features", "describe", name).stdout

    indicator = CATALOGUE[name]
    assert " ".join(indicator.reference.split()[:3]) in shown
    assert all(column in shown for column in FeatureParameters().values(indicator) if column != "tolerance")
    assert "trading_days" in shown


def test_described_numbers_are_those_in_force(run, tmp_path):
    (tmp_path / "settings.yaml").write_text("features: {parameters: {macd: {fast_bars: 5}}}\n", encoding="utf-8")

    found = json.loads(run("features", "describe", "macd", "--json").stdout)

    assert (found["parameters"][0]["value"], found["parameters"][0]["default"]) == (5, 12)
    assert found["columns"][0] == "macd_1h_5_26_9"


def test_the_schema_knows_every_number_with_its_bounds(run):
    schema = json.loads(run("features", "schema").stdout)

    kinds = schema["$defs"]
    listed = {name for name, each in CATALOGUE.items() if any(p.setting is None for p in each.parameters)}
    assert set(kinds["IndicatorParameters"]["properties"]) == listed
    fast = kinds["MacdParameters"]["properties"]["fast_bars"]
    assert (fast["default"], fast["minimum"], fast["maximum"], fast["type"]) == (12, 2, 10_000, "integer")
    assert kinds["MacdParameters"]["additionalProperties"] is False
    assert schema["properties"]["atr_n"]["default"] == 14


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("features", "describe", "rssi"), "'rssi'; did you mean 'rsi'?"),
        (("features", "list", "--preset", "volatilty"), "did you mean 'volatility'?"),
        (("features", "list", "--timeframe", "2h"), "timeframe must be one of"),
        (("verify",), "verify needs --symbol and --timeframe, was neither"),
        (("verify", "--symbol", "EURUSD"), "was one of them"),
        (("verify", "leaks", "--symbol", "EURUSD"), "bars of EURUSD must be built first"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_refusal_with_the_remedy(run, arguments, text):
    found = run(*arguments)

    assert isinstance(found.exception, PipelineError)
    assert text in str(found.exception)


def suite_of(*results: SuiteResult):
    def run_leak_suite(*_, **__):
        yield from results

    return run_leak_suite


CAUGHT = SuiteResult(
    "planted leak",
    "F1 slow bars joined by their open",
    passed=True,
    detail="seen",
    killed_by="grid",
    group="features",
)


def test_the_suite_prints_its_score(run, monkeypatch):
    monkeypatch.setattr(leak_suite, "run_leak_suite", suite_of(CAUGHT))

    found = run("verify", "leaks", "--symbol", "EURUSD", "--json")

    by_group = {"features": {"killed": 1, "planted": 1}}
    assert json.loads(found.stdout)["mutation_score"] == {"killed": 1, "planted": 1, "by_group": by_group}
    assert json.loads(found.stdout)["results"][0]["group"] == "features"
    assert found.exit_code == 0
    printed = run("verify", "leaks", "--symbol", "EURUSD").stdout.splitlines()
    assert printed[-2:] == ["features: 1 of 1", "Mutation score: 1 of 1 planted leaks caught."]


@pytest.mark.parametrize(
    "bad",
    [
        SuiteResult("planted leak", "F2 slow bars one bar stale", passed=False, detail="no test noticed"),
        SuiteResult("catalogue", "1h", passed=False, detail="rsi_1h_14 changes with the future"),
    ],
    ids=["a leak nobody saw", "an alarm on the clean pipeline"],
)
def test_a_missed_leak_or_a_false_alarm_is_an_error(run, monkeypatch, bad):
    monkeypatch.setattr(leak_suite, "run_leak_suite", suite_of(CAUGHT, bad))

    found = run("verify", "leaks", "--symbol", "EURUSD")

    assert isinstance(found.exception, PipelineError)
    assert bad.detail in str(found.exception)


def test_groups_and_indicators_never_share_a_name():
    assert set(GROUPS) & set(CATALOGUE) == set()
    assert {"core", "core18", "all", "none"} & set(CATALOGUE) == set()
