"""Ingest: read a vendor file, judge it, and land it or refuse it whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast_pipeline.candles.admission import (
    check_file,
    check_price_range,
    check_same_scale,
    check_share,
    check_side,
    with_points,
)
from forecast_pipeline.candles.landing import land, landed_files, landing_lock
from forecast_pipeline.candles.reading import read_and_judge
from forecast_pipeline.candles.validation import examples, reason_counts
from forecast_pipeline.candles.vendors.registry import resolved_options
from forecast_pipeline.core.clock import system_clock
from forecast_pipeline.core.symbol import normalise_symbol

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.landing import LandedFile
    from forecast_pipeline.candles.reading import Reading
    from forecast_pipeline.candles.vendors.protocol import SourceOptions
    from forecast_pipeline.core.clock import Clock
    from forecast_pipeline.core.home import Home


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

    Two ingests of one symbol take turns at the landing area; being killed at any moment
    leaves the file landed whole or not at all.

    Raises:
        NoRecords: If the file is well formed and holds nothing.
        RefusedFile: If the file is missing, is not of the vendor, holds no good row, holds mostly
            bad ones, or quotes another side or scale than the symbol's other files. Nothing is written.
    """
    symbol = normalise_symbol(symbol)
    check_file(path)
    options = resolved_options(path, symbol, options)
    now = clock()
    reading = read_and_judge(path, options, now)
    pointed = with_points(reading, symbol, options)
    if pointed != options:
        options, reading = pointed, read_and_judge(path, pointed, now)
    quarantined = reason_counts(reading.rows)
    check_share(path.name, reading, quarantined)
    check_price_range(path.name, symbol, reading)
    with landing_lock(home, symbol):
        known = landed_files(home, symbol)
        check_same_scale(path.name, symbol, reading, known)
        check_side(reading.parsed.price_side, symbol, known)
        facts = _facts(symbol, options, reading, quarantined)
        facts |= {"ingested_at": now.isoformat(), "sequence": 1 + max((each.sequence for each in known), default=0)}
        landed = land(home, symbol, path, options, facts)
    return Ingested(
        symbol=symbol,
        file=landed,
        n_rows=reading.parsed.n_rows,
        n_duplicates=reading.repaired.get("exact_duplicate", 0),
        quarantined=quarantined,
        was_known=landed.stored.card in [each.stored.card for each in known],
    )


def _facts(symbol: str, options: SourceOptions, reading: Reading, quarantined: dict[str, int]) -> dict[str, Any]:
    good, parsed = reading.good, reading.parsed
    first, last = good["ts_utc"].min(), good["ts_utc"].max()
    return {
        "symbol": symbol,
        "vendor": options.vendor,
        "timezone": parsed.timezone,
        "price_side": parsed.price_side,
        "source_minutes": parsed.source_minutes,
        "notes": list(parsed.notes),
        "n_rows": parsed.n_rows,
        "n_good": good.height,
        "quarantined": quarantined,
        "examples": examples(reading.rows),
        "repaired": reading.repaired,
        "accepted": reading.accepted,
        "median_close": good["close"].median(),
        "first_ts_utc": first.isoformat(),  # type: ignore[union-attr]  # datetimes, as the schema says
        "last_ts_utc": last.isoformat(),  # type: ignore[union-attr]
    }
