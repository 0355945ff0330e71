"""New candles arrive: what is stale is named, forecasts move to the newest bar, training is asked for in time."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from forecast_pipeline.bars.build import build_bars, buildable_timeframes
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.staleness import (
    new_bars_since_training,
    outdated_forecasts,
    partitions_to_repair,
    years_to_build,
)
from forecast_pipeline.features.build import build_features
from forecast_pipeline.forecasts.inference import publish_forecasts
from forecast_pipeline.splits.parameters import SplitParameters

sys.path.insert(0, str(Path(__file__).parent))
from worlds import walk_through

pytestmark = pytest.mark.slow
SPLITS = SplitParameters(n_splits=2, horizons=(1, 4), purge_days=0.5, embargo_days=0, indicator_tfs={"rsi": ("30m",)})


def test_a_new_week_moves_the_forecast_and_asks_for_training(home, ingest_frame):
    world = simulate_candles(SimulatedWorld(start=date(2023, 5, 7), n_weeks=5, seed=6))
    old = world.filter(pl.col("ts_utc") < pl.datetime(2023, 6, 2, time_zone="UTC"))
    ingest_frame(home, old)
    chain = walk_through(home, "EURUSD", Timeframe.M30, SPLITS, names=("random_walk", "ewma", "ridge"))
    slow = [t for t in buildable_timeframes(home, "EURUSD") if t >= Timeframe.M30]

    assert list(outdated_forecasts(home)) == []
    assert [n for _, _, n, _ in new_bars_since_training(home)] == [0]
    assert list(years_to_build(home)) == []

    ingest_frame(home, world.filter(pl.col("ts_utc") >= pl.datetime(2023, 6, 2, time_zone="UTC")))
    stale = {timeframe for _, timeframe in partitions_to_repair(home)}
    for timeframe in slow:
        build_bars(home, "EURUSD", timeframe)
        build_features(home, "EURUSD", timeframe)
    n_new = build_bars(home, "EURUSD", Timeframe.M30).card["n_rows"] - chain.split.card["n_rows"]

    assert {t.value for t in slow} <= stale
    assert [(s, t, n) for s, t, n, _ in new_bars_since_training(home)] == [("EURUSD", "30m", n_new)]
    assert [(s, t) for s, t, _ in outdated_forecasts(home)] == [("EURUSD", "30m")]

    live = publish_forecasts(home, "EURUSD", Timeframe.M30).read_frame()

    assert list(outdated_forecasts(home)) == []
    assert live["issued_at_utc"].max() == build_bars(home, "EURUSD", Timeframe.M30).read_frame()["close_ts_utc"][-1]
    assert live["issued_at_utc"].max() > chain.forecasts.read_frame()["issued_at_utc"].max()
