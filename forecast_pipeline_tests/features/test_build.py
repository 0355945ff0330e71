"""Guards what is published: verified input, complete card, no leak, equal bytes for equal bars."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from forecast_pipeline.core import publication
from forecast_pipeline.core.errors import LeakDetected, MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features, read_features
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.compute import compute_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import simulated_bars


def home_with(tmp_path, bars: pl.DataFrame, timeframe: Timeframe) -> Home:
    home = Home(tmp_path)
    files = {".parquet": publication.frame_writer(bars)}
    publication.publish(home.bars("EURUSD"), timeframe.value, files, {"symbol": "EURUSD"})
    return home


def in_single_precision(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).cast(pl.Float32))


def test_the_partition_holds_the_features_and_says_where_they_come_from(tmp_path):
    bars = simulated_bars(Timeframe.H1, 400)
    home = home_with(tmp_path, bars, Timeframe.H1)

    built = build_features(home, "EURUSD", Timeframe.H1)

    expected = compute_features(bars, Timeframe.H1, FeatureParameters())
    card = built.card
    assert read_features(home, "EURUSD", Timeframe.H1).read_frame().equals(in_single_precision(expected.frame))
    assert (card["symbol"], card["timeframe"], card["stage"], card["n_rows"]) == ("EURUSD", "1h", "features", 400)
    assert card["first_ts_utc"] == bars["ts_utc"][0].isoformat()
    assert card["last_ts_utc"] == bars["ts_utc"][-1].isoformat()
    assert FeatureParameters.parse(card["parameters"]) == FeatureParameters()
    assert [c["name"] for c in card["columns"]] == [c.name for c in expected.columns]
    assert set(card["columns"][0]) == {
        *("name", "indicator", "unit", "description", "bar_columns", "required_bars"),
    }
    assert card["absent"] == {}
    assert card["upstream"] == {"bars": publication.find(home.bars("EURUSD"), "1h").sha256}
    assert card["leak_check"]["n_findings"] == 0
    assert card["leak_check"]["n_cuts"] > 10


def test_building_again_changes_nothing(tmp_path):
    home = home_with(tmp_path, simulated_bars(Timeframe.H1, 300, has_volume=False), Timeframe.H1)

    assert build_features(home, "EURUSD", Timeframe.H1) == build_features(home, "EURUSD", Timeframe.H1)


@pytest.mark.parametrize("n_bars", [0, 1, 2])
def test_hardly_any_bars_are_published_as_warm_up(tmp_path, n_bars):
    home = home_with(tmp_path, simulated_bars(Timeframe.D1, n_bars), Timeframe.D1)

    built = build_features(home, "EURUSD", Timeframe.D1)

    assert built.read_frame().height == built.card["n_rows"] == n_bars


def test_without_bars_it_says_what_to_do(tmp_path):
    with pytest.raises(MissingData, match="bars of EURUSD 5m must be built first"):
        build_features(Home(tmp_path), "EURUSD", Timeframe.M5)
    with pytest.raises(MissingData, match="build the features of EURUSD 5m"):
        read_features(Home(tmp_path), "EURUSD", Timeframe.M5)


def test_a_leaking_indicator_is_not_published(tmp_path, monkeypatch):
    home = home_with(tmp_path, simulated_bars(Timeframe.H1, 600), Timeframe.H1)
    peeking = dataclasses.replace(CATALOGUE["cci"], compute=lambda b, _: ((b.close - b.close.mean()) / b.close.std(),))

    monkeypatch.setitem(CATALOGUE, "cci", peeking)

    with pytest.raises(LeakDetected, match="cci_1h_20 changes with the future"):
        build_features(home, "EURUSD", Timeframe.H1)
    assert publication.find(home.features("EURUSD"), "1h") is None
