"""Guards the table that leaves the stage: names, NaN policy, causality, scale, edges."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.compute import ALL_INPUTS, NOT_ON_DAILY_BARS, REASONS, compute_features
from forecast_pipeline.features.cuts import stratified_cuts
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import PRESETS
from forecast_pipeline_tests.features.simulated import bars_frame, simulated_bars
from forecast_pipeline_tests.oracles.truncation import truncation_findings

PARAMETERS = FeatureParameters()
BASE = [
    *("rel_open", "rel_high", "rel_low", "rel_close", "is_after_closure"),
    *("hour_sin", "hour_cos", "dow_sin", "dow_cos"),
    *("new_york_hour_sin", "new_york_hour_cos", "london_hour_sin", "london_hour_cos"),
    *("rv_60", "retstd_60"),
]
FIVE_MINUTE_COLUMNS = [
    "atr_5m_14",
    *(f"bollinger_{level}_5m_20_2" for level in ("upper", "middle", "lower")),
    *(f"keltner_{level}_5m_20_10_2" for level in ("upper", "middle", "lower")),
    *("rsi_5m_14", "stochastic_k_5m_14_3_3", "stochastic_d_5m_14_3_3", "cci_5m_20", "williams_r_5m_14"),
    *("mfi_5m_14", "macd_5m_12_26_9", "macd_signal_5m_12_26_9", "macd_histogram_5m_12_26_9", "adx_5m_14"),
    *("ema_5m_30", "sma_5m_50", "trix_5m_15", "obv_5m", "vwap_5m"),
    *(f"donchian_{level}_5m_20" for level in ("upper", "middle", "lower")),
    *("hurst_5m_64", "ultimate_oscillator_5m_7_14_28"),
]


def test_columns_are_the_base_and_the_catalogue_in_order():
    table = compute_features(simulated_bars(Timeframe.M5, 50), Timeframe.M5, PARAMETERS)

    assert table.frame.columns == ["ts_utc", "close_ts_utc", *BASE, *FIVE_MINUTE_COLUMNS]
    assert [column.name for column in table.columns] == table.frame.columns[2:]
    assert set(table.frame.dtypes[2:]) == {pl.Float64()}


def test_the_specifications_eighteen_names():
    names = "atr bollinger keltner rsi stochastic cci williams_r mfi macd adx ema sma trix obv vwap donchian"

    assert set(PRESETS["core18"]) == {*names.split(), "hurst", "ultimate_oscillator"}
    assert len(PRESETS["core18"]) == 18


def test_parameters_stand_in_the_name():
    settings_ = FeatureParameters(atr_n=7, rsi_n=21, bb_n=10, hurst_window=32, rv_window=12)

    names = set(compute_features(simulated_bars(n_bars=5), Timeframe.H1, settings_).frame.columns)

    assert {"atr_1h_7", "rsi_1h_21", "bollinger_lower_1h_10_2", "hurst_1h_32", "rv_12", "retstd_12"} <= names


@pytest.mark.parametrize("n_bars", [0, 1, 2, 15, 65])
@pytest.mark.parametrize("has_volume", [True, False])
def test_a_tiny_history_is_all_warm_up(n_bars, has_volume):
    bars = simulated_bars(Timeframe.M15, n_bars, has_volume=has_volume)

    table = compute_features(bars, Timeframe.M15, PARAMETERS)

    assert table.frame.height == n_bars
    for column in table.columns:
        values = table.frame[column.name].to_numpy()
        assert np.isnan(values[: column.required_bars - 1]).all()
        assert np.isfinite(values[column.required_bars - 1 :]).all()


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_nan_stands_only_in_the_warm_up(timeframe):
    n_bars = 1700 if timeframe is Timeframe.M1 else 500
    table = compute_features(simulated_bars(timeframe, n_bars, 2), timeframe, PARAMETERS)

    for column in table.columns:
        values = table.frame[column.name].to_numpy()
        expected = np.arange(n_bars) < column.required_bars - 1
        assert np.isnan(values).tolist() == expected.tolist(), column.name


def test_without_volume_three_indicators_are_absent_with_a_reason():
    table = compute_features(simulated_bars(has_volume=False), Timeframe.M15, PARAMETERS)

    assert table.absent == dict.fromkeys(["mfi", "obv", "vwap"], REASONS["volume"])
    assert {column.indicator for column in table.columns} >= set(PRESETS["core18"]) - set(table.absent)
    assert not any(column.indicator in table.absent for column in table.columns)


@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.H1])
def test_no_value_changes_when_the_future_is_cut_off(timeframe):
    bars = simulated_bars(timeframe, 600, seed=3, hole_fraction=0.005)

    def compute(part: pl.DataFrame) -> pl.DataFrame:
        return compute_features(part, timeframe, PARAMETERS, inputs=ALL_INPUTS).frame

    cuts = stratified_cuts(bars, timeframe, n_random=15, seed=1)

    assert len(cuts) > 30
    assert truncation_findings(compute, bars, cuts) == []


@given(cut=st.integers(0, 400), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_any_prefix_has_the_values_of_the_whole(cut, seed):
    bars = simulated_bars(Timeframe.M30, 400, seed)

    def compute(part: pl.DataFrame) -> pl.DataFrame:
        return compute_features(part, Timeframe.M30, PARAMETERS, inputs=ALL_INPUTS).frame

    assert truncation_findings(compute, bars, [cut]) == []


@pytest.mark.parametrize("factor", [1000.0, 1e-10, 151.3])
def test_every_column_ignores_the_unit_of_the_price(factor):
    bars = simulated_bars(n_bars=600, seed=4)
    scaled = bars.with_columns(pl.col("open", "high", "low", "close") * factor)

    found = compute_features(scaled, Timeframe.M15, PARAMETERS).frame
    expected = compute_features(bars, Timeframe.M15, PARAMETERS).frame

    for name in expected.columns[2:]:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-7, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_every_column_ignores_the_unit_of_the_volume(factor):
    bars = simulated_bars(n_bars=400, seed=4)
    scaled = bars.with_columns(pl.col("volume") * factor)

    found = compute_features(scaled, Timeframe.M15, PARAMETERS).frame

    for name, column in compute_features(bars, Timeframe.M15, PARAMETERS).frame.to_dict().items():
        if name not in {"ts_utc", "close_ts_utc"}:
            np.testing.assert_allclose(found[name], column, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("price", [1.1, 0.0073, 151.237])
@pytest.mark.parametrize("volume", [0.0, 3.0])
def test_a_constant_series_is_finite_after_its_warm_up(price, volume):
    prices = [pl.lit(price).alias(name) for name in ("open", "high", "low", "close")]
    bars = simulated_bars(n_bars=600).with_columns(*prices, pl.lit(volume).alias("volume"))

    table = compute_features(bars, Timeframe.M15, PARAMETERS)

    for column in table.columns:
        assert np.isfinite(table.frame[column.name].to_numpy()[column.required_bars - 1 :]).all(), column.name


@given(seed=st.integers(0, 10_000), spread=st.sampled_from([1e-9, 1e-4, 0.5, 3.0]))
@settings(max_examples=25, deadline=None)
def test_wild_prices_are_never_infinite(seed, spread):
    rng = np.random.default_rng(seed)
    path = np.exp(rng.normal(scale=spread, size=(420, 4)))
    path[rng.random(420) < 0.3] = 1.0
    opens = simulated_bars(n_bars=420)["ts_utc"].cast(pl.Int64).to_numpy()
    bars = bars_frame(opens, path, Timeframe.M15, np.where(rng.random(420) < 0.5, 0.0, rng.lognormal(0, 9, 420)))

    table = compute_features(bars, Timeframe.M15, PARAMETERS)

    for column in table.columns:
        assert np.isfinite(table.frame[column.name].to_numpy()[column.required_bars - 1 :]).all(), column.name


def test_null_volume_leaves_nan_only_where_it_counts():
    bars = simulated_bars(n_bars=600, seed=1, hole_fraction=0.0)
    gapped = bars.with_columns(volume=pl.when(pl.int_range(pl.len()) == 400).then(None).otherwise(pl.col("volume")))

    table = compute_features(gapped, Timeframe.M15, PARAMETERS)

    assert table.absent == {}
    assert np.flatnonzero(np.isnan(table.frame["mfi_15m_14"].to_numpy()[300:])).tolist() == list(range(100, 114))
    assert not np.isnan(table.frame["obv_15m"].to_numpy()[500:]).any()


@pytest.mark.parametrize("bad", [None, float("nan"), 0.0, -1.0, float("inf")])
def test_a_price_that_is_no_price_is_refused(bad):
    bars = simulated_bars(n_bars=30)
    spoiled = bars.with_columns(
        close=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit(bad, pl.Float64)).otherwise(pl.col("close"))
    )

    with pytest.raises(CorruptData, match="close must be finite and positive"):
        compute_features(spoiled, Timeframe.M15, PARAMETERS)


def test_relative_prices_and_closures_by_hand():
    friday = int(datetime(2024, 3, 8, 21, 0, tzinfo=UTC).timestamp()) * 1_000_000
    hour = Timeframe.H1.microseconds
    opens = np.array([friday, friday + 48 * hour, friday + 49 * hour, friday + 51 * hour])
    path = np.array([[1.0, 2.0, 0.5, 1.0], [2.0, 4.0, 1.0, 2.0], [2.0, 2.0, 2.0, 2.0], [4.0, 4.0, 1.0, 1.0]])

    frame = compute_features(bars_frame(opens, path, Timeframe.H1, None), Timeframe.H1, PARAMETERS).frame

    two = math.log(2.0)
    assert frame["rel_open"].to_list()[1:] == [two, 0.0, two]
    assert frame["rel_high"].to_list() == [two, two, 0.0, 0.0]
    assert frame["rel_low"].to_list() == [-two, -two, 0.0, -2 * two]
    assert frame["rel_close"].to_list() == [0.0, 0.0, 0.0, -2 * two]
    assert frame["is_after_closure"].to_list()[1:] == [1.0, 0.0, 1.0]


def test_the_clock_is_read_at_the_close_in_three_places():
    # Monday 11 March 2024: New York has changed its clock, London has not. The bar closes at 12:00 UTC.
    opens = np.array([int(datetime(2024, 3, 11, 11, 45, tzinfo=UTC).timestamp()) * 1_000_000])
    bars = bars_frame(opens, np.ones((1, 4)), Timeframe.M15, None)

    row = compute_features(bars, Timeframe.M15, PARAMETERS).frame.row(0, named=True)

    assert (row["hour_cos"], row["london_hour_cos"]) == pytest.approx((-1.0, -1.0))  # noon
    assert (row["new_york_hour_sin"], row["new_york_hour_cos"]) == pytest.approx(
        (math.sin(2 * math.pi * 8 / 24), math.cos(2 * math.pi * 8 / 24))
    )
    assert (row["dow_sin"], row["dow_cos"]) == (0.0, 1.0)


def fixings(n_bars: int) -> pl.DataFrame:
    """Bars of a source that gives one price a bar."""
    return simulated_bars(Timeframe.H1, n_bars, has_volume=False).with_columns(
        pl.col("close").alias(name) for name in ("open", "high", "low")
    )


def test_fixings_have_no_range_and_say_so_instead_of_zeros():
    table = compute_features(fixings(400), Timeframe.H1, FeatureParameters(indicators=("all",)))

    assert {table.absent[name] for name in ("atr", "adx", "relative_range", "parkinson")} == {REASONS["range"]}
    assert table.absent["mfi"] == f"{REASONS['volume']}; {REASONS['range']}"
    names = {column.indicator for column in table.columns}
    assert {"rsi", "macd", "hurst", "relative_open", "realised_volatility"} <= names
    assert not any({"high", "low", "volume"} & set(column.bar_columns) for column in table.columns)


def test_a_market_that_stands_still_is_not_taken_for_fixings():
    still = fixings(400).with_columns(pl.lit(1.1).alias(name) for name in ("open", "high", "low", "close"))

    assert "atr" not in compute_features(still, Timeframe.H1, PARAMETERS).absent


def test_a_few_flat_bars_do_not_decide_that_a_source_has_no_range():
    assert "atr" not in compute_features(fixings(31), Timeframe.H1, PARAMETERS).absent
    assert "atr" in compute_features(fixings(32), Timeframe.H1, PARAMETERS).absent


def test_indicators_of_the_course_of_a_day_are_absent_on_daily_bars():
    table = compute_features(simulated_bars(Timeframe.D1, 80), Timeframe.D1, FeatureParameters(indicators=("session",)))

    assert set(table.absent.values()) == {NOT_ON_DAILY_BARS}
    assert "weekday" in {column.indicator for column in table.columns}
