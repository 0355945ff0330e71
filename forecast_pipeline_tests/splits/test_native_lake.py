"""Promise: panels of a lake are its feature partitions, mapped from a cache that is never believed unchecked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import frame_writer, publish
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features, read_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.splits import native_lake
from forecast_pipeline.splits.native_lake import CLOSES, VALUES, native_features, open_panel

M15, H1, H4 = Timeframe("15m"), Timeframe("1h"), Timeframe("4h")
FEW = FeatureParameters(indicators=("rsi", "sma"))


@pytest.fixture(scope="module")
def built_home(tmp_path_factory, ingest_frame, simulated_candles):
    home = Home(tmp_path_factory.mktemp("native"))
    ingest_frame(home, simulated_candles)
    for timeframe in (M15, H1, H4):
        build_bars(home, "EURUSD", timeframe)
        build_features(home, "EURUSD", timeframe, FEW)
    return home


@pytest.fixture
def written(monkeypatch):
    """Timeframes whose arrays were written."""
    calls = []
    real = native_lake._write
    monkeypatch.setattr(native_lake, "_write", lambda *given: calls.append(given[2]) or real(*given))
    return calls


@pytest.mark.parametrize("timeframe", [M15, H1])
def test_a_panel_is_the_feature_partition(built_home, timeframe):
    features = read_features(built_home, "EURUSD", timeframe).read_frame()

    panel = open_panel(built_home, "EURUSD", timeframe)

    assert panel.timeframe_minutes == timeframe.minutes
    assert panel.columns == tuple(features.columns[2:])
    assert panel.close_us.tolist() == features["close_ts_utc"].to_physical().to_list()
    assert panel.values.dtype == np.float32
    np.testing.assert_array_equal(panel.values, features.select(panel.columns).to_numpy())


def test_the_arrays_are_mapped_written_once_and_uncompressed(built_home, written):
    one, two = (open_panel(built_home, "EURUSD", H4) for _ in range(2))

    assert len(written) <= 1
    assert isinstance(one.values, np.memmap)
    assert not one.values.flags.writeable
    assert one.values.filename == two.values.filename
    assert built_home.native_features("EURUSD") in Path(one.values.filename).parents


@pytest.mark.parametrize("damage", ["bit", "truncated", "deleted", "card", "clock"])
def test_a_damaged_cache_is_written_again(built_home, written, damage):
    whole = np.array(open_panel(built_home, "EURUSD", H1).values)
    written.clear()
    folder = built_home.native_features("EURUSD")
    path = next(folder.glob(f"1h-*{CLOSES if damage == 'clock' else VALUES}"))
    content = bytearray(path.read_bytes())
    if damage in ("bit", "clock"):
        content[-3] ^= 1
        path.write_bytes(content)
    elif damage == "truncated":
        path.write_bytes(content[:-4000])
    elif damage == "deleted":
        path.unlink()
    else:
        (folder / "1h.json").write_text("{")

    panel = open_panel(built_home, "EURUSD", H1)

    assert written == [H1]
    np.testing.assert_array_equal(panel.values, whole)
    np.testing.assert_array_equal(open_panel(built_home, "EURUSD", H1).values, whole)
    assert written == [H1]


def test_other_features_are_another_panel_and_an_open_one_stays(built_home, written):
    before = open_panel(built_home, "EURUSD", H4)
    values = np.array(before.values)
    build_features(built_home, "EURUSD", H4, FeatureParameters(indicators=("rsi", "sma"), rsi_n=21))
    written.clear()

    after = open_panel(built_home, "EURUSD", H4)

    assert written == [H4]
    assert after.columns != before.columns
    np.testing.assert_array_equal(before.values, values)
    build_features(built_home, "EURUSD", H4, FEW)


def test_a_source_holds_what_is_built_and_not_faster_than_the_base(built_home, written):
    source = native_features(built_home, "EURUSD", M15)

    assert source.minutes == (15, 60, 240)
    assert native_features(built_home, "EURUSD", H1).minutes == (60, 240)
    assert native_features(built_home, "EURUSD", Timeframe("1d")).minutes == ()
    assert native_features(built_home, "GBPUSD", M15).minutes == ()
    with pytest.raises(
        MissingData, match="features of bars of 1440 minutes must be built, was features of 15, 60, 240"
    ):
        source.panel(1440)
    assert written == [], "nothing is read before it is asked for"


def test_a_partition_without_a_bar_is_an_empty_panel(tmp_path):
    home = Home(tmp_path)
    schema = {"ts_utc": INSTANT, "close_ts_utc": INSTANT, "rsi_1h_14": pl.Float32}
    facts = {"n_rows": 0, "columns": [{"name": "rsi_1h_14"}]}
    publish(home.features("EURUSD"), H1, {".parquet": frame_writer(pl.DataFrame(schema=schema))}, facts)

    panel = open_panel(home, "EURUSD", H1)

    assert (panel.close_us.size, panel.values.shape) == (0, (0, 1))


def test_undefined_values_stay_undefined(built_home):
    panel = open_panel(built_home, "EURUSD", M15)

    assert np.isnan(panel.values).any()
    first = dataclasses.replace(panel, values=np.array(panel.values))
    assert np.isnan(first.values[0]).sum() >= len([c for c in panel.columns if "rsi" in c])
