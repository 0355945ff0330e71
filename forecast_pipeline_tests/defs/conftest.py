"""A small state folder with candles, and the definitions on it."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.definitions import build_definitions
from forecast_pipeline.defs.resources import HomeResource


@pytest.fixture(scope="session")
def two_weeks():
    """Two weeks of simulated minutes over a change of year."""
    return simulate_candles(SimulatedWorld(start=date(2022, 12, 18), n_weeks=3, seed=9))


@pytest.fixture
def on_home(home):
    """Definitions whose state folder is the test's."""
    return build_definitions(home=HomeResource(path=str(home.root)))


@pytest.fixture
def instance():
    """A Dagster instance in memory that knows one symbol."""
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions("symbols", ["EURUSD"])
        yield made
