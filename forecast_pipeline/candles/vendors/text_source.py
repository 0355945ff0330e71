"""From a text table of a known layout to a parsed source: clock, ticks or candles, spread, filler rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.clock_check import check_clock_fits, measured_clock
from forecast_pipeline.candles.fx_day import as_fx_days, is_midnight
from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.vendors.container import as_utf8, delivered_bytes
from forecast_pipeline.candles.vendors.delimited import PRICE_ROLES, read_table
from forecast_pipeline.candles.vendors.protocol import ParsedSource, complete_columns, measured_minutes
from forecast_pipeline.candles.vendors.ticks import minutes_of_shorter, parsed_ticks
from forecast_pipeline.core.errors import NoRecords
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.delimited import Layout, Table
    from forecast_pipeline.candles.vendors.protocol import PriceSide, SourceOptions

_OHLC = ("open", "high", "low", "close")
_MOSTLY = 0.5
_DIGITS = 10


def delivered_text(path: Path) -> bytes:
    """Text of a file or of the only ``.csv`` in a zip, as UTF-8."""
    return as_utf8(delivered_bytes(path), path.name)


def parsed_text(
    path: Path, options: SourceOptions, layout: Layout, *, must: str, side: PriceSide, clock: LocalClock | None
) -> ParsedSource:
    """Read a text table as candles, or as ticks that become candles.

    Args:
        path: File or zip.
        options: As given; its zone, side, point and record length go first.
        layout: Columns of the table.
        must: What the file must hold, for messages.
        side: Side of the vendor's prices.
        clock: The vendor's clock, or None if it has to be measured.
    """
    table = read_table(delivered_text(path), layout, path.name, must)
    ts_utc, name, notes, repaired = _clocked(table, options, path.name, clock)
    values = table.values.with_columns(ts_utc.alias("ts_utc"))
    if layout.unread:
        notes.append(f"columns not read: {' '.join(layout.unread)}")
    if layout.holds_ticks:
        check_clock_fits(ts_utc, f"stamps of {path.name} read as {name}")
        ticks = parsed_ticks(values, options, timezone=name, name=path.name, notes=tuple(notes))
        return _with(ticks, repaired)
    values = _with_ask(values, table, options, notes)
    if _is_whole(values) and options.point is not None:
        prices = [name for name in values.columns if name in PRICE_ROLES]
        # Divided by the whole number of points in 1, which gives the nearest float, as text would.
        values = values.with_columns(pl.col(prices) / round(1 / options.point, _DIGITS))
        repaired |= {"integer_points": values.height}
    records = complete_columns(values)
    seconds = ts_utc.drop_nulls().dt.second()
    if options.source_timeframe is None and seconds.len() and (seconds != 0).mean() > _MOSTLY:  # type: ignore[operator]  # a share
        notes.append(f"one-minute candles of {records.height} shorter records")
        n_read, records = records.height, minutes_of_shorter(records)
    else:
        n_read = records.height
    minutes = measured_minutes(records["ts_utc"].drop_nulls(), options)
    if minutes == MINUTES_PER_DAY and is_midnight(records["ts_utc"]):
        records = records.with_columns(as_fx_days(records["ts_utc"], path.name).alias("ts_utc"))
        notes.append("dates read as FX days, 17:00 to 17:00 New York")
    else:
        check_clock_fits(records["ts_utc"], f"stamps of {path.name} read as {name}")
    return ParsedSource(
        records=records,
        source_minutes=minutes,
        price_side=options.price_side or ("bid" if side == "unspecified" and "ask_open" in values.columns else side),
        timezone=name,
        notes=tuple(notes),
        repaired=repaired,
        n_read=n_read,
    )


def without_filler(parsed: ParsedSource) -> ParsedSource:
    """The source without the rows that a vendor writes where nothing traded: volume 0 and four equal prices."""
    records = parsed.records
    equal = pl.all_horizontal(pl.col(name) == pl.col("open") for name in _OHLC[1:])
    is_filler = (pl.col("volume") == 0) & equal
    kept = records.filter(~is_filler.fill_null(value=False))
    n_filler = records.height - kept.height
    if not n_filler:
        return parsed
    if kept.is_empty():
        raise NoRecords("a vendor's file must hold quotes", was=f"{n_filler} filler rows: nothing traded")
    return replace(parsed, records=kept, dropped=parsed.dropped | {"filler": n_filler}, n_read=parsed.n_rows)


def _clocked(
    table: Table, options: SourceOptions, name: str, vendor: LocalClock | None
) -> tuple[pl.Series, str, list[str], dict[str, int]]:
    """Stamps in UTC, the name of their clock, notes and repairs."""
    stamps = table.stamps
    repaired = {"epoch_unit": stamps.n_other_units} if stamps.n_other_units else {}
    if stamps.is_utc:
        return stamps.values, "UTC", [], repaired
    is_daily = is_midnight(stamps.values)
    if options.timezone:
        clock = LocalClock.named(options.timezone)
    elif vendor is not None or is_daily:
        clock = vendor or LocalClock("UTC")
    else:
        clock = measured_clock(stamps.values, name)
    ts_utc = clock.to_utc(stamps.values)
    notes = []
    lost, twice = ts_utc.null_count(), clock.repeated_hours(stamps.values)
    if lost:
        notes.append(f"{lost} rows carry a local time that does not exist in {clock}")
    if twice:
        repaired |= {"repeated_hour": twice}
    return ts_utc, str(clock), notes, repaired


def _with_ask(values: pl.DataFrame, table: Table, options: SourceOptions, notes: list[str]) -> pl.DataFrame:
    if "spread" not in values.columns:
        return values
    point = 1.0 if _is_whole(values) else options.point or 10.0**-table.decimals
    notes.append(f"ask = bid + the record's spread in points of {point:g}")
    # Rounded to a tenth of a point, so that equal prices stay equal numbers.
    asks = [(pl.col(name) + pl.col("spread") * point).round(table.decimals + 1).alias(f"ask_{name}") for name in _OHLC]
    return values.with_columns(asks)


def _is_whole(values: pl.DataFrame) -> bool:
    """Whether all prices are whole numbers, which no usual pair's are."""
    return bool(values.select(((pl.col("close") == pl.col("close").round()) | pl.col("close").is_nan()).all()).item())


def _with(parsed: ParsedSource, repaired: dict[str, int]) -> ParsedSource:
    return replace(parsed, repaired=parsed.repaired | repaired) if repaired else parsed
