"""Ingest: read a vendor file, judge it, and land it or refuse it whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.landing import land, landed_files
from forecast_pipeline.candles.validation import (
    MAX_QUARANTINED_FRACTION,
    REASONS,
    reason_counts,
    with_reasons,
)
from forecast_pipeline.candles.vendors.registry import reader_named
from forecast_pipeline.core.clock import system_clock
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline.core.symbol import normalise_symbol

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.landing import LandedFile
    from forecast_pipeline.candles.vendors.protocol import ParsedSource, SourceOptions
    from forecast_pipeline.core.clock import Clock
    from forecast_pipeline.core.home import Home

MAX_FILE_BYTES = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingesting one file did.

    Attributes:
        symbol: Normalised symbol.
        file: The landed file.
        n_rows: Rows read.
        n_duplicates: Exact copies dropped.
        quarantined: Rows set aside, by reason.
        was_known: Whether the same bytes had been ingested the same way before.
    """

    symbol: str
    file: LandedFile
    n_rows: int
    n_duplicates: int
    quarantined: dict[str, int]
    was_known: bool


def ingest_file(home: Home, path: Path, symbol: str, options: SourceOptions, clock: Clock = system_clock) -> Ingested:
    """Read and judge one vendor file, then keep it in the landing area.

    Raises:
        RefusedFile: If the file is missing, is not of the vendor, holds no good row, holds mostly
            bad ones, or quotes another side than the symbol's other files. Nothing is written.
    """
    symbol = normalise_symbol(symbol)
    reader = reader_named(options.vendor)
    _check_file(path)
    parsed = reader.read(path, options)
    now = clock()
    marked = with_reasons(parsed.records, parsed.source_minutes, now)
    good = marked.filter(pl.col("reason").is_null())
    quarantined = reason_counts(marked)
    _check_share(path.name, parsed.records.height, good.height, quarantined)
    known = landed_files(home, symbol)
    _check_side(parsed, symbol, known)
    first, last = good["ts_utc"].min(), good["ts_utc"].max()
    facts = {
        "symbol": symbol,
        "vendor": options.vendor,
        "timezone": parsed.timezone,
        "price_side": parsed.price_side,
        "source_minutes": parsed.source_minutes,
        "notes": list(parsed.notes),
        "n_rows": parsed.records.height,
        "n_good": good.height,
        "quarantined": quarantined,
        "first_ts_utc": first.isoformat(),  # type: ignore[union-attr]  # datetimes, as the schema says
        "last_ts_utc": last.isoformat(),  # type: ignore[union-attr]
        "ingested_at": now.isoformat(),
    }
    landed = land(home, symbol, path, options, facts)
    return Ingested(
        symbol=symbol,
        file=landed,
        n_rows=parsed.records.height,
        n_duplicates=parsed.records.height - marked.height,
        quarantined=quarantined,
        was_known=landed.stored.card in [each.stored.card for each in known],
    )


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise RefusedFile(f"{path} must be a file", was="nothing there" if not path.exists() else "a folder")
    size = path.stat().st_size
    if size == 0:
        raise RefusedFile(f"{path} must hold candles", was="an empty file")
    if size > MAX_FILE_BYTES:
        raise RefusedFile(f"{path} must be at most {MAX_FILE_BYTES} bytes", was=str(size), do="cut it by year")


def _check_share(name: str, n_rows: int, n_good: int, quarantined: dict[str, int]) -> None:
    bad = sum(quarantined.values())
    if n_good == 0 or bad > MAX_QUARANTINED_FRACTION * (n_good + bad):
        worst = next(iter(quarantined), None)
        detail = f"{bad} of {n_rows}" + (f", most often {worst} ({REASONS[worst]})" if worst else "")
        raise RefusedFile(
            f"{name}: at most {MAX_QUARANTINED_FRACTION:.0%} of the rows may be unusable",
            was=detail,
            do="check --vendor, --timezone and --source-timeframe",
        )


def _check_side(parsed: ParsedSource, symbol: str, known: list[LandedFile]) -> None:
    sides = {str(file.stored.card["price_side"]) for file in known} - {"unspecified"}
    if parsed.price_side != "unspecified" and sides - {parsed.price_side}:
        raise RefusedFile(
            f"{symbol} must keep one price side, its files so far are {'/'.join(sorted(sides))}",
            was=parsed.price_side,
            why="the seam between two sides is a jump of half a spread",
            do="ingest it under another FORECAST_HOME, or pass --price-side if the file is mislabelled",
        )
