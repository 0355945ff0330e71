"""HistData.com one-minute candles: generic ASCII and MetaTrader flavour, zipped or not.

The vendor documents "EST without daylight saving". Measured, the files of 2017 and
2018 follow New York wall clock and those of 2019 are UTC-5 with European dates, so
the zone is measured on the file itself unless it is given.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.clock_check import LocalClock, best_clock, check_clock_fits
from forecast_pipeline.candles.vendors.protocol import (
    ParsedSource,
    SourceOptions,
    complete_columns,
    measured_minutes,
)
from forecast_pipeline.core.errors import RefusedFile

if TYPE_CHECKING:
    from pathlib import Path

MAX_TEXT_BYTES = 1_000_000_000
MAX_COMPRESSION_RATIO = 100.0
NEW_YORK = LocalClock("America/New_York")
CANDIDATES = (
    NEW_YORK,
    LocalClock("Etc/GMT+5"),  # what the vendor documents: UTC-5 all year (the sign is POSIX's)
    LocalClock("Europe/London", behind_hours=5),  # what the files of 2019 follow
)
_PRICES = ("open", "high", "low", "close")


class HistData:
    """Reader of HistData M1 files (bid prices; the volume column is always zero and is dropped)."""

    name = "histdata"
    summary = "HistData.com M1, ASCII or MetaTrader flavour, .zip or .csv; bid; clock measured"

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        text = _text(path)
        records = _records(text, path.name)
        clock = LocalClock(options.timezone) if options.timezone else best_clock(records["local"], CANDIDATES)
        stamped = records.with_columns(clock.to_utc(records["local"]).alias("ts_utc")).drop("local")
        check_clock_fits(stamped["ts_utc"], f"stamps of {path.name} read as {clock}")
        lost = stamped["ts_utc"].null_count()
        notes = (f"{lost} rows carry a local time that does not exist in {clock}",) if lost else ()
        return ParsedSource(
            records=complete_columns(stamped),
            source_minutes=measured_minutes(stamped["ts_utc"].drop_nulls(), options),
            price_side=options.price_side or "bid",
            timezone=str(clock),
            notes=notes,
        )


def _text(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        if path.read_bytes()[:2] == b"PK":
            raise RefusedFile(f"{path.name} must be a complete zip file", was="a truncated one", do="fetch it again")
        return path.read_bytes()
    try:
        return _only_member(path)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        raise RefusedFile(f"{path.name} must be an intact zip file", was=str(error), do="fetch it again") from None


def _only_member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".csv")]
        if len(members) != 1:
            names = [entry.filename for entry in archive.infolist()][:5]
            raise RefusedFile(f"{path.name} must hold one .csv file", was=f"{len(members)} among {names}")
        entry = members[0]
        ratio = entry.file_size / max(entry.compress_size, 1)
        if entry.file_size > MAX_TEXT_BYTES or ratio > MAX_COMPRESSION_RATIO:
            limit = f"at most {MAX_TEXT_BYTES} bytes and {MAX_COMPRESSION_RATIO:g} times its packed size"
            raise RefusedFile(f"{path.name} must unpack to {limit}", was=f"{entry.file_size} bytes, {ratio:.0f} times")
        return archive.read(entry)  # the member's name is never used as a path


def _records(text: bytes, name: str) -> pl.DataFrame:
    """Naive local stamps and prices; the first line that is neither flavour is shown."""
    first = text[:200].lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip()
    if not first:
        raise RefusedFile(f"{name} must hold candles", was="an empty file")
    if b"\0" in text[:1000]:
        raise _refusal(name, 1, "binary data")
    is_ascii = b";" in first
    separator = ";" if is_ascii else ","
    columns = ["stamp", *_PRICES, "volume"] if is_ascii else ["date", "time", *_PRICES, "volume"]
    try:
        raw = pl.read_csv(
            io.BytesIO(text),
            separator=separator,
            quote_char=None,  # a quote would join lines and make their numbers wrong
            has_header=False,
            schema=dict.fromkeys(columns, pl.String()),
            truncate_ragged_lines=False,
        )
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        lines = text.split(b"\n")
        row = next((n for n, line in enumerate(lines) if not _has_columns(line, separator, len(columns))), 0)
        raise _refusal(name, row + 1, lines[row].decode("latin-1")) from None
    if is_ascii:
        local = raw["stamp"].str.to_datetime("%Y%m%d %H%M%S", strict=False, time_unit="us")
    else:
        joined = raw["date"] + " " + raw["time"]
        local = joined.str.to_datetime("%Y.%m.%d %H:%M", strict=False, time_unit="us")
    parsed = raw.select(pl.col(_PRICES).cast(pl.Float64, strict=False)).with_columns(local.alias("local"))
    broken = parsed.with_row_index().filter(pl.any_horizontal(pl.all().is_null()))
    if broken.height:
        row = int(broken["index"][0])
        raise _refusal(name, row + 1, text.split(b"\n", row + 1)[row].decode("latin-1"))
    return parsed


def _has_columns(line: bytes, separator: str, n_columns: int) -> bool:
    try:
        return line.decode().count(separator) == n_columns - 1 and "\0" not in line.decode()
    except UnicodeDecodeError:
        return False


def _refusal(name: str, line: int, content: str) -> RefusedFile:
    return RefusedFile(
        f"{name} must hold HistData M1 lines like '20180101 170000;1.2003;1.2010;1.2003;1.2010;0' "
        "or '2018.01.01,17:00,1.2003,1.2010,1.2003,1.2010,0'",
        was=f"line {line}: {content.strip()[:80]!r}",
        do="check the file and --vendor",
    )
