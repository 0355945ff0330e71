"""HistData.com one-minute candles and ticks: generic ASCII and MetaTrader flavour, zipped or not.

The vendor documents "EST without daylight saving". Measured, the files of 2017 and
2018 follow New York wall clock and those of 2019 are UTC-5 with European dates, so
the zone is measured on the file itself unless it is given.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.clock_check import best_clock, check_clock_fits
from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.vendors.container import as_utf8, delivered_bytes
from forecast_pipeline.candles.vendors.delimited import Layout, read_table
from forecast_pipeline.candles.vendors.protocol import (
    ParsedSource,
    SelfContained,
    SourceOptions,
    complete_columns,
    measured_minutes,
)
from forecast_pipeline.candles.vendors.ticks import parsed_ticks
from forecast_pipeline.core.errors import NoRecords, RefusedFile

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head

NEW_YORK = LocalClock("America/New_York")
CANDIDATES = (
    NEW_YORK,
    LocalClock("Etc/GMT+5"),  # what the vendor documents: UTC-5 all year (the sign is POSIX's)
    LocalClock("Europe/London", behind_hours=5),  # what the files of 2019 follow
)
_PRICES = ("open", "high", "low", "close")
_TICK = re.compile(rb"\d{8} \d{9},[\d.]+,[\d.]+,\d+")
_TICK_MUST = "HistData ticks like '20200101 170000065,1.121200,1.121720,0'"
_TICKS = Layout(separator=",", roles=("stamp", "bid", "ask", "skip"), stamp_format="%Y%m%d %H%M%S%3f")
_MOST = 2 / 3
_ASCII = re.compile(r"\d{8} \d{6}(;-?[\d.]+){4};0")
_METATRADER = re.compile(r"\d{4}\.\d{2}\.\d{2},\d{2}:\d{2}(,-?[\d.]+){4},0")


class HistData(SelfContained):
    """Reader of HistData files (bid prices; the volume column is always zero and is dropped)."""

    name = "histdata"
    summary = "HistData.com M1 or ticks, ASCII or MetaTrader flavour, .zip or .csv; bid; clock measured"

    def unlike(self, head: Head) -> str:
        """Why it is no file of HistData: its lines are known by their stamps and a volume of zero."""
        lines = [line for line in head.lines[:-1] or head.lines if line]
        if not lines:
            return "no text"
        ways = (_ASCII, _METATRADER, re.compile(_TICK.pattern.decode()))
        # One broken line does not make it another format; the reader says which line it is.
        if any(sum(way.fullmatch(line) is not None for line in lines) >= _MOST * len(lines) for way in ways):
            return ""
        return "no lines like '20180101 170000;1.2003;1.2010;1.2003;1.2010;0' with a volume of 0"

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        text = delivered_bytes(path)
        if _TICK.match(text.removeprefix(b"\xef\xbb\xbf")):
            return _read_ticks(as_utf8(text, path.name), path.name, options)
        records = _records(text, path.name)
        clock = LocalClock.named(options.timezone) if options.timezone else best_clock(records["local"], CANDIDATES)
        stamped = records.with_columns(clock.to_utc(records["local"]).alias("ts_utc")).drop("local")
        check_clock_fits(stamped["ts_utc"], f"stamps of {path.name} read as {clock}")
        lost = stamped["ts_utc"].null_count()
        twice = clock.repeated_hours(records["local"])
        notes = (f"{lost} rows carry a local time that does not exist in {clock}",) if lost else ()
        return ParsedSource(
            records=complete_columns(stamped),
            source_minutes=measured_minutes(stamped["ts_utc"].drop_nulls(), options),
            price_side=options.price_side or "bid",
            timezone=str(clock),
            notes=notes,
            repaired={"repeated_hour": twice} if twice else {},
        )


def _read_ticks(text: bytes, name: str, options: SourceOptions) -> ParsedSource:
    table = read_table(text, _TICKS, name, _TICK_MUST, allows_empty=False)
    local = table.stamps.values
    clock = LocalClock.named(options.timezone) if options.timezone else best_clock(local, CANDIDATES)
    ts_utc = clock.to_utc(local)
    check_clock_fits(ts_utc, f"stamps of {name} read as {clock}")
    return parsed_ticks(table.values.with_columns(ts_utc.alias("ts_utc")), options, timezone=str(clock), name=name)


def _records(text: bytes, name: str) -> pl.DataFrame:
    """Naive local stamps and prices; the first line that is neither flavour is shown."""
    first = text[:200].lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip()
    if not first:
        raise NoRecords(f"{name} must hold candles", was="an empty file")
    if b"\0" in text:
        before = text[: text.index(b"\0")]
        raise _refusal(
            name, before.count(b"\n") + 1, before.rsplit(b"\n", 1)[-1].decode("latin-1") + " and binary data"
        )
    is_ascii = b";" in first
    separator = ";" if is_ascii else ","
    columns = ["stamp", *_PRICES, "volume"] if is_ascii else ["date", "time", *_PRICES, "volume"]
    try:
        raw = _table(text, separator, columns)
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        lines = text.split(b"\n")
        row = next((n for n, line in enumerate(lines) if not _has_columns(line, separator, len(columns))), 0)
        raise _refusal(name, row + 1, lines[row].decode("latin-1")) from None
    if is_ascii:
        local = raw["stamp"].str.to_datetime("%Y%m%d %H%M%S", strict=False, time_unit="us")
    else:
        joined = raw["date"] + " " + raw["time"]
        local = joined.str.to_datetime("%Y.%m.%d %H:%M", strict=False, time_unit="us")
    # The volume is not kept, but a line that breaks off before it has lost digits of its close.
    numbers = raw.select(pl.col(*_PRICES, "volume").cast(pl.Float64, strict=False)).with_columns(local.alias("local"))
    broken = numbers.with_row_index().filter(pl.any_horizontal(pl.all().is_null()))
    parsed = numbers.drop("volume")
    if broken.height:
        row = int(broken["index"][0])
        raise _refusal(name, row + 1, text.split(b"\n", row + 1)[row].decode("latin-1"))
    return parsed


def _table(text: bytes, separator: str, columns: list[str]) -> pl.DataFrame:
    """Numbers at once, or, where one is none, all columns as text for the search of the line."""

    def read(types: dict[str, pl.DataType]) -> pl.DataFrame:
        return pl.read_csv(
            io.BytesIO(text),
            separator=separator,
            quote_char=None,  # a quote would join lines and make their numbers wrong
            has_header=False,
            schema={name: types.get(name, pl.String()) for name in columns},
            truncate_ragged_lines=False,
        )

    try:
        return read(dict.fromkeys((*_PRICES, "volume"), pl.Float64()))
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        return read({})


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
