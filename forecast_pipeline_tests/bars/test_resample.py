"""Promise: a bar is the sum of its candles and no more: complete, on the FX grid, never filled."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from forecast_pipeline.bars.resample import mid_prices, resample
from forecast_pipeline.core.schema import BARS
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import is_open
from forecast_pipeline_tests.bars.candle_sets import SUNDAYS, candles_at, open_week, thinned
from forecast_pipeline_tests.oracles.bars import bars_of

M1, M5, M15, H1, H4, D1 = (Timeframe(t) for t in ("1m", "5m", "15m", "1h", "4h", "1d"))
sundays = st.sampled_from(list(SUNDAYS.values()))
timeframes = st.sampled_from(list(Timeframe))
seeds = st.integers(0, 2**32 - 1)
weeks = pytest.mark.parametrize("sunday", SUNDAYS.values(), ids=SUNDAYS.keys())


def with_spread(candles):
    return candles.with_columns(spread=pl.col("ask_close") - pl.col("close"))


def as_candles(bars, minutes):
    """Bars as the candles of a coarser source."""
    return bars.with_columns(source_minutes=pl.lit(minutes, pl.Int32))


def random_candles(sunday, keep, seed, *, has_ask=False, minutes=1):
    return with_spread(candles_at(thinned(open_week(sunday, minutes), keep, seed), minutes, seed, has_ask=has_ask))


def test_twelve_candles_become_two_bars_of_five_minutes_and_two_candles_are_left():
    """Golden: made by hand, 2026-11; exact."""
    minutes = [0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13]
    opens = [10, 11, 12, 11, 10, 9, 8, 9, 10, 12, 13, 12]
    closes = [11, 12, 11, 10, 9, 8, 9, 10, 12, 13, 12, 11]
    start = np.datetime64("2024-01-08T09:00", "us").astype(np.int64)
    frame = candles_at(start + np.array(minutes) * 60_000_000).with_columns(
        open=pl.Series(opens, dtype=pl.Float64),
        close=pl.Series(closes, dtype=pl.Float64),
        high=pl.Series([max(a, b) + 1 for a, b in zip(opens, closes, strict=True)], dtype=pl.Float64),
        low=pl.Series([min(a, b) - 1 for a, b in zip(opens, closes, strict=True)], dtype=pl.Float64),
        volume=pl.Series(range(1, 13), dtype=pl.Float64),
    )

    bars = resample(with_spread(frame), M5)

    assert bars.with_columns(pl.col("ts_utc", "close_ts_utc").dt.strftime("%H:%M")).rows() == [
        ("09:00", "09:05", 10.0, 13.0, 8.0, 9.0, 15.0, None, 5, 5),
        ("09:05", "09:10", 9.0, 11.0, 7.0, 10.0, 21.0, None, 3, 5),
    ]


@given(sundays, st.floats(0.01, 1), seeds, timeframes, st.booleans())
def test_bars_are_what_a_slow_loop_makes_of_the_candles(sunday, keep, seed, timeframe, has_ask):
    candles = random_candles(sunday, keep * keep, seed, has_ask=has_ask)

    bars = resample(candles, timeframe)

    assert_frame_equal(bars, bars_of(candles, timeframe), check_exact=False, rel_tol=1e-12, abs_tol=0)
    exact = ["ts_utc", "close_ts_utc", "open", "high", "low", "close", "volume", "n_obs", "n_slots"]
    assert_frame_equal(bars.select(exact), bars_of(candles, timeframe).select(exact), check_exact=True)


@given(sundays, st.floats(0.1, 1), seeds, st.sampled_from([(M5, H1), (M15, H1), (M5, H4), (H1, D1), (H4, D1)]))
def test_over_a_step_in_between_the_bars_are_the_same(sunday, keep, seed, steps):
    candles = random_candles(sunday, keep, seed)
    between, last = steps

    direct = resample(candles, last)
    stepwise = resample(as_candles(resample(candles, between), between.minutes), last)

    stands = [row for row in range(direct.height) if direct["ts_utc"][row] in stepwise["ts_utc"]]
    columns = ["ts_utc", "close_ts_utc", "open", "high", "low", "close", "volume"]
    assert_frame_equal(stepwise.select(columns), direct[stands].select(columns), check_exact=True)
    # Where candles are missing at an end of the data, the step in between cannot vouch for the bar there.
    assert set(range(direct.height)) - set(stands) <= {0, direct.height - 1}


@given(sundays, st.floats(0.01, 1), seeds, timeframes)
def test_a_bar_spans_its_prices_and_keeps_all_volume(sunday, keep, seed, timeframe):
    candles = random_candles(sunday, keep, seed)

    bars = resample(candles, timeframe)

    assert (bars["low"] <= bars.select(pl.min_horizontal("open", "close")).to_series()).all()
    assert (bars["high"] >= bars.select(pl.max_horizontal("open", "close")).to_series()).all()
    if bars.height:
        inside = candles.filter(pl.col("ts_utc").is_between(bars["ts_utc"][0], bars["close_ts_utc"][-1], closed="left"))
        assert bars["volume"].sum() == inside["volume"].sum()
        assert bars["n_obs"].sum() == inside.height
    assert bars["n_obs"].is_between(1, bars["n_slots"]).all()


@given(sundays, st.floats(0.05, 1), seeds, timeframes, st.data())
def test_the_bars_of_a_prefix_are_a_prefix_of_the_bars(sunday, keep, seed, timeframe, data):
    """Fault 21: L1 for bars. A forming bar is never shown with what it will become."""
    candles = random_candles(sunday, keep, seed, has_ask=True)
    bars = resample(candles, timeframe)
    boundaries = [k for k in range(1, candles.height) if k % 97 == 0]
    if bars.height:
        last = candles["ts_utc"].search_sorted(bars["close_ts_utc"][bars.height // 2])
        boundaries += [k for k in (last - 1, last, last + 1) if 0 <= k <= candles.height]
    cut = data.draw(st.sampled_from(boundaries)) if boundaries else candles.height

    prefix = resample(candles[:cut], timeframe)

    assert_frame_equal(prefix, bars[: prefix.height], check_exact=True)
    if cut:
        known = candles["ts_utc"][cut - 1]
        complete = bars.filter(pl.col("close_ts_utc") <= pl.lit(known) + pl.duration(minutes=1))
        assert prefix.height == complete.height  # no later either: a bar is there as soon as it has closed


@weeks
def test_a_full_week_has_five_days_of_1440_slots_and_thirty_bars_of_four_hours(sunday):
    """Fault 17."""
    candles = with_spread(candles_at(open_week(sunday)))

    days, fours, hours = (resample(candles, timeframe) for timeframe in (D1, H4, H1))

    assert days.select("n_obs", "n_slots").rows() == [(1440, 1440)] * 5
    assert fours.select("n_obs", "n_slots").rows() == [(240, 240)] * 30
    assert hours.select("n_obs", "n_slots").rows() == [(60, 60)] * 120
    for bars in (days, fours):
        opened = bars["ts_utc"].dt.convert_time_zone("America/New_York").dt.hour() % 4
        assert opened.to_list() == [1] * bars.height


@weeks
def test_a_holiday_leaves_no_bar_and_moves_no_other(sunday):
    """Faults 17 and 18."""
    instants = open_week(sunday)
    day = (instants - instants[0]) // (1440 * 60_000_000)
    candles = with_spread(candles_at(instants[(day != 2) & (day != 3)]))

    days = resample(candles, D1)

    whole = resample(with_spread(candles_at(instants)), D1)
    assert days["ts_utc"].to_list() == [t for k, t in enumerate(whole["ts_utc"]) if k not in {2, 3}]
    assert days["n_obs"].to_list() == [1440] * 3


@given(sundays, st.floats(0.01, 1), seeds, timeframes)
def test_no_bar_stands_in_the_closed_session_or_where_there_is_no_candle(sunday, keep, seed, timeframe):
    """Fault 18."""
    candles = random_candles(sunday, keep, seed)

    bars = resample(candles, timeframe)

    assert is_open(bars["ts_utc"].dt.epoch("us").to_numpy()).all()
    assert is_open(bars["close_ts_utc"].dt.epoch("us").to_numpy() - 1).all()
    held = [candles.filter(pl.col("ts_utc").is_between(a, b, closed="left")).height for a, b in bars[:50, :2].rows()]
    assert held == bars["n_obs"][:50].to_list()
    assert 0 not in held


def test_no_candle_makes_no_bar():
    assert_frame_equal(resample(with_spread(candles_at(np.array([], np.int64))), H1), pl.DataFrame(schema=BARS))


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_a_bar_is_there_with_its_last_candle_and_not_before(timeframe):
    """Fault 20."""
    instants = open_week(SUNDAYS["summer"])[: timeframe.minutes]
    candles = with_spread(candles_at(instants))

    assert resample(candles[:-1], timeframe).height == 0
    assert resample(candles, timeframe).height == 1


@pytest.mark.parametrize("timeframe", list(Timeframe)[1:])
def test_a_bar_whose_beginning_lies_before_the_history_is_left_out(timeframe):
    instants = open_week(SUNDAYS["summer"])[: 2 * timeframe.minutes]

    whole = resample(with_spread(candles_at(instants)), timeframe)
    cut = resample(with_spread(candles_at(instants)[1:]), timeframe)

    assert whole.height == 2
    assert_frame_equal(cut, whole[1:])


def test_what_is_unknown_for_all_candles_of_a_bar_is_unknown_for_the_bar():
    """Fault 66."""
    candles = with_spread(candles_at(open_week(SUNDAYS["summer"])[:15], has_ask=True)).with_columns(
        volume=pl.when(pl.int_range(15) >= 5).then("volume"), spread=pl.when(pl.int_range(15) < 7).then("spread")
    )

    bars = resample(candles, M5)

    assert bars["volume"].is_null().to_list() == [True, False, False]
    assert bars["spread"].is_null().to_list() == [False, False, True]
    assert bars["spread"][1] == pytest.approx(candles["spread"][5:7].mean(), rel=1e-12)


def test_the_mid_is_half_way_between_the_sides():
    """Fault 59."""
    candles = candles_at(open_week(SUNDAYS["summer"])[:100], has_ask=True)

    mid = mid_prices(candles)

    for price in ("open", "high", "low", "close"):
        assert mid[price].to_list() == ((candles[price] + candles[f"ask_{price}"]) / 2).to_list()
    assert mid["spread"].to_list() == (candles["ask_close"] - candles["close"]).to_list()
    assert (mid["low"] <= mid["high"]).all()
