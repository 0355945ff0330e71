"""Guards the suite: every planted leak is caught, by the test one expects, and the clean pipeline is not accused."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date

import polars as pl
import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features
from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.verification.leak_suite import (
    N_WEEKS,
    SuiteResult,
    holed,
    mutation_score,
    plant,
    run_leak_suite,
    score_by_group,
    simulated_pipeline,
    window_around_clock_change,
)
from forecast_pipeline.verification.leak_tests import TESTS
from forecast_pipeline.verification.pipeline import Pipeline
from forecast_pipeline.verification.planted_leaks import EXPECTED, PLANTED_LEAKS, PlantedLeak

N_PLANTED = {"features": 17, "splits": 12, "fitting": 13, "serving": 6, "backtest": 7, "scores": 8}
"""Planted errors by group, as `design/correctness.md` lists them, and one more of a fit."""


@pytest.fixture(scope="module")
def world() -> tuple[Pipeline, pl.DataFrame]:
    return simulated_pipeline()


def test_group_f_is_complete_and_in_order():
    assert [leak.code for leak in PLANTED_LEAKS] == [f"F{number}" for number in range(1, 18)]


@pytest.mark.parametrize("leak", PLANTED_LEAKS, ids=lambda leak: leak.code)
def test_a_planted_leak_is_caught_by_the_test_that_is_for_it(world, leak):
    found = plant(leak, *world)

    assert found.passed, found.detail
    assert found.killed_by == EXPECTED[leak.code]


@pytest.mark.parametrize("code", ["F1", "F3"])
def test_a_join_that_looks_ahead_would_be_caught_by_rebuilding_alone(world, code):
    """The visibility check knows the rule; truncation knows nothing and still sees it."""
    pipeline, candles = world
    mutant = next(leak for leak in PLANTED_LEAKS if leak.code == code).plant(pipeline)

    assert next(TESTS["truncation"](mutant, candles), None) is not None
    assert next(TESTS["perturbation"](mutant, candles), None) is not None


@pytest.mark.parametrize("name", list(TESTS))
def test_the_clean_pipeline_raises_no_alarm(world, name):
    assert list(TESTS[name](*world)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_five_other_worlds_raise_no_alarm_on_other_timeframes(seed):
    candles = simulate_candles(SimulatedWorld(start=date(2024, 9, 29), n_weeks=N_WEEKS + 1, seed=seed))
    candles = candles.with_columns(source_minutes=pl.lit(1, pl.Int32), spread=pl.lit(None, pl.Float64))
    pipeline = Pipeline(base=Timeframe.M30, slower=(Timeframe.H1, Timeframe.H4, Timeframe.D1))
    window = holed(window_around_clock_change(candles))

    assert {name: list(test(pipeline, window)) for name, test in TESTS.items()} == {name: [] for name in TESTS}


def test_a_leak_that_nothing_catches_lowers_the_score_and_is_no_pass(world):
    harmless = PlantedLeak("F0", "nothing at all", dataclasses.replace)

    found = plant(harmless, *world)

    assert (found.passed, found.killed_by, found.detail) == (False, "", "no test noticed")
    caught = SuiteResult("planted leak", "F1", passed=True, detail="", killed_by="grid")
    other = SuiteResult("catalogue", "1h", passed=True, detail="")
    assert mutation_score([found, caught, other]) == (1, 2)


def test_the_window_holds_a_change_of_clocks_and_a_hole(world):
    _, candles = world
    opens = candles["ts_utc"]

    assert (opens[-1] - opens[0]).days >= 7 * N_WEEKS - 3
    new_york = opens.dt.convert_time_zone("America/New_York")
    assert new_york.dt.dst_offset().n_unique() == 2
    pauses = opens.diff().drop_nulls().dt.total_minutes()
    assert 541 in pauses.to_list()


@pytest.fixture(scope="module")
def lake(tmp_path_factory, ingest_frame) -> Home:
    home = Home(tmp_path_factory.mktemp("lake"))
    ingest_frame(home, simulate_candles(SimulatedWorld(start=date(2023, 2, 5), n_weeks=9, seed=4)))
    for timeframe in (Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1):
        build_bars(home, "EURUSD", timeframe)
        build_features(home, "EURUSD", timeframe)
    return home


@pytest.mark.slow
def test_the_suite_runs_on_a_lake(lake):
    results = list(run_leak_suite(lake, "EURUSD"))

    assert [result for result in results if not result.passed] == []
    assert score_by_group(results) == {group: (count, count) for group, count in N_PLANTED.items()}
    assert mutation_score(results) == (sum(N_PLANTED.values()),) * 2
    assert [r.name for r in results if r.part == "catalogue"] == ["15m", "1h", "4h", "1d"]
    assert [r.name for r in results if r.part == "published"] == ["15m", "1h", "4h", "1d"]
    asked = [r.name for r in results if r.part == "clean pipeline"]
    assert asked[: len(TESTS)] == list(TESTS)
    # Every test that catches something has been asked about the honest pipeline as well.
    assert {name for r in results for name in r.killed_by.split(", ") if name} <= set(asked)


@pytest.mark.slow
def test_the_suite_refits_the_folds_of_a_lake(trained_home):
    of_the_lake = itertools.takewhile(lambda r: r.part != "clean pipeline", run_leak_suite(trained_home, "EURUSD"))
    found = {r.name: (r.passed, r.detail) for r in of_the_lake if r.part == "cut-off"}

    assert list(found) == ["1h published statistics", *(f"1h {family}" for family in FAMILIES)]
    assert set(found.values()) == {(True, "identical")}


@pytest.mark.slow
def test_features_older_than_their_bars_and_changed_numbers_are_noticed(lake, monkeypatch):
    from forecast_pipeline.features.indicators import momentum
    from forecast_pipeline.verification import leak_suite

    honest = momentum.williams_r
    monkeypatch.setattr(momentum, "williams_r", lambda *a, **k: honest(*a, **k) + 1e-3)
    changed = leak_suite._published(lake, "EURUSD", Timeframe.H1)
    monkeypatch.undo()

    assert not changed.passed
    assert "williams_r_1h_14" in changed.detail
    assert leak_suite._published(lake, "EURUSD", Timeframe.H1).passed


def test_a_lake_without_bars_says_so(tmp_path):
    with pytest.raises(MissingData, match="bars of EURUSD must be built first"):
        list(run_leak_suite(Home(tmp_path), "EURUSD"))


@pytest.mark.slow
def test_a_daily_lake_has_its_leaks_planted_in_a_simulated_world(tmp_path, monkeypatch):
    from forecast_pipeline.verification import leak_suite
    from forecast_pipeline_tests.features.simulated import simulated_bars

    home = Home(tmp_path)
    from forecast_pipeline.core import publication

    bars = simulated_bars(Timeframe.D1, 300)
    publication.publish(home.bars("EURUSD"), "1d", {".parquet": publication.frame_writer(bars)}, {"symbol": "EURUSD"})
    build_features(home, "EURUSD", Timeframe.D1)
    # The other groups never look at the lake.
    monkeypatch.setattr(leak_suite, "simulated_mutants", list)
    monkeypatch.setattr(leak_suite, "clean_results", list)

    results = list(run_leak_suite(home, "EURUSD"))

    assert [result.detail for result in results if not result.passed] == []
    assert any("a simulated world instead" in result.detail for result in results)
    assert mutation_score(results) == (N_PLANTED["features"],) * 2
    with pytest.raises(MissingData, match="leaks between timeframes need a base timeframe below 4h"):
        list(run_leak_suite(home, "EURUSD", Timeframe.D1))
