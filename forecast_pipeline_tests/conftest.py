"""What every folder of tests may use: a state folder, a simulated market, and the real files where they are."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from forecast_pipeline.candles.build import build_candles, landed_years
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.landing import landed_files
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.home import Home

# The same examples in every run: a red test has to be red for the next person too.
settings.register_profile("pipeline", derandomize=True, deadline=None, max_examples=30, database=None)
settings.load_profile("pipeline")

REPOSITORY = Path(__file__).parents[1]
INGESTED_AT = datetime(2031, 1, 1, tzinfo=UTC)
"""When the first file of a test is ingested; later files follow by one second each."""


@pytest.fixture
def home(tmp_path):
    """An empty state folder."""
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def simulated_candles():
    """Six weeks of simulated minutes, bid and ask, over the US (12 March) and the EU (26 March 2023) clock change."""
    return simulate_candles(SimulatedWorld(start=date(2023, 2, 19), n_weeks=6, seed=5))


@pytest.fixture(scope="session")
def ingest_frame():
    """Function that lands a tidy frame as a new file and builds all candles of the symbol.

    ``ingest_frame(home, frame, symbol="EURUSD", **options)`` returns the published years; options are those of
    `SourceOptions`.
    """

    def ingest(home, frame, symbol="EURUSD", **options):
        n_landed = len(landed_files(home, symbol))
        home.inbox.mkdir(parents=True, exist_ok=True)
        path = home.inbox / f"{symbol}_{n_landed}.parquet"
        frame.write_parquet(path)
        now = INGESTED_AT + timedelta(seconds=n_landed)
        ingest_file(home, path, symbol, SourceOptions(vendor="parquet", **options), clock=lambda: now)
        return list(build_candles(home, symbol, landed_years(home, symbol)))

    return ingest


@pytest.fixture(scope="session")
def market_data():
    """Folder of real vendor files; they may not be copied into the repository."""
    folder = Path(os.environ.get("FORECAST_MARKET_DATA", REPOSITORY.parent / "shared" / "market-data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"no real vendor files in {folder}; set FORECAST_MARKET_DATA to their folder")
    return folder
