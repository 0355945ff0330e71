"""Promise: untouched files of every vendor are found and read to what is known of them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.bars.resample import resample
from forecast_pipeline.candles.reading import read_and_judge
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.candles.vendors.registry import resolved_options
from forecast_pipeline.core.errors import NoRecords, RefusedFile
from forecast_pipeline.core.timeframe import Timeframe

NOW = datetime(2031, 1, 1, tzinfo=UTC)
QUOTE = ["ts_utc", "open", "high", "low", "close"]
BI5, LEAN = "dukascopy_bi5/datafeed", "lean/forex"
# path, symbol, zone given; format found, candles, first candle in UTC, its open and close
FILES = [
    (
        f"{BI5}/EURUSD/2019/01/04/BID_candles_min_1.bi5",
        "EURUSD",
        None,
        "dukascopy",
        1440,
        "2019-02-04 00:00",
        1.14543,
        1.14569,
    ),
    (
        f"{BI5}/EURUSD/2019/00/BID_candles_hour_1.bi5",
        "EURUSD",
        None,
        "dukascopy",
        530,
        "2019-01-01 22:00",
        1.14598,
        1.14606,
    ),
    (f"{BI5}/EURUSD/2019/01/04/08h_ticks.bi5", "EURUSD", None, "dukascopy", 60, "2019-02-04 08:00", 1.14425, 1.14410),
    (f"{BI5}/GBPJPY/2012/11/03/08h_ticks.bi5", "GBPJPY", None, "dukascopy", 60, "2012-12-03 08:00", 132.002, 132.038),
    (
        "dukascopy_csv/FOREX_EURUSD_1H_ASK_first1500.csv",
        "EURUSD",
        None,
        "dukascopy-csv",
        1500,
        "2017-01-01 22:00",
        1.05236,
        1.05227,
    ),
    (
        "dukascopy_json/candles-minute-EUR-USD-BID-2026-7-10.json",
        "EURUSD",
        None,
        "dukascopy-json",
        1258,
        "2026-07-10 00:00",
        1.14331,
        1.14324,
    ),
    (
        "dukascopy_json/ticks-EUR-USD-2026-7-13-12.json",
        "EURUSD",
        None,
        "dukascopy-json",
        60,
        "2026-07-13 12:00",
        1.14273,
        1.14297,
    ),
    (
        "dukascopy_ticks_csv/DC_EURUSD_20160104_NYC_EST_first5000.csv",
        "EURUSD",
        "America/New_York",
        "dukascopy-csv",
        68,
        "2016-01-04 13:00",
        1.11982,
        None,
    ),
    ("fxcm/gbpusd-m1-bid-2012_first3000.csv", "GBPUSD", None, "csv", 3000, "2012-02-01 00:00", 1.57597, 1.57576),
    (
        "histdata/DAT_MT_GBPUSD_M1_202601_first500.csv",
        "GBPUSD",
        None,
        "histdata",
        500,
        "2026-01-01 22:00",
        1.34643,
        1.34648,
    ),
    (
        "histdata/tick_ascii_sample_quote_tick_data.csv",
        "EURUSD",
        None,
        "histdata",
        65,
        "2020-01-01 22:00",
        1.1212,
        1.1212,
    ),
    (
        f"{LEAN}/fxcm/minute/eurusd/20140501_quote.zip",
        "EURUSD",
        None,
        "lean",
        1426,
        "2014-05-01 05:00",
        1.38727,
        1.38724,
    ),
    (
        f"{LEAN}/oanda/minute/eurusd/20140501_quote.zip",
        "EURUSD",
        None,
        "lean",
        1363,
        "2014-05-01 00:00",
        1.38676,
        1.38686,
    ),
    (f"{LEAN}/oanda/tick/eurusd/20140504_quote.zip", "EURUSD", None, "lean", 157, "2014-05-04 21:00", 1.38817, 1.38803),
    (
        "mt4/EURUSD_M1_semicolon_date_time.csv",
        "EURUSD",
        "UTC",
        "metatrader",
        5000,
        "2019-07-30 00:00",
        1.11443,
        1.11446,
    ),
    ("mt4/EURUSD_M5_comma_headerless.csv", "EURUSD", None, "metatrader", 3000, "2020-02-17 00:50", 1.08361, 1.08356),
    (
        "mt5/EURUSD_M1_quoted_tab_lines_UTCminus0330.csv",
        "EURUSD",
        "UTC-03:30",
        "metatrader",
        3999,
        "2022-01-04 21:30",
        1.12834,
        1.12838,
    ),
    (
        "mt5/EURUSD_M1_tab_crlf_tickvolume_spread.csv",
        "EURUSD",
        None,
        "metatrader",
        5999,
        "2018-05-31 21:00",
        1.16879,
        1.16855,
    ),
    (
        "mt5/US30m_H1_202401012300_202509082200_native-header.csv",
        "US30M",
        "UTC",
        "metatrader",
        None,
        "2024-01-01 23:00",
        37763.9,
        37776.3,
    ),
    ("truefx/usdjpy-ticks_nautilus-normalised.csv", "USDJPY", None, "truefx", 34, "2013-01-01 22:00", 86.655, 86.655),
]


def read(path, symbol, zone=None):
    options = resolved_options(path, symbol, SourceOptions(vendor="auto", timezone=zone))
    return options.vendor, read_and_judge(path, options, NOW)


@pytest.mark.parametrize(
    ("name", "symbol", "zone", "vendor", "n", "first", "opening", "closing"),
    FILES,
    ids=[f[0].split("/", 1)[1] for f in FILES],
)
def test_a_real_file_is_read_to_what_is_known(market_data, name, symbol, zone, vendor, n, first, opening, closing):
    found, reading = read(market_data / "raw" / name, symbol, zone)

    good = reading.good
    assert found == vendor
    assert n is None or good.height + reading.rows["reason"].is_not_null().sum() == n
    assert (f"{good['ts_utc'][0]:%Y-%m-%d %H:%M}", good["open"][0]) == (first, opening)
    assert closing is None or good["close"][0] == closing
    assert good.height > 0.9 * reading.rows.height


def test_ticks_aggregate_to_the_vendors_own_candles_exactly(market_data):
    day = market_data / "raw" / BI5 / "EURUSD/2019/01/04"
    _, candles = read(day / "BID_candles_min_1.bi5", "EURUSD")

    for hour in (8, 9):
        _, ticks = read(day / f"{hour:02}h_ticks.bi5", "EURUSD")
        theirs = candles.good.filter(pl.col("ts_utc").dt.hour() == hour)
        assert ticks.good.select(QUOTE).equals(theirs.select(QUOTE))
        assert np.allclose(ticks.good["volume"], theirs["volume"], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (f"{BI5}/EURUSD/2019/01/02/BID_candles_min_1.bi5", NoRecords),
        ("dukascopy_csv/EUR-USD_1Minute_BID_empty_export.csv", NoRecords),
        ("dukascopy_json/candles-minute-EUR-USD-BID-2026-7-11-empty.json", NoRecords),
        ("yahoo/chart-AAPL-1m-includePrePost-false.json", NoRecords),
        ("yahoo/chart-notimestamp-quotes-length.fake.json", RefusedFile),
        ("dukascopy_json/instrument-EUR-USD.json", RefusedFile),
        ("mt5/GBPUSD_H1_ejtrader_integer-points_first3000.csv", RefusedFile),
    ],
)
def test_a_real_file_without_usable_candles_says_so(market_data, name, error):
    with pytest.raises(error) as refusal:
        read(market_data / "raw" / name, "EURUSD")
    assert isinstance(refusal.value, NoRecords) == (error is NoRecords)


def test_the_broker_whose_week_starts_late_is_right_on_its_own_clock(market_data):
    """Fault 19: against the README's conversion, in winter and summer."""
    _, reading = read(
        market_data / "raw/mt5/GBPUSD_H1_ejtrader_integer-points_first3000.csv", "GBPUSD", "Europe/Berlin"
    )

    known = pl.read_parquet(market_data / "h1/GBPUSD_H1_ejtrader_to2018.parquet").with_columns(
        pl.col("ts_utc").dt.cast_time_unit("us")
    )
    both = reading.good.join(known, on="ts_utc", suffix="_known")
    assert both.height > 0.98 * reading.good.height
    assert ((both["close"] / 1e5 - both["close_known"]).abs() < 1e-9).mean() > 0.99


def test_hourly_bars_of_two_vendors_agree_at_lag_zero_in_every_week(market_data):
    """Fault 19."""
    zipped = market_data / "raw/histdata/HISTDATA_COM_ASCII_EURUSD_M12018.zip"
    bars = []
    for path in (zipped, market_data / "m1/EURUSD_M1_binarycom_to2018.parquet"):
        good = read(path, "EURUSD")[1].good.with_columns(
            source_minutes=pl.lit(1, pl.Int32), spread=pl.lit(None, pl.Float64)
        )
        bars.append(resample(good.sort("ts_utc"), Timeframe.H1).select("ts_utc", "close"))
    both = bars[0].join(bars[1], on="ts_utc", suffix="_other").sort("ts_utc")
    both = both.with_columns(
        a=pl.col("close").log().diff(),
        b=pl.col("close_other").log().diff(),
        week=pl.col("ts_utc").dt.offset_by("3h").dt.truncate("1w"),
    ).drop_nulls()

    lags = []
    for _, week in both.group_by("week", maintain_order=True):
        if week.height > 60:
            a, b = week["a"].to_numpy(), week["b"].to_numpy()
            fits = {
                lag: np.corrcoef(a[2 + lag : len(a) - 2 + lag], b[2 : len(b) - 2])[0, 1] for lag in (-2, -1, 0, 1, 2)
            }
            lags.append(max(fits, key=fits.get))
            assert fits[0] > 0.95

    assert len(lags) >= 50
    assert set(lags) == {0}
