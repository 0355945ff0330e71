"""Candles of a symbol and year, computed from the landing area and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.candles.landing import landed_files
from forecast_pipeline.candles.reading import read_and_judge
from forecast_pipeline.candles.validation import reason_counts
from forecast_pipeline.core.errors import CorruptData, MissingData
from forecast_pipeline.core.hashing import sha256_of_file
from forecast_pipeline.core.publication import Published, find, frame_writer, publish, require
from forecast_pipeline.core.schema import CANDLES, QUARANTINE, check_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forecast_pipeline.candles.landing import LandedFile
    from forecast_pipeline.candles.reading import Reading
    from forecast_pipeline.core.home import Home

QUARANTINE_SUFFIX = ".quarantine.parquet"
_KEY = ["ts_utc", "source_minutes"]


@dataclass(frozen=True, slots=True)
class _Marked:
    file: LandedFile
    rows: pl.DataFrame  # CANDLES without source, and reason
    reading: Reading


def landed_years(home: Home, symbol: str) -> list[int]:
    """Years for which the landing area holds at least one file of the symbol."""
    return sorted({year for file in landed_files(home, symbol) for year in file.years})


def build_candles(home: Home, symbol: str, years: Sequence[int]) -> Iterator[Published]:
    """Compute and publish the candles of each year, reading every landed file once.

    Where files disagree about a candle the one ingested last wins; the count of
    replaced candles is recorded.

    Yields:
        One published partition per year, in the order asked for.

    Raises:
        MissingData: If no landed file touches a year.
        CorruptData: If a landed file is not what its ticket says.
    """
    files = landed_files(home, symbol)
    parsed = [_read(file) for file in files if not set(file.years).isdisjoint(years)]
    for year in years:
        touching = [each for each in parsed if year in each.file.years]
        if not touching:
            raise MissingData(f"{symbol} {year} must have been ingested", do="ingest a file of that year")
        yield _publish_year(home, symbol, year, touching)


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


def _read(file: LandedFile) -> _Marked:
    found = sha256_of_file(file.path) if file.path.is_file() else "no file"
    if found != file.sha256:
        raise CorruptData(f"{file.path} must have sha256 {file.sha256[:12]}…", was=found[:12], do="ingest it again")
    reading = read_and_judge(file.path, file.options, file.ingested_at)
    minutes = pl.lit(reading.parsed.source_minutes, pl.Int32)
    return _Marked(file, reading.rows.with_columns(source_minutes=minutes), reading)


def _publish_year(home: Home, symbol: str, year: int, sources: Sequence[_Marked]) -> Published:
    rows = pl.concat(
        [each.rows.with_columns(source=pl.lit(position, pl.UInt16)) for position, each in enumerate(sources)]
    )
    # Rows without a clock belong to no year; they are reported with the first year of their file.
    orphan_years = {position: each.file.years[0] for position, each in enumerate(sources)}
    stamped_year = pl.col("ts_utc").dt.year()
    own_year = pl.when(stamped_year.is_null()).then(
        pl.col("source").replace_strict(orphan_years, return_dtype=pl.Int32)
    )
    rows = rows.filter(own_year.otherwise(stamped_year) == year)
    good = rows.filter(pl.col("reason").is_null()).drop("reason")
    candles = good.unique(_KEY, keep="last", maintain_order=True).sort(_KEY).select(list(CANDLES))
    values = [name for name in CANDLES if name != "source"]
    n_replaced = good.unique(values).height - candles.height
    bad = rows.filter(pl.col("reason").is_not_null()).sort("ts_utc", "source", maintain_order=True)
    quarantine = bad.select(list(QUARANTINE))
    check_schema(candles, CANDLES, f"candles of {symbol} {year}")
    facts: dict[str, Any] = {
        "stage": "candles",
        "symbol": symbol,
        "year": year,
        "n_rows": candles.height,
        "first_ts_utc": _text(candles["ts_utc"].min()),
        "last_ts_utc": _text(candles["ts_utc"].max()),
        "n_replaced": n_replaced,
        "quarantined": reason_counts(rows),
        "price_side": price_side([each.file for each in sources]),
        "sources": [each.file.described() for each in sources],
    }
    files = {".parquet": frame_writer(candles), QUARANTINE_SUFFIX: frame_writer(quarantine)}
    return publish(home.candles(symbol), str(year), files, facts)


def price_side(files: Sequence[LandedFile]) -> str:
    """The one declared side of the files, or ``unspecified``."""
    sides = {str(file.stored.card["price_side"]) for file in files} - {"unspecified"}
    return min(sides) if sides else "unspecified"


def _text(instant: object) -> str | None:
    return instant.isoformat() if hasattr(instant, "isoformat") else None
