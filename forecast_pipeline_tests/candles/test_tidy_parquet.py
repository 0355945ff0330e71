"""Promise: tidy Parquet is read as typed, in UTC, or refused; nothing about time is guessed."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from forecast_pipeline.candles.vendors.protocol import RECORD_COLUMNS, SourceOptions
from forecast_pipeline.candles.vendors.registry import reader_named
from forecast_pipeline.candles.vendors.tidy_parquet import TidyParquet
from forecast_pipeline.core.errors import InvalidConfiguration, RefusedFile
from forecast_pipeline.core.schema import CANDLES
from forecast_pipeline_tests.candles.vendor_files import MONDAY, tidy, wall_clock


def read(folder, frame, **options):
    path = folder / "file.parquet"
    if isinstance(frame, bytes):
        path.write_bytes(frame)
    else:
        frame.write_parquet(path)
    return TidyParquet().read(path, SourceOptions(vendor="parquet", **options))


def refusal(folder, frame, **options):
    with pytest.raises(RefusedFile) as caught:
        read(folder, frame, **options)
    return str(caught.value)


def weekdays(n, start=date(2024, 2, 26)):
    days = pl.date_range(start, pl.lit(start).dt.offset_by("1y"), eager=True)
    return days.filter(days.dt.weekday() <= 5)[:n].cast(pl.Datetime("us", "UTC")).alias("ts_utc")


@pytest.mark.parametrize("has_ask", [False, True])
def test_columns_come_in_house_order_with_the_absent_ones_null(tmp_path, has_ask):
    frame = tidy(has_ask=has_ask)
    shuffled = frame.select(reversed(frame.columns)).with_columns(comment=pl.lit("x"))

    parsed = read(tmp_path, shuffled)

    assert parsed.records.schema == {name: CANDLES[name] for name in RECORD_COLUMNS}
    assert_frame_equal(parsed.records.select(frame.columns), frame)
    assert parsed.records["ask_close"].null_count() == (0 if has_ask else 60)
    assert (parsed.source_minutes, parsed.timezone) == (1, "UTC")
    assert parsed.price_side == ("bid" if has_ask else "unspecified")
    assert parsed.notes == ("columns not read: comment",)


def test_the_declared_side_is_kept(tmp_path):
    assert read(tmp_path, tidy(), price_side="mid").price_side == "mid"


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_every_unit_and_zone_of_stamps_is_the_same_instant(tmp_path, unit, zone):
    frame = tidy()
    stamps = frame["ts_utc"].dt.cast_time_unit(unit).dt.convert_time_zone(zone)

    assert read(tmp_path, frame.with_columns(stamps)).records["ts_utc"].equals(frame["ts_utc"])


def test_naive_stamps_are_refused_unless_the_zone_is_given(tmp_path):
    """Fault 19."""
    frame = tidy(n=6000)
    naive = frame.with_columns(wall_clock(frame["ts_utc"], "America/New_York").alias("ts_utc"))

    assert "ts_utc must carry a time zone, was naive stamps: an hour of error is invisible later" in refusal(
        tmp_path, naive
    )
    parsed = read(tmp_path, naive, timezone="America/New_York")
    assert (parsed.records["ts_utc"].equals(frame["ts_utc"]), parsed.timezone) == (True, "America/New_York")


@pytest.mark.parametrize(
    ("stamps", "kind"),
    [
        (pl.Series([1_704_700_800 + 60 * k for k in range(60)]), "Int64"),
        (pl.Series([1_704_700_800_000.0 + 60 * k for k in range(60)]), "Float64"),
        (pl.Series([f"2024-01-08 00:{k:02}" for k in range(60)]), "String"),
        (pl.date_range(date(2024, 1, 1), date(2024, 2, 29), eager=True), "Date"),
    ],
    ids=["epoch seconds", "epoch as float", "text", "dates without time"],
)
def test_stamps_of_another_type_are_refused(tmp_path, stamps, kind):
    """Fault 61."""
    message = refusal(tmp_path, tidy().with_columns(stamps.alias("ts_utc")))

    assert message == f"file.parquet: ts_utc must be a date-time with a zone, was {kind}"


@pytest.mark.parametrize("missing", [["ts_utc"], ["open", "close"], ["high"], ["low"]])
def test_missing_columns_are_named(tmp_path, missing):
    """Fault 67."""
    message = refusal(tmp_path, tidy().drop(missing))

    assert message == f"file.parquet must have the columns ts_utc open high low close, was no {' '.join(missing)}"


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Int64, pl.Float32, pl.UInt8], ids=str)
def test_prices_may_be_any_kind_of_number(tmp_path, dtype):
    whole = tidy().with_columns(pl.lit(150).cast(dtype).alias(name) for name in ("open", "high", "low", "close"))

    records = read(tmp_path, whole).records

    assert records["close"].dtype == pl.Float64
    assert records["close"].unique().to_list() == [150.0]


@pytest.mark.parametrize("column", ["open", "close", "volume"])
@pytest.mark.parametrize("dtype", [pl.String, pl.Boolean], ids=str)
def test_prices_that_are_no_numbers_are_refused(tmp_path, column, dtype):
    """Fault 62."""
    message = refusal(tmp_path, tidy().with_columns(pl.col(column).cast(dtype)))

    assert f"prices and volume must be numbers, was {{'{column}': '{dtype}'}}" in message


def test_ask_prices_come_together_or_not_at_all(tmp_path):
    message = refusal(tmp_path, tidy(has_ask=True).drop("ask_low"))

    assert "must have all of ask_open ask_high ask_low ask_close or none" in message


def test_nan_in_an_optional_column_means_absent(tmp_path):
    """Fault 66: pandas writes NaN where a vendor has no number."""
    nan = pl.lit(float("nan"))
    frame = tidy(has_ask=True).with_columns(nan.alias(name) for name in RECORD_COLUMNS[5:])

    records = read(tmp_path, frame.with_columns(nan.alias("close"))).records

    assert [records[name].null_count() for name in RECORD_COLUMNS[5:]] == [60] * 5
    assert records["close"].is_nan().all()  # a price is never optional: validation sets such a row aside


@pytest.mark.parametrize("content", [b"", b"ts_utc,open\n", b"PAR1" + bytes(50) + b"PAR1", b"<html>"], ids=repr)
def test_what_is_no_parquet_file_is_refused(tmp_path, content):
    """Faults 5 and 63."""
    assert "file.parquet must be a Parquet file, was" in refusal(tmp_path, content)


def test_a_file_without_rows_is_refused(tmp_path):
    """Fault 63."""
    assert refusal(tmp_path, tidy().clear()) == "file.parquet must hold candles, was no row"


@settings(max_examples=200)
@given(position=st.integers(0, 1 << 20), mask=st.integers(1, 255), keep=st.sampled_from([1.0, 1.0, 0.9, 0.3]))
def test_a_damaged_file_is_refused_or_read_but_never_ends_the_process(tmp_path_factory, position, mask, keep):
    """Faults 5 and 6: polars' own Parquet reader aborts on some of these."""
    stream = io.BytesIO()
    tidy(n=300).write_parquet(stream)
    content = bytearray(stream.getvalue())
    content[position % len(content)] ^= mask

    try:
        parsed = read(tmp_path_factory.mktemp("damaged"), bytes(content[: int(keep * len(content))]))
    except RefusedFile:
        return
    assert parsed.records.columns == list(RECORD_COLUMNS)


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60, 240])
def test_the_length_of_a_record_is_measured(tmp_path, minutes):
    start = datetime(2024, 1, 7, 22, tzinfo=UTC)

    assert read(tmp_path, tidy(start, n=200, minutes=minutes)).source_minutes == minutes


def test_daily_dates_are_fx_days(tmp_path):
    """Fault 17: the candle of a date is the FX day that ends at 17:00 New York of that date."""
    frame = tidy(n=20).with_columns(weekdays(20))

    parsed = read(tmp_path, frame)

    assert parsed.source_minutes == 1440
    assert parsed.notes == ("dates at midnight UTC read as FX days, 17:00 to 17:00 New York",)
    opened = parsed.records["ts_utc"].dt.convert_time_zone("America/New_York")
    assert opened.dt.hour().to_list() == [17] * 20
    assert (opened.dt.date().to_numpy() + np.timedelta64(1, "D")).tolist() == frame["ts_utc"].dt.date().to_list()
    assert {str(hour) for hour in parsed.records["ts_utc"].dt.hour()} == {"21", "22"}  # over 10 March


def test_a_daily_file_with_a_missing_date_keeps_the_others(tmp_path):
    """Fault 15."""
    frame = tidy(n=20).with_columns(pl.when(pl.int_range(20) != 3).then(weekdays(20)).alias("ts_utc"))

    records = read(tmp_path, frame).records

    whole = read(tmp_path, tidy(n=20).with_columns(weekdays(20))).records
    assert records["ts_utc"].is_null().to_list() == [k == 3 for k in range(20)]
    assert records["ts_utc"].drop_nulls().to_list() == [t for k, t in enumerate(whole["ts_utc"]) if k != 3]


@pytest.mark.parametrize("minutes", [1, 60])
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_file_shifted_by_an_hour_is_refused(tmp_path, minutes, hours):
    """Fault 19."""
    frame = tidy(MONDAY, n=15 * 1440 // minutes, minutes=minutes)
    assert read(tmp_path, frame).records.height == frame.height

    message = refusal(tmp_path, frame.with_columns(pl.col("ts_utc").dt.offset_by(f"{hours}h")))

    assert "ts_utc of file.parquet must open the week Sunday 17:00 and close it Friday 17:00 New York" in message


def test_an_unknown_vendor_is_refused_with_the_list():
    with pytest.raises(
        InvalidConfiguration, match=r"vendor must be one of parquet .* or auto, was 'histdat'. To do: use histdata"
    ):
        reader_named("histdat")
