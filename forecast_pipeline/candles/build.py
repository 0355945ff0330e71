"""Candles of a symbol and year, computed from the landing area and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.candles.calendar import coverage_calendar, observed_gaps
from forecast_pipeline.candles.landing import landed_files
from forecast_pipeline.candles.sides import beside_each_other, declared_side
from forecast_pipeline.candles.slices import rows_of_year
from forecast_pipeline.candles.validation import examples, reason_counts
from forecast_pipeline.candles.weekly_spread import spread_by_hour
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.publication import Published, find, frame_writer, publish, require
from forecast_pipeline.core.schema import CANDLES, QUARANTINE, check_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from forecast_pipeline.candles.landing import LandedFile
    from forecast_pipeline.core.home import Home

QUARANTINE_SUFFIX = ".quarantine.parquet"
COVERAGE_SUFFIX = ".coverage.parquet"
_KEY = ["ts_utc", "source_minutes"]


def landed_years(home: Home, symbol: str) -> list[int]:
    """Years for which the landing area holds at least one file of the symbol."""
    return sorted({year for file in landed_files(home, symbol) for year in file.years})


def build_candles(home: Home, symbol: str, years: Sequence[int]) -> Iterator[Published]:
    """Compute and publish the candles of each year from every landed file that touches it.

    Where files disagree about a candle the one ingested last wins; the count of
    replaced candles is recorded.

    Yields:
        One published partition per year, in the order asked for.

    Raises:
        MissingData: If no landed file touches a year.
        CorruptData: If a landed file is not what its ticket says.
    """
    files = landed_files(home, symbol)
    for year in years:
        touching = [file for file in files if year in file.years]
        if not touching:
            raise MissingData(f"{symbol} {year} must have been ingested", do="ingest a file of that year")
        yield _publish_year(home, symbol, year, touching, files)


def candle_partitions(home: Home, symbol: str) -> list[Published]:
    """All published years of a symbol, oldest first."""
    folder = home.candles(symbol)
    names = sorted(path.stem for path in folder.glob("[0-9]*.json")) if folder.is_dir() else []
    return [each for each in (find(folder, name) for name in names) if each is not None]


def candles_of_year(home: Home, symbol: str, year: int) -> Published:
    """The published candles of one year.

    Raises:
        MissingData: If they have not been built.
    """
    return require(home.candles(symbol), str(year), f"candles of {symbol} {year}", "materialise candles")


def candles_as_known_at(home: Home, symbol: str, year: int, instant: datetime) -> pl.DataFrame:
    """Candles of a year as they would have been built at an instant: later files and corrections are not known yet.

    Raises:
        MissingData: If no file of the year had been ingested by then.
    """
    files = [file for file in landed_files(home, symbol) if file.ingested_at <= instant]
    known = [file for file in files if year in file.years]
    if not known:
        raise MissingData(f"{symbol} {year} must have been ingested by {instant:%Y-%m-%d %H:%M}", do="ask for later")
    return _winners(_good(_rows(home, year, known, files)))


def _rows(home: Home, year: int, files: Sequence[LandedFile], symbol_files: Sequence[LandedFile]) -> pl.DataFrame:
    """Rows of all files in the order of ingestion, each with its file's position, asks beside their bids."""
    rows = pl.concat(
        [
            rows_of_year(home, file, year).with_columns(source=pl.lit(position, pl.UInt16))
            for position, file in enumerate(files)
        ]
    )
    return beside_each_other(rows, files, symbol_files)


def _good(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("reason").is_null()).drop("reason")


def _winners(good: pl.DataFrame) -> pl.DataFrame:
    """Of each stamp and length the row that was ingested last."""
    return good.unique(_KEY, keep="last", maintain_order=True).sort(_KEY).select(list(CANDLES))


def _publish_year(
    home: Home, symbol: str, year: int, files: Sequence[LandedFile], symbol_files: Sequence[LandedFile]
) -> Published:
    rows = _rows(home, year, files, symbol_files)
    good = _good(rows)
    candles = _winners(good)
    values = [name for name in CANDLES if name != "source"]
    n_replaced = good.unique(values).height - candles.height
    bad = rows.filter(pl.col("reason").is_not_null()).sort("ts_utc", "source", maintain_order=True)
    quarantine = bad.select(list(QUARANTINE))
    check_schema(candles, CANDLES, f"candles of {symbol} {year}")
    finest = candles.filter(pl.col("source_minutes") == pl.col("source_minutes").min())
    facts: dict[str, Any] = {
        "stage": "candles",
        "symbol": symbol,
        "year": year,
        "n_rows": candles.height,
        "first_ts_utc": _text(candles["ts_utc"].min()),
        "last_ts_utc": _text(candles["ts_utc"].max()),
        "n_replaced": n_replaced,
        "quarantined": reason_counts(rows),
        "examples": examples(rows),
        "repaired": _summed(files, "repaired"),
        "accepted": _summed(files, "accepted"),
        "gaps": observed_gaps(finest),
        "spread_by_hour": spread_by_hour(candles),
        "price_side": price_side(files),
        "sources": [file.described() for file in files],
    }
    writers = {
        ".parquet": frame_writer(candles),
        QUARANTINE_SUFFIX: frame_writer(quarantine),
        COVERAGE_SUFFIX: frame_writer(coverage_calendar(finest)),
    }
    return publish(home.candles(symbol), str(year), writers, facts)


def _summed(files: Sequence[LandedFile], kind: str) -> dict[str, int]:
    """Counts of the tickets of all files that touch the year, by finding."""
    total: dict[str, int] = {}
    for file in files:
        for name, count in file.stored.card.get(kind, {}).items():
            total[name] = total.get(name, 0) + int(count)
    return dict(sorted(total.items()))


def price_side(files: Sequence[LandedFile]) -> str:
    """The declared side of the prices, or ``unspecified``; bid where asks have files of their own."""
    sides = {declared_side(file) for file in files} - {"unspecified"}
    return max(sides - {"ask"} or sides, default="unspecified")


def _text(instant: object) -> str | None:
    return instant.isoformat() if hasattr(instant, "isoformat") else None
