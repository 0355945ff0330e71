"""LEAN zips of currencies: minute, hour, daily and tick, bid and ask quotes; the day stands in the member's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.clock_check import check_clock_fits, measured_clock
from forecast_pipeline.candles.fx_day import is_midnight
from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.vendors.container import as_utf8, delivered_members
from forecast_pipeline.candles.vendors.delimited import Layout, read_numbers, read_table
from forecast_pipeline.candles.vendors.protocol import ParsedSource, complete_columns, measured_minutes
from forecast_pipeline.candles.vendors.ticks import minutes_of_shorter, parsed_ticks
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import SourceOptions

_MUST = "LEAN lines like '60000,1.1,1.2,1.0,1.1,0,1.1,1.2,1.0,1.1,0' or '20180101 00:00,…'"
_DAILY_NAME = re.compile(r"(?P<day>\d{8})_(?:\w+_)?(?P<kind>minute|second|tick)_(?P<type>quote|trade)\.csv$")
_LINE = re.compile(r"(\d{1,8}|\d{8} \d\d:\d\d)(,-?[\d.]*){2,10}")
_BID = ("open", "high", "low", "close")
_ASK = tuple(f"ask_{name}" for name in _BID)
_QUOTE = (*_BID, "skip", *_ASK, "skip")
_COLUMNS = {11: _QUOTE, 6: (*_BID, "volume"), 3: ("bid", "ask"), 5: ("bid", "skip", "ask", "skip")}
# Data zones of LEAN's market-hours table: Oanda in UTC, FXCM in Eastern standard time without daylight saving.
_ZONES = {"oanda": "UTC", "fxcm": "Etc/GMT+5", "dukascopy": "UTC"}
_MS_PER_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class _Member:
    day: datetime | None
    kind: str  # minute, second, tick, or whole for hour and daily files
    text: bytes
    name: str


class Lean:
    """Reader of LEAN's currency data (zone by the market in the path: Oanda UTC, FXCM UTC-5)."""

    name = "lean"
    summary = "LEAN .zip, minute hour daily or tick; bid and ask; zone from the market's folder or --timezone"

    def unlike(self, head: Head) -> str:
        """Why it is no zip of LEAN."""
        if not head.members:
            return "no zip"
        if not _LINE.fullmatch(head.first_line):
            return "no line like '60000,1.1,1.2,…' or '20180101 00:00,…'"
        is_dated = _DAILY_NAME.search(head.members[0]) is not None
        return "" if is_dated or re.match(r"\d{8} \d\d:\d\d,", head.first_line) else "no member with a day in its name"

    def resolved(self, path: Path, symbol: str, options: SourceOptions) -> SourceOptions:  # noqa: ARG002
        """The options with the zone of the market in the path."""
        market = next((part for part in reversed(path.absolute().parts) if part in _ZONES), None)
        if options.timezone is not None or market is None:
            return options
        return options.model_copy(update={"timezone": _ZONES[market]})

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        members = [_member(name, body) for name, body in delivered_members(path, ".csv")]
        kinds = {member.kind for member in members}
        if len(kinds) != 1:
            raise RefusedFile(f"{path.name} must hold files of one resolution", was=" ".join(sorted(kinds)))
        tables = [_table(member) for member in members]
        values = pl.concat(tables)
        options = self.resolved(path, "", options)
        local = values["local"]
        clock = LocalClock.named(options.timezone) if options.timezone else self._measured(local, path.name)
        values = values.drop("local").with_columns(clock.to_utc(local).alias("ts_utc"))
        if "bid" in values.columns:
            return parsed_ticks(values, options, timezone=str(clock), name=path.name)
        records, n_read = complete_columns(values), values.height
        if kinds == {"second"}:
            records = minutes_of_shorter(records)
        minutes = 1 if kinds & {"minute", "second"} else measured_minutes(records["ts_utc"].drop_nulls(), options)
        if minutes < MINUTES_PER_DAY:
            check_clock_fits(records["ts_utc"], f"stamps of {path.name} read as {clock}")
        side = options.price_side or ("bid" if "ask_open" in values.columns else "unspecified")
        return ParsedSource(
            records=records, source_minutes=minutes, price_side=side, timezone=str(clock), n_read=n_read
        )

    @staticmethod
    def _measured(local: pl.Series, name: str) -> LocalClock:
        return LocalClock("UTC") if is_midnight(local) else measured_clock(local, name)


def _member(name: str, body: bytes) -> _Member:
    found = _DAILY_NAME.search(name)
    text = as_utf8(body, name)
    if found is None:
        return _Member(None, "whole", text, name)
    try:
        day = datetime.strptime(found["day"], "%Y%m%d")  # noqa: DTZ007 - a local day of the vendor's clock
    except ValueError:
        raise RefusedFile(f"{name} must begin with a day like 20180302", was=found["day"]) from None
    return _Member(day, found["kind"], text, name)


def _table(member: _Member) -> pl.DataFrame:
    first = member.text.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    roles = _COLUMNS.get(first.count(",") + 1)
    if roles is None or not _LINE.fullmatch(first):
        raise RefusedFile(f"{member.name} must hold {_MUST}", was=f"line 1: {first[:80]!r}", do="check --vendor")
    if member.day is None:
        layout = Layout(separator=",", roles=("stamp", *roles), stamp_format="%Y%m%d %H:%M")
        table = read_table(member.text, layout, member.name, _MUST)
        return table.values.with_columns(table.stamps.values.alias("local"))
    layout = Layout(separator=",", roles=("volume" if "volume" not in roles else "spread", *roles))
    return _counted(member, layout)


def _counted(member: _Member, layout: Layout) -> pl.DataFrame:
    """A day whose stamps are milliseconds since its midnight."""
    counter = layout.roles[0]
    values = read_numbers(member.text, layout, member.name, _MUST)
    past = values.with_row_index().filter(~pl.col(counter).is_between(0, _MS_PER_DAY - 1))
    if past.height:
        raise RefusedFile(
            f"{member.name} must count milliseconds within its day",
            was=f"line {past['index'][0] + 1}: {past[counter][0]}",
        )
    local = pl.lit(member.day, pl.Datetime("us")) + pl.duration(milliseconds=pl.col(counter).cast(pl.Int64))
    return values.with_columns(local.alias("local")).drop(counter)
