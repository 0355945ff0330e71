"""Guards every number of the catalogue against a change that nobody meant: recorded values of a made-up history."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.compute import ALL_INPUTS, compute_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import bars_frame

GOLDEN = Path(__file__).parents[1] / "golden" / "features_1h.json"
N_BARS = 900
ROWS = (-300, -7, -1)


def made_up() -> dict[str, list[float]]:
    """Every column at three rows of a history that is made of sines and a small generator of its own."""
    hour = Timeframe.H1.microseconds
    start = int(np.datetime64("2024-01-01T22:00", "us").astype(np.int64))
    weeks = [start + (week * 168 + slot) * hour for week in range(8) for slot in range(117)][:N_BARS]
    state, path = 20240310, []
    level = 1.1
    for _ in range(N_BARS):
        points = []
        for point in range(5):
            state = (1_103_515_245 * state + 12_345) % 2**31  # the generator of the C standard's example
            level += round((state / 2**31 - 0.5) * 40 + 3 * math.sin(state % 628 / 100 + point)) * 1e-5
            points.append(round(level, 5))
        path.append(points)
    volume = np.array([50.0 + (7 * i) % 31 for i in range(N_BARS)])
    bars = bars_frame(np.array(weeks), np.array(path), Timeframe.H1, volume)
    closes = bars["close"].to_numpy()
    peers = {"EURGBP": 0.78 * closes, "GBPUSD": 1.27 / closes, "USDJPY": 110.0 * closes**0.5}
    table = compute_features(
        bars, Timeframe.H1, FeatureParameters(indicators=("all",)), inputs=ALL_INPUTS, symbol="EURUSD", peers=peers
    )
    return {c.name: [float(table.frame[c.name][row]) for row in ROWS] for c in table.columns}


def test_the_recorded_columns_are_those_of_the_catalogue():
    assert list(json.loads(GOLDEN.read_text())) == list(made_up())


@pytest.mark.parametrize("row", range(len(ROWS)), ids=[f"row {row}" for row in ROWS])
def test_every_value_is_the_recorded_one(row):
    found, recorded = made_up(), json.loads(GOLDEN.read_text())

    differing = {
        name: (values[row], recorded[name][row])
        for name, values in found.items()
        if not math.isclose(values[row], recorded[name][row], rel_tol=1e-8, abs_tol=1e-10)
        and not (math.isnan(values[row]) and math.isnan(recorded[name][row]))
    }
    assert differing == {}
