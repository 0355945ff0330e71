"""Guards verification of a lake where forecasters read past bars at their own resolution."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import find, frame_writer, publish
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.forecasts.inference import forecast_rows, matrix_of
from forecast_pipeline.models.artifact import load_artifact
from forecast_pipeline.splits.build import read_split
from forecast_pipeline.splits.plan import LIVE
from forecast_pipeline.verification import lake
from forecast_pipeline.verification.lake import verify_serving

H1, H4 = Timeframe.H1, Timeframe.H4
LENGTH = 12


class WindowForecaster:
    """Forecasts the sum of the values that it is shown, with the statistics that it stored."""

    def __init__(self, statistics):
        self.statistics = statistics

    def sample(self, rows, n_samples):
        windows = rows.native.with_statistics(self.statistics)
        values = windows.windows(0, np.arange(len(rows)), LENGTH).values
        shown = values.astype(np.float64).sum(axis=(1, 2)) * 1e-4
        return np.broadcast_to(shown[None, :, None], (n_samples, *rows.increments.shape)).copy()


@pytest.fixture(scope="module")
def reader(trained_home):
    """The artifact of a family with a forecaster in its place that reads windows."""
    split = read_split(trained_home, "EURUSD", H1)
    statistics = split.arrays(LIVE).train.native.statistics()
    artifact = load_artifact(trained_home, "EURUSD", H1, "ewma", split.horizons[-1])
    return dataclasses.replace(artifact, forecaster=WindowForecaster(statistics))


def test_a_served_forecaster_finds_the_windows_that_training_showed(trained_home, reader):
    split = read_split(trained_home, "EURUSD", H1)
    matrix = matrix_of(trained_home, "EURUSD", H1, reader)
    fold, validation = split.fold(LIVE), split.arrays(LIVE).validation
    positions = list(range(fold["validation_start"], fold["validation_stop"], 10))

    served = forecast_rows(matrix, reader, positions).filter(horizon_bars=1)["mean"].to_numpy()

    rows = np.array(positions) - fold["validation_start"]
    due = validation.native.windows(0, rows, LENGTH).values.astype(np.float64).sum(axis=(1, 2)) * 1e-4
    np.testing.assert_allclose(served, due, rtol=1e-12)
    assert np.unique(due).size == due.size


def test_serving_is_replayed_with_windows(trained_home, reader, monkeypatch):
    monkeypatch.setattr(lake, "open_artifact", lambda _: reader)

    finding = verify_serving(trained_home, "EURUSD", H1, reader.stored.name)

    assert finding.passed, finding.detail


def test_a_feature_that_a_rebuilt_past_shows_otherwise_is_named(trained_home, tmp_path):
    """Also one that no matrix holds: panels hold all of them."""
    past = Home(tmp_path)
    stored = find(trained_home.features("EURUSD"), H1)
    known = stored.read_frame().head(400)
    facts = {name: value for name, value in stored.card.items() if name not in ("files", "sha256", "parts")}
    publish(past.features("EURUSD"), H1, {".parquet": frame_writer(known)}, facts)
    assert lake._differing_natively(trained_home, past, "EURUSD") == ([], known.width)

    saw_the_future = pl.when(pl.int_range(pl.len()) == 390).then(99.0).otherwise("rsi_1h_14").alias("rsi_1h_14")
    changed = known.with_columns(saw_the_future.cast(pl.Float32))
    publish(past.features("EURUSD"), H1, {".parquet": frame_writer(changed)}, facts)

    assert lake._differing_natively(trained_home, past, "EURUSD") == (["rsi_1h_14 of 1h"], known.width)
