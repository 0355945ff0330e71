"""What a vendor reader takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import polars as pl
from pydantic import Field

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline.core.schema import CANDLES
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head

PriceSide = Literal["bid", "ask", "mid", "unspecified"]


class SourceOptions(Configuration):
    """How a vendor file is to be read.

    Attributes:
        vendor: Name of the reader.
        timezone: Zone of the stamps; None lets the reader measure or use what it knows.
        price_side: Side of the quote; None takes the vendor's.
        source_timeframe: Length of a record; None measures it.
        start: First instant of a file whose stamps count from it, such as ``2018-03-02`` or ``2018-03-02T08``.
        point: Price of one step where the file holds whole numbers, such as 0.00001.
        separator: Character between the columns of a text file; None finds it.
        columns: Meaning of the columns in order, as in ``date,time,open,high,low,close``; None reads the header.
        stamp_format: Pattern of the stamps, such as ``%m/%d/%Y %H:%M``; None finds it.
        decimal_comma: Whether numbers are written with a comma.
    """

    vendor: str
    timezone: str | None = None
    price_side: PriceSide | None = None
    source_timeframe: str | None = None
    start: str | None = None
    point: float | None = Field(default=None, gt=0)
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    columns: str | None = None
    stamp_format: str | None = None
    decimal_comma: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """What a reader found.

    Attributes:
        records: Columns ``ts_utc open high low close volume ask_open … ask_close``, in file order.
        source_minutes: Length of a record.
        price_side: Side of ``open`` to ``close``.
        timezone: Zone in which the stamps were read.
        notes: Facts about the file that a person should know.
        dropped: Rows that are no candles and were left out, by kind: ``filler``, ``incomplete``, ``empty``.
        repaired: Rows that were put right, by finding.
        set_aside: Rows with a ``reason`` that had to leave before candles could be made, such as bad ticks.
        n_read: Rows or ticks in the file; None if that is the height of ``records``.
    """

    records: pl.DataFrame
    source_minutes: int
    price_side: PriceSide
    timezone: str
    notes: tuple[str, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    repaired: dict[str, int] = field(default_factory=dict)
    set_aside: pl.DataFrame | None = None
    n_read: int | None = None

    @property
    def n_rows(self) -> int:
        """Rows or ticks in the file."""
        return self.records.height if self.n_read is None else self.n_read


class CandleSource(Protocol):
    """A reader of one vendor's format."""

    name: str
    summary: str

    def unlike(self, head: Head) -> str:
        """Why a file is not of this format, judged by its beginning; empty if it may be."""
        ...

    def resolved(self, path: Path, symbol: str, options: SourceOptions) -> SourceOptions:
        """The options with what the file's path and the symbol tell, which the landed copy no longer shows."""
        ...

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file.

        Raises:
            RefusedFile: If the file is not what the reader reads.
        """
        ...


class SelfContained:
    """Base of readers whose files tell everything themselves."""

    def resolved(self, path: Path, symbol: str, options: SourceOptions) -> SourceOptions:  # noqa: ARG002
        """The options as they are; see `CandleSource.resolved`."""
        return options


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
