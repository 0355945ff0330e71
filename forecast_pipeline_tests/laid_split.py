"""A lake with a split and no model, for tests that train on it."""

from __future__ import annotations

from datetime import date

import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features
from forecast_pipeline.splits.build import build_splits
from forecast_pipeline.splits.parameters import SplitParameters

H1 = Timeframe.H1
SPLIT = SplitParameters(n_splits=2, max_warmup_fraction=0.6, horizon=3, purge_days=0, embargo_days=0)


@pytest.fixture(scope="module")
def laid(tmp_path_factory, ingest_frame):
    """Five weeks of hourly bars with a split."""
    home = Home(tmp_path_factory.mktemp("laid"))
    ingest_frame(home, simulate_candles(SimulatedWorld(start=date(2023, 2, 5), n_weeks=5, seed=4)))
    build_bars(home, "EURUSD", H1)
    build_features(home, "EURUSD", H1)
    build_splits(home, "EURUSD", H1, SPLIT)
    return home
