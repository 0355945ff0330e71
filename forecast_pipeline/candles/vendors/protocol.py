"""What a vendor reader takes and returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import polars as pl

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline.core.schema import CANDLES
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe

if TYPE_CHECKING:
    from pathlib import Path

PriceSide = Literal["bid", "ask", "mid", "unspecified"]


class SourceOptions(Configuration):
    """How a vendor file is to be read.

    Attributes:
        vendor: Name of the reader.
        timezone: Zone of the stamps; None lets the reader measure or use what it knows.
        price_side: Side of the quote; None takes the vendor's.
        source_timeframe: Length of a record; None measures it.
    """

    vendor: str
    timezone: str | None = None
    price_side: PriceSide | None = None
    source_timeframe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """What a reader found.

    Attributes:
        records: Columns ``ts_utc open high low close volume ask_open … ask_close``, in file order.
        source_minutes: Length of a record.
        price_side: Side of ``open`` to ``close``.
        timezone: Zone in which the stamps were read.
        notes: Facts about the file that a person should know.
    """

    records: pl.DataFrame
    source_minutes: int
    price_side: PriceSide
    timezone: str
    notes: tuple[str, ...] = ()


class CandleSource(Protocol):
    """A reader of one vendor's format."""

    name: str
    summary: str

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file.

        Raises:
            RefusedFile: If the file is not what the reader reads.
        """
        ...


OPTIONAL_COLUMNS = ("volume", "ask_open", "ask_high", "ask_low", "ask_close")
RECORD_COLUMNS = ("ts_utc", "open", "high", "low", "close", *OPTIONAL_COLUMNS)


def complete_columns(records: pl.DataFrame) -> pl.DataFrame:
    """Add the optional columns that a vendor does not have, as nulls, in house order and types.

    NaN in an optional column is null: pandas knows no other way to say that a number is absent.
    """
    missing = [pl.lit(None, CANDLES[name]).alias(name) for name in OPTIONAL_COLUMNS if name not in records.columns]
    typed = records.with_columns(missing).select(pl.col(name).cast(CANDLES[name]) for name in RECORD_COLUMNS)
    return typed.with_columns(pl.col(OPTIONAL_COLUMNS).fill_nan(None))


def measured_minutes(ts_utc: pl.Series, options: SourceOptions) -> int:
    """Length of a record: as declared, else the most frequent step between stamps.

    Raises:
        RefusedFile: If that step is none of the seven timeframes.
    """
    if options.source_timeframe is not None:
        return Timeframe.parse(options.source_timeframe).minutes
    steps = ts_utc.sort().diff().drop_nulls().dt.total_microseconds()
    steps = steps.filter(steps > 0)
    if steps.is_empty():
        return 1
    step_us = int(steps.mode().min())  # type: ignore[arg-type]  # a mode of integers is an integer
    minutes = {timeframe.minutes for timeframe in Timeframe}
    if step_us % MICROSECONDS_PER_MINUTE or step_us // MICROSECONDS_PER_MINUTE not in minutes:
        raise RefusedFile(
            f"records must be {' '.join(Timeframe)} apart",
            was=f"most often {step_us / MICROSECONDS_PER_MINUTE:g} minutes apart",
            do="pass --source-timeframe if the file is sparse",
        )
    return step_us // MICROSECONDS_PER_MINUTE
