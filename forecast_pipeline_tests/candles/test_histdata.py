"""Promise: a HistData file is read to the row, with its clock measured, or refused at its first bad line."""

from __future__ import annotations

import zipfile
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.candles.vendors.histdata import HistData
from forecast_pipeline.candles.vendors.protocol import RECORD_COLUMNS, SourceOptions
from forecast_pipeline.core.errors import PipelineError, RefusedFile, UnknownTimeframe
from forecast_pipeline_tests.candles.vendor_files import histdata_lines, tidy, wall_clock, write_zip

OPTIONS = SourceOptions(vendor="histdata")
LINES = (
    "20180102 170000;1.200300;1.201000;1.200200;1.200900;0",
    "20180102 170100;1.200900;1.201100;1.200800;1.201000;0",
    "20180102 170200;1.201000;1.201000;1.200700;1.200800;0",
)
MT_LINES = (
    "2018.01.02,17:00,1.200300,1.201000,1.200200,1.200900,0",
    "2018.01.02,17:01,1.200900,1.201100,1.200800,1.201000,0",
    "2018.01.02,17:02,1.201000,1.201000,1.200700,1.200800,0",
)
TEXT = "\n".join(LINES) + "\n"
CLOCKS = {
    "New York": ("America/New_York", 0, "America/New_York"),
    "UTC-5": ("Etc/GMT+5", 0, "Etc/GMT+5"),
    "UTC-5 with European dates": ("Europe/London", 5, "Europe/London minus 5 h"),
}
clocks = pytest.mark.parametrize(("zone", "behind", "name"), CLOCKS.values(), ids=CLOCKS.keys())


@pytest.fixture(scope="module")
def year():
    """A year of minutes that have all four changes of clock."""
    return simulate_candles(SimulatedWorld(start=date(2023, 1, 1), n_weeks=52, seed=3)).select(
        "ts_utc", "open", "high", "low", "close"
    )


def read(tmp_path, content, name="file.csv", options=OPTIONS):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return HistData().read(path, options)


def expected_records():
    prices = [[float(field) for field in line.split(";")[1:5]] for line in LINES]
    stamps = pl.Series(["2018-01-02 22:00", "2018-01-02 22:01", "2018-01-02 22:02"])
    return pl.DataFrame(
        {
            "ts_utc": stamps.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", time_zone="UTC"),
            **{name: [row[k] for row in prices] for k, name in enumerate(("open", "high", "low", "close"))},
            **{name: pl.Series([None] * 3, dtype=pl.Float64) for name in RECORD_COLUMNS[5:]},
        }
    )


DIALECTS = {
    "ASCII": TEXT.encode(),
    "no final line break": TEXT.strip().encode(),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "BOM": b"\xef\xbb\xbf" + TEXT.encode(),
    "BOM and CRLF": b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode(),
    "MetaTrader": "\n".join(MT_LINES).encode(),
    "MetaTrader with CRLF": ("\r\n".join(MT_LINES) + "\r\n").encode(),
}


@pytest.mark.parametrize("content", DIALECTS.values(), ids=DIALECTS.keys())
def test_both_flavours_give_the_same_candles(tmp_path, content):
    """Fault 62."""
    parsed = read(tmp_path, content)

    assert_frame_equal(parsed.records, expected_records())
    assert (parsed.source_minutes, parsed.price_side, parsed.timezone, parsed.notes) == (
        1,
        "bid",
        "America/New_York",
        (),
    )


def test_a_zip_gives_what_its_member_holds(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"DAT_ASCII_EURUSD_M1_2018.csv": TEXT, "DAT_ASCII_EURUSD_M1_2018.txt": "gaps"})

    assert_frame_equal(HistData().read(path, OPTIONS).records, expected_records())


BAD_LINES = {
    "text": "hello",
    "blank": "",
    "decimal comma": "20180102 170100;1,2003;1,2010;1,2003;1,2010;0",
    "a price is missing": "20180102 170100;;1.2010;1.2003;1.2010;0",
    "a column too few": "20180102 170100;1.2003;1.2010;1.2003",
    "a column too many": "20180102 170100;1.2003;1.2010;1.2003;1.2010;0;0",
    "month 13": "20181302 170100;1.2003;1.2010;1.2003;1.2010;0",
    "hour 24": "20180102 240000;1.2003;1.2010;1.2003;1.2010;0",
    "milliseconds": "20180102 170100123;1.2003;1.2010;1.2003;1.2010;0",
    "other flavour": "2018.01.02,17:01,1.2003,1.2010,1.2003,1.2010,0",
    "an open quote": '"20180102 170100;1.2003;1.2010;1.2003;1.2010;0',
    "quoted": '"20180102 170100";"1.2003";"1.2010";"1.2003";"1.2010";"0"',
    "spaces": "20180102 170100 ; 1.2003 ; 1.2010 ; 1.2003 ; 1.2010 ; 0",
    "cut": "20180102 1701",
    "cut in the close": "20180102 170100;1.2003;1.2010;1.2003;1.20",
    "text as volume": "20180102 170100;1.2003;1.2010;1.2003;1.2010;x",
}


@pytest.mark.parametrize("n_before", [1, 2, 3])
@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_refused_and_shown(tmp_path, line, n_before):
    """Fault 62."""
    lines = [*LINES[:n_before], line, *LINES[n_before:]]

    with pytest.raises(RefusedFile) as refusal:
        read(tmp_path, "\n".join(lines) + "\n")

    assert f"was line {n_before + 1}: {line[:80]!r}" in str(refusal.value)
    assert "file.csv must hold HistData M1 lines like" in str(refusal.value)


def test_the_first_line_decides_the_flavour(tmp_path):
    """Fault 62."""
    with pytest.raises(RefusedFile, match=r"was line 2: '2018\.01\.02,17:01"):
        read(tmp_path, "\n".join([LINES[0], MT_LINES[1]]))
    with pytest.raises(RefusedFile, match="was line 2: '20180102 170100;"):
        read(tmp_path, "\n".join([MT_LINES[0], LINES[1]]))


NO_CANDLES = {
    "nothing": (b"", "must hold candles, was an empty file"),
    "a line break": (b"\n", "must hold candles, was an empty file"),
    "a header": (b"<DATE>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n", "was line 1: '<DATE>"),
    "an error page": (b"<!DOCTYPE html><html><body>503 Service Unavailable</body></html>", "was line 1: '<!DOCTYPE"),
    "UTF-16": (TEXT.encode("utf-16"), "was line 1: "),
    "ticks of another form": (b"20200101 170000065,1.121200,1.121720\n", "was line 1: '20200101 170000065"),
    "zero bytes": (bytes(100), "was line 1: "),
}


@pytest.mark.parametrize(("content", "message"), NO_CANDLES.values(), ids=NO_CANDLES.keys())
def test_what_holds_no_candles_is_refused(tmp_path, content, message):
    """Faults 62 and 63."""
    with pytest.raises(RefusedFile) as refusal:
        read(tmp_path, content)

    assert message in str(refusal.value)


@settings(max_examples=200)
@given(content=st.binary(max_size=200) | st.text('0123456789 .,;:\n\r"', max_size=120).map(str.encode))
def test_no_bytes_lead_to_anything_but_candles_or_a_refusal(tmp_path_factory, content):
    """Fault 62."""
    folder = tmp_path_factory.mktemp("bytes")
    try:
        parsed = read(folder, content)
    except PipelineError:
        return
    assert parsed.records.height == content.count(b"\n") + (not content.endswith(b"\n"))


def test_two_candles_files_in_one_zip_are_refused(tmp_path):
    """Fault 29."""
    path = write_zip(tmp_path / "a.zip", {"a.csv": TEXT, "b.csv": TEXT})

    with pytest.raises(RefusedFile, match=r"must hold one \.csv file, was 2 among \['a.csv', 'b.csv'\]"):
        HistData().read(path, OPTIONS)


def test_a_zip_without_candles_is_refused(tmp_path):
    """Fault 29."""
    path = write_zip(tmp_path / "a.zip", {"a.txt": TEXT})

    with pytest.raises(RefusedFile, match=r"must hold one \.csv file, was 0 among \['a.txt'\]"):
        HistData().read(path, OPTIONS)


def test_a_zip_bomb_is_refused_unopened(tmp_path):
    """Fault 29."""
    path = write_zip(tmp_path / "a.zip", {"a.csv": bytes(20_000_000)})

    with pytest.raises(RefusedFile, match=r"must unpack to at most 1000000000 bytes and 100 times .*, 10\d\d times"):
        HistData().read(path, OPTIONS)


@pytest.mark.parametrize("name", ["../../x.csv", "/root/x.csv", "..\\x.csv", "C:\\x.csv", "a/b/x.csv", "CON.csv"])
def test_the_name_of_a_member_is_never_a_path(tmp_path, name):
    """Fault 29."""
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    path = write_zip(folder / "a.zip", {name: TEXT})
    before = set(tmp_path.rglob("*"))

    assert_frame_equal(HistData().read(path, OPTIONS).records, expected_records())
    assert set(tmp_path.rglob("*")) == before


@given(keep=st.floats(0, 1, exclude_max=True))
def test_a_truncated_zip_is_refused(tmp_path_factory, keep):
    """Fault 5."""
    path = write_zip(tmp_path_factory.mktemp("zip") / "a.zip", {"a.csv": TEXT})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])

    with pytest.raises(RefusedFile, match=r"a\.zip must"):
        HistData().read(path, OPTIONS)


@settings(max_examples=100)
@given(position=st.integers(0, 1 << 20), mask=st.integers(1, 255))
def test_a_damaged_zip_never_gives_other_candles(tmp_path_factory, position, mask):
    """Fault 6: the checksum inside the zip speaks, and what it says becomes a typed refusal."""
    frame = tidy(n=120)
    text = histdata_lines(frame, wall_clock(frame["ts_utc"], "America/New_York"))
    path = write_zip(tmp_path_factory.mktemp("zip") / "a.zip", {"a.csv": text})
    whole = HistData().read(path, OPTIONS).records
    damaged = bytearray(path.read_bytes())
    damaged[position % len(damaged)] ^= mask
    path.write_bytes(damaged)

    try:
        parsed = HistData().read(path, OPTIONS)
    except RefusedFile:
        return
    assert_frame_equal(parsed.records, whole)


def test_an_encrypted_zip_is_refused(tmp_path):
    """Fault 62."""
    path = write_zip(tmp_path / "a.zip", {"a.csv": TEXT}, compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + offset] |= 1  # the flag that says "encrypted"
    path.write_bytes(content)

    with pytest.raises(RefusedFile, match=r"must be an intact zip file, was .*password"):
        HistData().read(path, OPTIONS)


@clocks
def test_a_year_of_minutes_comes_back_in_utc_whatever_the_clock_of_the_file(tmp_path, year, zone, behind, name):
    """Fault 19: what the vendor documents and what its files follow are three different clocks."""
    text = histdata_lines(year, wall_clock(year["ts_utc"], zone, behind))

    parsed = read(tmp_path, text)

    assert parsed.timezone == name
    assert parsed.notes == ()
    assert_frame_equal(parsed.records.select(year.columns), year, abs_tol=1e-9)


@clocks
@pytest.mark.parametrize("n_weeks", [1, 3])
def test_a_few_weeks_at_any_time_of_the_year_come_back_in_utc(tmp_path, year, zone, behind, name, n_weeks):
    """Fault 19: also where clocks cannot be told apart by name."""
    thin = year.filter(pl.col("ts_utc").dt.minute() % 5 == 0)
    week = thin["ts_utc"].dt.offset_by("3h").dt.truncate("1w")
    options = SourceOptions(vendor="histdata", source_timeframe="5m")
    found = []
    starts = week.unique().sort()
    for first in starts[:: 2 if n_weeks == 1 else 5]:
        chosen = thin.filter((week >= first) & (week < first + np.timedelta64(7 * n_weeks, "D").item()))
        text = histdata_lines(chosen, wall_clock(chosen["ts_utc"], zone, behind))
        found.append(read(tmp_path, text, options=options).records["ts_utc"].equals(chosen["ts_utc"]))

    assert found == [True] * len(found)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC", "Europe/London", "America/Chicago", "Europe/Helsinki"])
def test_a_file_on_no_known_clock_is_refused(tmp_path, year, zone):
    """Fault 19."""
    text = histdata_lines(year[:50_000], wall_clock(year["ts_utc"][:50_000], zone))

    with pytest.raises(RefusedFile, match="must open the week Sunday 17:00 and close it Friday 17:00 New York, was"):
        read(tmp_path, text)


def test_a_given_zone_is_taken_instead(tmp_path, year):
    part = year[:50_000]
    text = histdata_lines(part, wall_clock(part["ts_utc"], "Asia/Tokyo"))

    parsed = read(tmp_path, text, options=SourceOptions(vendor="histdata", timezone="Asia/Tokyo"))

    assert parsed.timezone == "Asia/Tokyo"
    assert parsed.records["ts_utc"].equals(part["ts_utc"])


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Etc/GMT+4"])
def test_a_zone_that_the_weeks_contradict_is_refused_even_if_given(tmp_path, year, zone):
    """Fault 19."""
    part = year[:50_000]
    text = histdata_lines(part, wall_clock(part["ts_utc"], "America/New_York"))

    with pytest.raises(RefusedFile, match="must open the week Sunday 17:00"):
        read(tmp_path, text, options=SourceOptions(vendor="histdata", timezone=zone))


def test_an_unknown_zone_is_refused(tmp_path):
    with pytest.raises(
        RefusedFile, match=r"must be an IANA name like America/New_York or Etc/GMT.5, was 'Mars/Olympus'"
    ):
        read(tmp_path, TEXT, options=SourceOptions(vendor="histdata", timezone="Mars/Olympus"))


def test_a_missing_local_hour_is_counted_and_a_repeated_one_is_the_first(tmp_path):
    """Fault 55: London leaves out 01:00-02:00 on 31 March 2024 and repeats 01:00-02:00 on 27 October."""
    spring = [f"20240331 {h:02}{m:02}00;1;1;1;1;0" for h in (0, 1, 2) for m in range(60)]
    autumn = [f"20241027 {h:02}{m:02}00;1;1;1;1;0" for h in (0, 1, 1, 2) for m in range(60)]
    options = SourceOptions(vendor="histdata", timezone="Europe/London", source_timeframe="1m")

    missing, repeated = (
        read(tmp_path, "\n".join(spring), options=options),
        read(tmp_path, "\n".join(autumn), options=options),
    )

    assert missing.records["ts_utc"].null_count() == 60
    assert missing.notes == ("60 rows carry a local time that does not exist in Europe/London",)
    assert repeated.records["ts_utc"].null_count() == 0
    assert (missing.repaired, repeated.repaired) == ({}, {"repeated_hour": 120})
    assert repeated.records["ts_utc"].n_unique() == 240  # the file steps back: the second hour is another hour


def test_the_length_of_a_record_is_measured_unless_given(tmp_path):
    hourly = "\n".join(f"20180102 {h:02}0000;1;1;1;1;0" for h in range(10))
    odd = "\n".join(f"20180102 17{m:02}00;1;1;1;1;0" for m in range(0, 60, 7))

    assert read(tmp_path, hourly).source_minutes == 60
    with pytest.raises(
        RefusedFile, match="records must be 1m 5m 15m 30m 1h 4h 1d apart, was most often 7 minutes apart"
    ):
        read(tmp_path, odd)
    assert read(tmp_path, odd, options=SourceOptions(vendor="histdata", source_timeframe="1m")).source_minutes == 1
    with pytest.raises(UnknownTimeframe):
        read(tmp_path, odd, options=SourceOptions(vendor="histdata", source_timeframe="7m"))


def test_reading_leaves_the_file_as_it_is(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.csv": TEXT})
    before = path.read_bytes(), list(tmp_path.iterdir())

    HistData().read(path, OPTIONS)

    assert (path.read_bytes(), list(tmp_path.iterdir())) == before
