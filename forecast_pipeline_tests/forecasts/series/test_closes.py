"""Guards how closes are read: every source gives the same series, and what is no series is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecast_pipeline.core.errors import InvalidConfiguration, UnknownTimeframe
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import trading_minutes
from forecast_pipeline.forecasts.series.closes import read_closes
from forecast_pipeline_tests.forecasts.series.made_closes import walk

CLOSES = walk(60)
HOURS = pd.date_range("2024-01-08 00:00", periods=60, freq="h", tz="UTC")
NAIVE = HOURS.tz_localize(None).to_numpy()
CANDLES = {"open": CLOSES, "high": 1.001 * CLOSES, "low": 0.999 * CLOSES, "close": CLOSES}


@pytest.mark.parametrize(
    "source",
    [CLOSES.tolist(), CLOSES, pd.Series(CLOSES), pl.Series(CLOSES), pl.DataFrame({"close": CLOSES})],
    ids=["list", "numpy", "pandas", "polars", "frame without times"],
)
def test_closes_are_the_same_from_every_source(source) -> None:
    bars = read_closes(source)

    assert (bars.close == CLOSES).all()
    assert bars.timeframe is Timeframe.D1
    assert (np.diff(trading_minutes(bars.close_us)) == 1440).all()


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame(CANDLES, index=HOURS),
        pd.DataFrame(CANDLES, index=HOURS.tz_convert("Asia/Tokyo")),
        pd.DataFrame(CANDLES, index=HOURS.tz_localize(None)),
        pd.DataFrame(CANDLES | {"ts_utc": HOURS}),
        pl.DataFrame(CANDLES | {"ts_utc": pl.Series(NAIVE).dt.replace_time_zone("UTC")}),
        pl.DataFrame(CANDLES | {"ts_utc": pl.Series(NAIVE).cast(pl.Datetime("ms"))}),
    ],
    ids=["index", "index in Tokyo", "index without zone", "pandas column", "polars", "polars without zone"],
)
def test_candle_frames_keep_their_clock_and_their_shape(source) -> None:
    bars = read_closes(source)

    expected = HOURS.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64) + 3_600_000_000
    assert bars.close_us.tolist() == expected.tolist()
    assert bars.timeframe is Timeframe.H1
    assert np.array_equal(bars.shape, np.column_stack([CANDLES["open"], CANDLES["high"], CANDLES["low"]]))


def test_daily_bars_of_any_vendor_are_a_trading_day_apart() -> None:
    days = pd.bdate_range("2024-01-01", periods=60)  # cut at midnight UTC: Friday's bar ends after the week does

    bars = read_closes(pd.Series(CLOSES, index=days))

    assert bars.timeframe is Timeframe.D1
    assert (np.diff(trading_minutes(bars.close_us)) == 1440).all()


def test_a_few_bars_outside_the_week_are_left_out_with_a_note() -> None:
    hours = HOURS.append(pd.DatetimeIndex(["2024-01-13 12:00"], tz="UTC"))  # a Saturday

    bars = read_closes(pd.Series(np.append(CLOSES, 1.0), index=hours))

    assert bars.close.tolist() == CLOSES.tolist()
    assert bars.notes == ("1 bars outside the FX week were left out",)


def test_bars_that_trade_through_the_weekend_are_counted_with_a_note() -> None:
    hours = pd.date_range("2024-01-08", periods=400, freq="h", tz="UTC")

    bars = read_closes(pd.Series(walk(400), index=hours))

    assert bars.close.size == 400
    assert (np.diff(trading_minutes(bars.close_us)) == 60).all()
    assert "counted" in bars.notes[0]


def test_a_timeframe_can_be_given() -> None:
    assert (np.diff(read_closes(CLOSES, "4h").close_us) > 0).all()
    assert read_closes(CLOSES, "4h").timeframe is Timeframe.H4


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_price_that_is_none_is_refused_with_its_row(bad: float) -> None:
    closes = CLOSES.copy()
    closes[7] = bad

    with pytest.raises(InvalidConfiguration, match=r"finite and positive.* at row 7, 1 such rows"):
        read_closes(closes)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (CLOSES.reshape(30, 2), "one series"),
        (["one", "two"], "must be numbers"),
        (pl.DataFrame({"price": CLOSES}), "column close"),
        (pd.Series(CLOSES, index=HOURS[::-1]), "times must increase.* at row 1"),
    ],
    ids=["two columns", "text", "no close", "backwards"],
)
def test_what_is_no_series_is_refused(source, message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        read_closes(source)


def test_a_spacing_that_is_no_timeframe_is_refused() -> None:
    with pytest.raises(UnknownTimeframe, match="was 7"):
        read_closes(pd.Series(CLOSES, index=pd.date_range("2024-01-08", periods=60, freq="7min", tz="UTC")))
