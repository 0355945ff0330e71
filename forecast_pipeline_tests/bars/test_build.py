"""Promise: the bars of a symbol come from every candle in the lake, from the best source, on one price side."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecast_pipeline.bars.build import available_timeframes, build_bars, buildable_timeframes, read_bars
from forecast_pipeline.candles.build import candle_partitions
from forecast_pipeline.core.errors import CorruptData, MissingData
from forecast_pipeline.core.schema import BARS
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline_tests.candles.vendor_files import tidy
from forecast_pipeline_tests.oracles.bars import bars_of

M1, M5, M15, H1, H4, D1 = (Timeframe(t) for t in ("1m", "5m", "15m", "1h", "4h", "1d"))
SUNDAY = datetime(2024, 1, 7, 22, tzinfo=UTC)
MINUTES = tidy(SUNDAY, n=3 * 1440)
HOURS = tidy(SUNDAY, n=72, minutes=60, seed=1)


def lake(home, symbol="EURUSD"):
    frames = [year.read_frame() for year in candle_partitions(home, symbol)]
    return pl.concat(frames).with_columns(spread=pl.col("ask_close") - pl.col("close"))


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_bars_over_a_clock_change_are_what_a_slow_loop_makes_of_the_lake(
    home, ingest_frame, simulated_candles, timeframe
):
    """Fault 17."""
    two_weeks = simulated_candles.filter(
        pl.col("ts_utc").is_between(datetime(2023, 3, 5, tzinfo=UTC), datetime(2023, 3, 18, tzinfo=UTC))
    )
    ingest_frame(home, two_weeks.drop(pl.selectors.starts_with("ask_")))

    built = build_bars(home, "EURUSD", timeframe)

    bars = built.read_frame()
    assert dict(bars.schema) == BARS
    assert_frame_equal(bars, bars_of(lake(home), timeframe), check_exact=True)
    assert (built.card["n_rows"], built.card["timeframe"]) == (bars.height, timeframe.value)
    assert built.card["coverage_fraction"] == bars["n_obs"].sum() / bars["n_slots"].sum()
    assert built.card["upstream"] == {"candles/2023": candle_partitions(home, "EURUSD")[0].sha256}
    assert (built.card["price_side"], built.card["volume_kind"]) == ("unspecified", "tick")
    assert read_bars(home, "EURUSD", timeframe) == built


def test_years_are_joined(home, ingest_frame):
    frame = tidy(datetime(2023, 12, 28, 12, tzinfo=UTC), n=4000)
    ingest_frame(home, frame)

    bars = build_bars(home, "EURUSD", H4)

    assert_frame_equal(bars.read_frame(), bars_of(lake(home), H4), check_exact=True)
    assert list(bars.card["upstream"]) == ["candles/2023", "candles/2024"]


def test_prices_are_mid_if_every_candle_has_both_sides(home, ingest_frame):
    """Fault 59."""
    frame = tidy(SUNDAY, n=1440, has_ask=True)
    ingest_frame(home, frame)

    built = build_bars(home, "EURUSD", M1)

    bars = built.read_frame()
    assert built.card["price_side"] == "mid"
    assert bars["close"].to_list() == ((frame["close"] + frame["ask_close"]) / 2).to_list()
    assert bars["spread"].to_list() == (frame["ask_close"] - frame["close"]).to_list()
    assert built.card["n_spread_rows"] == 1440


def test_prices_stay_bid_if_one_candle_has_no_ask(home, ingest_frame):
    """Fault 59: a mid beside a bid would be a jump of half a spread."""
    frame = tidy(SUNDAY, n=1440, has_ask=True)
    one_missing = frame.with_columns(
        pl.when(pl.int_range(1440) != 700).then(f"ask_{p}").alias(f"ask_{p}") for p in ("open", "high", "low", "close")
    )
    ingest_frame(home, one_missing)

    built = build_bars(home, "EURUSD", M1)

    bars = built.read_frame()
    assert built.card["price_side"] == "bid"
    assert bars["close"].to_list() == frame["close"].to_list()
    assert bars["spread"].is_null().to_list() == [k == 700 for k in range(1440)]
    assert built.card["n_spread_rows"] == 1439


def test_a_source_without_volume_makes_bars_without_volume(home, ingest_frame):
    """Fault 66."""
    ingest_frame(home, MINUTES.drop("volume"))

    built = build_bars(home, "EURUSD", H1)

    assert built.card["volume_kind"] == "absent"
    assert built.read_frame()["volume"].null_count() == 72


def test_an_hourly_source_makes_hours_and_longer_and_says_so(home, ingest_frame):
    """Fault 67."""
    ingest_frame(home, HOURS)

    assert buildable_timeframes(home, "EURUSD") == [H1, H4, D1]
    assert [build_bars(home, "EURUSD", t).card["n_rows"] for t in (H1, H4, D1)] == [72, 18, 3]
    assert available_timeframes(home, "EURUSD") == [H1, H4, D1]
    with pytest.raises(MissingData, match="EURUSD must have candles of 15m or shorter, was candles of 1h"):
        build_bars(home, "EURUSD", M15)


def test_daily_rates_make_days_only(home, ingest_frame):
    """Fault 67."""
    days = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 3, 1), "1d", time_zone="UTC", eager=True)  # noqa: DTZ001
    days = days.filter(days.dt.weekday() <= 5).dt.cast_time_unit("us").alias("ts_utc")
    ingest_frame(home, tidy(n=days.len()).with_columns(days))

    assert buildable_timeframes(home, "EURUSD") == [D1]
    bars = build_bars(home, "EURUSD", D1).read_frame()
    assert bars["close_ts_utc"].dt.date().to_list() == days.dt.date().to_list()


def test_of_sources_of_two_lengths_the_better_covered_bar_wins_and_of_equals_the_finer(home, ingest_frame):
    hole = MINUTES.filter(~pl.int_range(pl.len()).is_between(600, 629))  # half an hour is missing in hour 10
    gone = hole.filter(~pl.int_range(pl.len()).is_between(2000, 2499))
    ingest_frame(home, gone)
    ingest_frame(home, HOURS)

    bars = build_bars(home, "EURUSD", H1).read_frame()

    minute_bars = bars_of(lake(home).filter(pl.col("source_minutes") == 1), H1)
    hour_bars = bars_of(lake(home).filter(pl.col("source_minutes") == 60), H1)
    complete = minute_bars.filter(pl.col("n_obs") == 60)
    expected = pl.concat([complete, hour_bars.filter(~pl.col("ts_utc").is_in(complete["ts_utc"].implode()))])
    assert_frame_equal(bars, expected.sort("ts_utc"), check_exact=True)
    assert bars["n_slots"].value_counts().sort("n_slots").rows() == [(1, 72 - complete.height), (60, complete.height)]
    assert 5 < 72 - complete.height < 15


def test_minutes_alone_are_used_below_the_length_of_the_coarser_source(home, ingest_frame):
    ingest_frame(home, MINUTES)
    ingest_frame(home, HOURS)

    bars = build_bars(home, "EURUSD", M5).read_frame()

    assert_frame_equal(bars, bars_of(lake(home).filter(pl.col("source_minutes") == 1), M5), check_exact=True)


def test_building_again_is_the_same_version(home, ingest_frame):
    """Fault 48."""
    ingest_frame(home, MINUTES)

    assert build_bars(home, "EURUSD", M5) == build_bars(home, "EURUSD", M5)


def test_without_candles_it_says_what_to_do(home):
    with pytest.raises(MissingData, match=r"candles of EURUSD must be built first. To do: ingest files"):
        build_bars(home, "EURUSD", H1)
    with pytest.raises(MissingData, match="bars of EURUSD 1h must be built first"):
        read_bars(home, "EURUSD", H1)
    assert (buildable_timeframes(home, "EURUSD"), available_timeframes(home, "EURUSD")) == ([], [])


def test_damaged_candles_make_no_bars(home, ingest_frame):
    """Fault 6."""
    (year,) = ingest_frame(home, MINUTES)
    path = year.path(".parquet")
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(CorruptData, match=path.name):
        build_bars(home, "EURUSD", H1)
    assert available_timeframes(home, "EURUSD") == []
