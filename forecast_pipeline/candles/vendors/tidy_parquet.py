"""Tidy Parquet: ``ts_utc open high low close`` and, where known, ``volume`` and ``ask_*``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.clock_check import check_clock_fits
from forecast_pipeline.candles.fx_day import as_fx_days, is_midnight
from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.vendors.protocol import (
    OPTIONAL_COLUMNS,
    RECORD_COLUMNS,
    ParsedSource,
    SelfContained,
    SourceOptions,
    complete_columns,
    measured_minutes,
)
from forecast_pipeline.core.errors import NoRecords, RefusedFile
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head

_REQUIRED = RECORD_COLUMNS[: -len(OPTIONAL_COLUMNS)]
_ASK = OPTIONAL_COLUMNS[1:]


class TidyParquet(SelfContained):
    """Reader of the schema in which this project exchanges candles."""

    name = "parquet"
    summary = "tidy Parquet: ts_utc open high low close [volume] [ask_open ask_high ask_low ask_close]"

    def unlike(self, head: Head) -> str:
        """Why it is no Parquet file."""
        return "" if head.content[:4] == b"PAR1" else "no PAR1 at its beginning"

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        table = _table(path)
        missing = [name for name in _REQUIRED if name not in table.columns]
        if missing:
            raise RefusedFile(f"{path.name} must have the columns {' '.join(_REQUIRED)}", was=f"no {' '.join(missing)}")
        if table.is_empty():
            raise NoRecords(f"{path.name} must hold candles", was="no row")
        _check_numbers(table, path.name)
        table = table.with_columns(_clock(table["ts_utc"], options, path.name).alias("ts_utc"))
        minutes = measured_minutes(table["ts_utc"].drop_nulls(), options)
        unread = " ".join(name for name in table.columns if name not in RECORD_COLUMNS)
        notes = [f"columns not read: {unread}"] if unread else []
        if 0 < sum(name in table.columns for name in _ASK) < len(_ASK):
            raise RefusedFile(f"{path.name} must have all of {' '.join(_ASK)} or none", was=" ".join(table.columns))
        if minutes == MINUTES_PER_DAY and is_midnight(table["ts_utc"]):
            table = table.with_columns(as_fx_days(table["ts_utc"], path.name).alias("ts_utc"))
            notes.append("dates at midnight UTC read as FX days, 17:00 to 17:00 New York")
        else:
            check_clock_fits(table["ts_utc"], f"ts_utc of {path.name}")
        has_ask = "ask_open" in table.columns
        return ParsedSource(
            records=complete_columns(table),
            source_minutes=minutes,
            price_side=options.price_side or ("bid" if has_ask else "unspecified"),
            timezone=options.timezone or "UTC",
            notes=tuple(notes),
        )


def _table(path: Path) -> pl.DataFrame:
    """The file by pyarrow: polars' own reader ends the process on some damaged files."""
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet

    try:
        return pl.DataFrame(parquet.ParquetFile(path).read())
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as e:
        reason = (str(e).splitlines() or [type(e).__name__])[0][:120]
        raise RefusedFile(f"{path.name} must be a Parquet file", was=reason, do="check --vendor") from None


def _check_numbers(table: pl.DataFrame, name: str) -> None:
    wrong = {
        column: str(table.schema[column])
        for column in RECORD_COLUMNS[1:]
        if column in table.columns and not table.schema[column].is_numeric()
    }
    if wrong:
        raise RefusedFile(f"{name}: prices and volume must be numbers", was=str(wrong))


def _clock(ts_utc: pl.Series, options: SourceOptions, name: str) -> pl.Series:
    dtype = ts_utc.dtype
    if not isinstance(dtype, pl.Datetime):
        raise RefusedFile(f"{name}: ts_utc must be a date-time with a zone", was=str(dtype))
    if dtype.time_zone is None:
        if options.timezone is None:
            raise RefusedFile(
                f"{name}: ts_utc must carry a time zone",
                was="naive stamps",
                why="an hour of error is invisible later",
                do="pass --timezone",
            )
        return LocalClock.named(options.timezone).to_utc(ts_utc.dt.cast_time_unit("us"))
    return ts_utc.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
