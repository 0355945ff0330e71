"""Promise: the vendors' own files are read to the row. Skipped where they are not at hand."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecast_pipeline.candles.build import build_candles, landed_years
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.validation import reason_counts, with_reasons
from forecast_pipeline.candles.vendors.histdata import HistData
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.candles.vendors.tidy_parquet import TidyParquet
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline_tests.conftest import INGESTED_AT

HISTDATA = SourceOptions(vendor="histdata")
PARQUET = SourceOptions(vendor="parquet")
QUOTE = ["ts_utc", "open", "high", "low", "close"]


def test_the_zip_of_2018_gives_exactly_the_known_rows(market_data):
    """Fault 19: the vendor says "EST without DST", the file follows New York."""
    parsed = HistData().read(market_data / "raw/histdata/HISTDATA_COM_ASCII_EURUSD_M12018.zip", HISTDATA)

    known = pl.read_parquet(market_data / "m1/EURUSD_M1_histdata_to2018.parquet").select(QUOTE)
    assert parsed.timezone == "America/New_York"
    assert_frame_equal(parsed.records.select(QUOTE), known.with_columns(pl.col("ts_utc").dt.cast_time_unit("us")))
    assert reason_counts(with_reasons(parsed.records, 1, INGESTED_AT)) == {}


def test_the_month_of_march_2017_gives_exactly_the_known_rows(market_data):
    """Fault 19: a month with the US and the EU change."""
    parsed = HistData().read(market_data / "raw/histdata/DAT_ASCII_EURUSD_M1_201703_1_10.csv", HISTDATA)

    known = pl.read_parquet(market_data / "m1/EURUSD_M1_histdata_2017H1.parquet").select(QUOTE)
    known = known.with_columns(pl.col("ts_utc").dt.cast_time_unit("us"))
    first, last = parsed.records["ts_utc"][0], parsed.records["ts_utc"][-1]
    assert_frame_equal(parsed.records.select(QUOTE), known.filter(pl.col("ts_utc").is_between(first, last)))


def test_the_metatrader_flavour_is_read(market_data):
    parsed = HistData().read(market_data / "raw/histdata/DAT_MT_GBPUSD_M1_202601_first500.csv", HISTDATA)

    assert (parsed.records.height, parsed.source_minutes, parsed.price_side) == (500, 1, "bid")
    assert str(parsed.records["ts_utc"][0]) == "2026-01-01 22:00:00+00:00"
    assert parsed.records.row(0)[1:5] == (1.34643, 1.34648, 1.34643, 1.34648)
    assert reason_counts(with_reasons(parsed.records, 1, INGESTED_AT)) == {}


MONTHS = ("m1/EURUSD_M1_mt5-tickvol-spread_2018-06.parquet", "m1_bidask/GBPUSD_M1_fxcm_bidask_2012-02.parquet")


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("name", MONTHS)
def test_a_real_month_shifted_by_an_hour_is_refused(market_data, tmp_path, name, hours):
    """Fault 19."""
    frame = pl.read_parquet(market_data / name)
    assert TidyParquet().read(market_data / name, PARQUET).records.height == frame.height

    shifted = tmp_path / "shifted.parquet"
    frame.with_columns(pl.col("ts_utc").dt.offset_by(f"{hours}h")).write_parquet(shifted)

    with pytest.raises(RefusedFile, match="must open the week Sunday 17:00"):
        TidyParquet().read(shifted, PARQUET)


def test_a_real_extreme_is_kept(market_data):
    """Fault 60: GBPUSD fell by 5.9 % in an hour of 24 June 2016."""
    parsed = TidyParquet().read(market_data / "h1/GBPUSD_H1_ejtrader_to2018.parquet", PARQUET)

    marked = with_reasons(parsed.records, parsed.source_minutes, INGESTED_AT)

    night = marked.filter(pl.col("ts_utc").dt.date() == pl.date(2016, 6, 24), pl.col("reason").is_null())
    change = (night["close"] / night["close"].shift(1)).log()
    assert night.height == 21
    assert change.min() < -0.05


def test_candles_in_the_closed_session_are_set_aside_and_counted(home, market_data):
    """Fault 56: README counts 74 of them."""
    path = market_data / "m1/EURUSD_M1_binarycom_to2018.parquet"

    report = ingest_file(home, path, "EURUSD", SourceOptions(vendor="parquet", price_side="mid"))
    years = list(build_candles(home, "EURUSD", landed_years(home, "EURUSD")))

    assert report.quarantined == {"closed_session": 74}
    assert sum(year.card["quarantined"]["closed_session"] for year in years) == 74
    assert sum(year.card["n_rows"] for year in years) == report.n_rows - 74
