"""Judged rows of a landed file, cut by year: a file of many years is read once, not once a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.reading import read_and_judge
from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.hashing import sha256_of_file
from forecast_pipeline.core.publication import find, frame_writer, publish

if TYPE_CHECKING:
    from forecast_pipeline.candles.landing import LandedFile
    from forecast_pipeline.core.home import Home

READING_VERSION = 1
"""Raised when a reader or the policy changes what it makes of the same bytes."""

SLICE_ROWS = 500_000
"""Files of more good rows than this, a year of minutes and some, are kept in slices."""


def rows_of_year(home: Home, file: LandedFile, year: int) -> pl.DataFrame:
    """Rows of a landed file that belong to a UTC year, with ``reason`` and ``source_minutes``, in their order.

    Rows that are set aside may carry any stamp: those before the file's good rows, or
    without one, stand in its first year, those after them in its last.

    Raises:
        CorruptData: If the file is not what its ticket says.
    """
    found = sha256_of_file(file.path) if file.path.is_file() else "no file"
    if found != file.sha256:
        raise CorruptData(f"{file.path} must have sha256 {file.sha256[:12]}…", was=found[:12], do="ingest it again")
    if int(file.stored.card["n_good"]) <= SLICE_ROWS or len(file.years) == 1:
        return _of_year(_rows(file), file, year)
    known = _known(home, file, year)
    if known is None:
        rows = _rows(file)
        for each in file.years:
            _keep(home, file, each, _of_year(rows, file, each))
        return _of_year(rows, file, year)
    return known


def _rows(file: LandedFile) -> pl.DataFrame:
    reading = read_and_judge(file.path, file.options, file.ingested_at)
    return reading.rows.with_columns(source_minutes=pl.lit(reading.parsed.source_minutes, pl.Int32))


def _of_year(rows: pl.DataFrame, file: LandedFile, year: int) -> pl.DataFrame:
    own_year = pl.col("ts_utc").dt.year().fill_null(file.years[0]).clip(file.years[0], file.years[-1])
    return rows.filter(own_year == year)


def _known(home: Home, file: LandedFile, year: int) -> pl.DataFrame | None:
    """The slice, if it is of this ticket and reading; one that was damaged is made again."""
    try:
        known = find(home.slices(file.symbol), f"{file.stored.name}-{year}")
        expected = {"ticket": file.stored.sha256, "reading_version": READING_VERSION}
        if known is None or {name: known.card.get(name) for name in expected} != expected:
            return None
        return known.read_frame()
    except CorruptData:
        return None


def _keep(home: Home, file: LandedFile, year: int, rows: pl.DataFrame) -> None:
    facts = {"ticket": file.stored.sha256, "reading_version": READING_VERSION}
    publish(home.slices(file.symbol), f"{file.stored.name}-{year}", {".parquet": frame_writer(rows)}, facts)
