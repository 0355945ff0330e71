"""A small state folder with hourly models of every family, trained on a split of two folds."""

from __future__ import annotations

from datetime import date

import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features
from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.models.train import train_model
from forecast_pipeline.splits.build import build_splits
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.verification.small_settings import small_parameters

SPLIT = SplitParameters(n_splits=2, max_warmup_fraction=0.6, horizon=6, purge_days=0, embargo_days=0)


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory, ingest_frame):
    """Nine weeks of EURUSD with hourly bars, features, split and an artifact of every family."""
    home = Home(tmp_path_factory.mktemp("trained"))
    ingest_frame(home, simulate_candles(SimulatedWorld(start=date(2023, 2, 5), n_weeks=9, seed=4)))
    build_bars(home, "EURUSD", Timeframe.H1)
    build_features(home, "EURUSD", Timeframe.H1)
    build_splits(home, "EURUSD", Timeframe.H1, SPLIT)
    for family in FAMILIES:
        train_model(home, "EURUSD", Timeframe.H1, family, small_parameters(family))
    return home
