"""Row checks on parsed records: what is set aside, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.core.trading_clock import bar_open, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(days=1)
MAX_QUARANTINED_FRACTION = 0.5
PRICES = ("open", "high", "low", "close")
ASK = ("ask_open", "ask_high", "ask_low", "ask_close")

REASONS = {
    "no_clock": "the stamp is missing or names a local time that does not exist",
    "before_1990": "the stamp lies before 1990: usually a wrong unit of epoch",
    "future": "the stamp lies more than a day after the file was ingested",
    "off_grid": "the stamp is not on the grid of its timeframe",
    "not_finite": "a price is missing, NaN or infinite, or a volume is infinite",
    "not_positive": "a price is zero or negative, or a volume is negative",
    "range": "high is below low, or open or close lies outside them",
    "crossed_quote": "ask is below bid",
    "closed_session": "the market is closed: Friday 17:00 to Sunday 17:00 New York",
    "conflicting_duplicate": "another row of the file has this stamp and other values; the later row stays",
}
"""Why a row is set aside, in the order in which the checks are applied."""


def with_reasons(records: pl.DataFrame, source_minutes: int, ingested_at: datetime) -> pl.DataFrame:
    """Add the column ``reason``: null for a good row, else the first check that it fails.

    Exact copies of a row are not findings; they are removed here, the last one stays.

    Args:
        records: As `ParsedSource.records`, in file order.
        source_minutes: Length of a record.
        ingested_at: The present instant when the file was landed.
    """
    distinct = records.unique(maintain_order=True, keep="last")
    clock_us = distinct["ts_utc"].cast(pl.Int64).fill_null(0).to_numpy()
    on_grid = pl.Series("on_grid", bar_open(clock_us, source_minutes) == clock_us)
    in_session = pl.Series("in_session", is_open(clock_us))
    reason = pl.lit(None, pl.String)
    for name, condition in reversed(list(_conditions(on_grid, in_session, ingested_at))):
        reason = pl.when(condition).then(pl.lit(name)).otherwise(reason)
    marked = distinct.with_columns(reason.alias("reason"))
    is_repeat = pl.col("ts_utc").is_duplicated() & ~pl.col("ts_utc").is_last_distinct()
    good = marked.filter(pl.col("reason").is_null())
    repeats = good.filter(is_repeat).with_columns(reason=pl.lit("conflicting_duplicate"))
    return pl.concat([good.filter(~is_repeat), repeats, marked.filter(pl.col("reason").is_not_null())])


def _conditions(
    on_grid: pl.Series, in_session: pl.Series, ingested_at: datetime
) -> Iterator[tuple[str, pl.Expr | pl.Series]]:
    clock, has_ask = pl.col("ts_utc"), pl.col("ask_open").is_not_null()
    quoted = [pl.col(name) for name in ASK]
    yield "no_clock", clock.is_null()
    yield "before_1990", clock < EARLIEST
    yield "future", clock > ingested_at + FUTURE_TOLERANCE
    yield "off_grid", ~on_grid
    finite = pl.all_horizontal(pl.col(PRICES).is_finite().fill_null(value=False))
    partly_quoted = pl.any_horizontal([q.is_not_null() for q in quoted]) & ~pl.all_horizontal(
        [q.is_finite().fill_null(value=False) for q in quoted]
    )
    endless_volume = pl.col("volume").is_infinite().fill_null(value=False)
    yield "not_finite", ~finite | partly_quoted | endless_volume
    positive = pl.all_horizontal(pl.col(PRICES) > 0) & (pl.col("volume").fill_null(0) >= 0)
    yield "not_positive", ~positive | (has_ask & pl.any_horizontal(q <= 0 for q in quoted))
    yield "range", _outside(*PRICES) | (has_ask & _outside(*ASK))
    crossed = pl.any_horizontal(pl.col(ask) < pl.col(bid) for ask, bid in zip(ASK, PRICES, strict=True))
    yield "crossed_quote", has_ask & crossed
    yield "closed_session", ~in_session


def _outside(opening: str, high: str, low: str, closing: str) -> pl.Expr:
    top = pl.max_horizontal(opening, closing)
    bottom = pl.min_horizontal(opening, closing)
    return (pl.col(high) < pl.col(low)) | (top > pl.col(high)) | (bottom < pl.col(low))


def reason_counts(marked: pl.DataFrame) -> dict[str, int]:
    """How many rows were set aside for each reason, most frequent first."""
    counted = (
        marked.filter(pl.col("reason").is_not_null()).group_by("reason").len().sort("len", "reason", descending=True)
    )
    return {str(reason): int(count) for reason, count in counted.iter_rows()}
