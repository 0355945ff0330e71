"""Guards features that other symbols enter: whose bars count, when they count, and that they are published apart."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.core import publication
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features
from forecast_pipeline.features.catalogue.table import GROUPS
from forecast_pipeline.features.compute import REASONS
from forecast_pipeline.features.cross import (
    build_cross_features,
    closes_at,
    peer_symbols,
    read_cross_features,
    wants_cross_features,
)
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import simulated_bars

H1 = Timeframe.H1
CROSS = FeatureParameters(indicators=("cross_pair",))


def put_bars(home: Home, symbol: str, bars: pl.DataFrame) -> publication.Published:
    return publication.publish(
        home.bars(symbol), "1h", {".parquet": publication.frame_writer(bars)}, {"symbol": symbol}
    )


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path)
    for seed, symbol in enumerate(("EURUSD", "GBPUSD", "USDJPY", "EURJPY", "GOLD")):
        put_bars(home, symbol, simulated_bars(H1, 700, seed, hole_fraction=0.02))
    return home


def test_peers_are_the_other_pairs_if_one_of_them_shares_a_currency(home):
    put_bars(home, "AUDNZD", simulated_bars(H1, 10))

    assert peer_symbols(home, "EURUSD", H1) == ["AUDNZD", "EURJPY", "GBPUSD", "USDJPY"]
    assert peer_symbols(home, "AUDNZD", H1) == []
    assert peer_symbols(home, "GOLD", H1) == []
    assert peer_symbols(home, "EURUSD", Timeframe.H4) == []


def test_a_close_counts_only_where_the_other_bar_closes_at_the_same_instant(home):
    own = simulated_bars(H1, 700, 0, hole_fraction=0.02)
    other = simulated_bars(H1, 700, 1, hole_fraction=0.02)
    stored = publication.find(home.bars("GBPUSD"), "1h")

    found = closes_at(own["close_ts_utc"].cast(pl.Int64).to_numpy(), stored)

    by_close = dict(zip(other["close_ts_utc"], other["close"], strict=True))
    expected = [by_close.get(close, float("nan")) for close in own["close_ts_utc"]]
    np.testing.assert_array_equal(found, expected)
    assert 0 < np.isnan(found).sum() < 100


def test_the_partition_holds_the_group_and_names_every_symbol_it_was_made_of(home):
    built = build_cross_features(home, "EURUSD", H1, CROSS)

    frame = read_cross_features(home, "EURUSD", H1).read_frame()
    assert {column["indicator"] for column in built.card["columns"]} == set(GROUPS["cross_pair"])
    assert sorted(built.card["upstream"]) == ["bars/EURJPY", "bars/EURUSD", "bars/GBPUSD", "bars/USDJPY"]
    assert built.card["stage"] == "cross_features"
    assert built.card["leak_check"]["n_findings"] == 0
    assert frame.height == 700
    assert all(frame[name].is_finite().mean() > 0.5 for name in frame.columns[2:])


def test_a_change_of_another_symbol_changes_the_version_and_its_absence_is_said(home, tmp_path):
    first = build_cross_features(home, "EURUSD", H1, CROSS)
    put_bars(home, "GBPUSD", simulated_bars(H1, 700, 42))

    assert build_cross_features(home, "EURUSD", H1, CROSS).sha256 != first.sha256

    alone = Home(tmp_path / "alone")
    put_bars(alone, "EURUSD", simulated_bars(H1, 300))
    lonely = build_cross_features(alone, "EURUSD", H1, CROSS)
    assert lonely.card["absent"] == dict.fromkeys(GROUPS["cross_pair"], REASONS["peers"])
    assert lonely.read_frame().columns == ["ts_utc", "close_ts_utc"]


def test_what_the_other_symbols_cannot_give_is_absent_with_the_reason(tmp_path):
    home = Home(tmp_path)
    for seed, symbol in enumerate(("EURGBP", "EURJPY")):
        put_bars(home, symbol, simulated_bars(H1, 400, seed))

    built = build_cross_features(home, "EURGBP", H1, CROSS)

    assert built.card["absent"] == {
        **dict.fromkeys(["dollar_index_return", "dollar_regression"], "no other pair at hand holds the dollar"),
        "triangle_gap": "no two pairs at hand close a triangle with it",
    }
    frame = built.read_frame()
    assert all(frame[name].is_finite().any() for name in frame.columns[2:])


def test_the_other_features_do_not_know_other_symbols(home):
    built = build_features(home, "EURUSD", H1, FeatureParameters(indicators=("cross_pair", "atr")))

    assert not {column["indicator"] for column in built.card["columns"]} & set(GROUPS["cross_pair"])
    assert built.card["absent"] == {}


def test_only_a_choice_that_needs_other_symbols_asks_for_them():
    assert wants_cross_features(CROSS)
    assert wants_cross_features(FeatureParameters(indicators=("all",)))
    assert not wants_cross_features(FeatureParameters())


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(MissingData, match="bars of EURUSD 1h must be built first"):
        build_cross_features(Home(tmp_path), "EURUSD", H1)
    with pytest.raises(MissingData, match="build the cross-pair features of EURUSD 1h"):
        read_cross_features(Home(tmp_path), "EURUSD", H1)
