"""Frame contracts at the stage boundaries, checked in one pass that reports every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.core.errors import CorruptData

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTANT = pl.Datetime("us", "UTC")

CANDLES: dict[str, pl.DataType] = {
    "ts_utc": INSTANT,
    "source_minutes": pl.Int32(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
    "ask_open": pl.Float64(),
    "ask_high": pl.Float64(),
    "ask_low": pl.Float64(),
    "ask_close": pl.Float64(),
    "source": pl.UInt16(),
}
"""One record as delivered. ``volume`` and ``ask_*`` are null where the vendor has none; ``source`` is the
position of the landing file in the card's ``sources``."""

QUARANTINE: dict[str, pl.DataType] = CANDLES | {"reason": pl.String()}
"""Records set aside, with the reason."""

BARS: dict[str, pl.DataType] = {
    "ts_utc": INSTANT,
    "close_ts_utc": INSTANT,
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
    "spread": pl.Float64(),
    "n_obs": pl.Int32(),
    "n_slots": pl.Int32(),
}
"""One complete bar. ``spread`` is the mean closing ask minus bid in price, null without ask prices; ``n_obs``
of the scheduled ``n_slots`` source records were observed."""


def check_schema(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], what: str) -> None:
    """Refuse a frame whose columns, order or types are not ``schema``.

    Raises:
        CorruptData: Naming every difference at once.
    """
    found = dict(frame.schema)
    faults = [f"{name} is missing" for name in schema if name not in found]
    faults += [f"{name} is not expected" for name in found if name not in schema]
    faults += [f"{n} must be {t}, was {found[n]}" for n, t in schema.items() if n in found and found[n] != t]
    if not faults and list(found) != list(schema):
        faults = [f"columns must come in the order {list(schema)}"]
    if faults:
        raise CorruptData(f"{what} must follow its schema", was="; ".join(faults))


def check_clock(frame: pl.DataFrame, what: str, column: str = "ts_utc") -> None:
    """Refuse a frame whose clock has nulls, repeats or goes back.

    Raises:
        CorruptData: With the first offending instant.
    """
    clock = frame[column]
    if clock.null_count():
        raise CorruptData(f"{what}: {column} must not be null", was=f"{clock.null_count()} null values")
    bad = frame.filter(pl.col(column).diff() <= pl.duration(microseconds=0))
    if bad.height:
        raise CorruptData(
            f"{what}: {column} must increase strictly", was=f"a step back or a repeat at {bad[column][0]}"
        )
