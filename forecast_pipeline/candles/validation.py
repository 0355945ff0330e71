"""Row checks on parsed records: what is set aside, what is put right, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.candles.findings import REASONS
from forecast_pipeline.candles.price_checks import n_extremes, spikes, stale_rows
from forecast_pipeline.core.trading_clock import bar_open, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(days=1)
MAX_QUARANTINED_FRACTION = 0.5
N_EXAMPLES = 3
PRICES = ("open", "high", "low", "close")
ASK = ("ask_open", "ask_high", "ask_low", "ask_close")


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows with their verdicts.

    Attributes:
        rows: All distinct rows with the column ``reason``, null for a good one; good rows first, in file order.
        repaired: Rows put right, by finding.
        accepted: Rows kept that a person should know, by finding.
    """

    rows: pl.DataFrame
    repaired: dict[str, int]
    accepted: dict[str, int]

    @property
    def good(self) -> pl.DataFrame:
        """Rows without a reason."""
        return self.rows.filter(pl.col("reason").is_null())


def judged(records: pl.DataFrame, source_minutes: int, ingested_at: datetime) -> Judged:
    """Judge every row by the policy of `findings`.

    Args:
        records: As `ParsedSource.records`, in file order.
        source_minutes: Length of a record.
        ingested_at: The present instant when the file was landed.
    """
    steps = records["ts_utc"].diff().dt.total_microseconds()
    n_back = int((steps < 0).sum())
    is_plain = not n_back and not (steps == 0).any() and not records["ts_utc"].null_count()
    distinct = records if is_plain else records.unique(maintain_order=True, keep="last")
    marked = distinct.with_columns(reason=_first_reason(distinct, source_minutes, ingested_at))
    # A quote that crosses because its price is ten times too high is a spike first.
    may_be_good = pl.col("reason").is_null() | (pl.col("reason") == "crossed_quote")
    bad = marked.filter(~may_be_good)
    good = marked if not bad.height else marked.filter(may_be_good)
    good = _against_neighbours(good, source_minutes, is_plain=is_plain)
    is_repeat = pl.col("ts_utc").is_duplicated() & ~pl.col("ts_utc").is_last_distinct()
    passed = good.filter(pl.col("reason").is_null()) if good["reason"].null_count() < good.height else good
    repeats = passed.clear() if is_plain else passed.filter(is_repeat)
    kept = passed if is_plain else passed.filter(~is_repeat)
    odd = good.filter(pl.col("reason").is_not_null())
    rows = pl.concat([kept, repeats.with_columns(reason=pl.lit("conflicting_duplicate")), odd, bad])
    repaired = {"exact_duplicate": records.height - distinct.height, "out_of_order": n_back}
    accepted = {"extreme": n_extremes(kept, source_minutes)}
    return Judged(rows, {k: n for k, n in repaired.items() if n}, {k: n for k, n in accepted.items() if n})


def with_reasons(records: pl.DataFrame, source_minutes: int, ingested_at: datetime) -> pl.DataFrame:
    """The rows of `judged`: all distinct rows with the column ``reason``."""
    return judged(records, source_minutes, ingested_at).rows


def _first_reason(records: pl.DataFrame, source_minutes: int, ingested_at: datetime) -> pl.Expr:
    clock_us = records["ts_utc"].cast(pl.Int64).fill_null(0).to_numpy()
    on_grid = pl.Series("on_grid", bar_open(clock_us, source_minutes) == clock_us)
    in_session = pl.Series("in_session", is_open(clock_us))
    has_ask = records["ask_open"].null_count() < records.height
    reason = pl.lit(None, pl.String)
    for name, condition in reversed(list(_conditions(on_grid, in_session, ingested_at, may_have_ask=has_ask))):
        reason = pl.when(condition).then(pl.lit(name)).otherwise(reason)
    return reason


def _conditions(
    on_grid: pl.Series, in_session: pl.Series, ingested_at: datetime, *, may_have_ask: bool
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
    if not may_have_ask:
        yield "high_below_low", pl.col("high") < pl.col("low")
        yield "outside_range", _outside(*PRICES)
    else:
        ask_below = has_ask & (pl.col("ask_high") < pl.col("ask_low"))
        yield "high_below_low", (pl.col("high") < pl.col("low")) | ask_below
        yield "outside_range", _outside(*PRICES) | (has_ask & _outside(*ASK))
    yield "closed_session", ~in_session
    if may_have_ask:
        crossed = pl.any_horizontal(pl.col(ask) < pl.col(bid) for ask, bid in zip(ASK, PRICES, strict=True))
        yield "crossed_quote", has_ask & crossed


def _outside(opening: str, high: str, low: str, closing: str) -> pl.Expr:
    top = pl.max_horizontal(opening, closing)
    bottom = pl.min_horizontal(opening, closing)
    return (top > pl.col(high)) | (bottom < pl.col(low))


def _against_neighbours(good: pl.DataFrame, source_minutes: int, *, is_plain: bool) -> pl.DataFrame:
    """Mark spikes and stale rows, which only the records around them show."""
    row = np.arange(good.height) if is_plain else good["ts_utc"].arg_sort().to_numpy()
    ordered = good if is_plain else good[row]
    is_spike = spikes(ordered)
    rest = np.flatnonzero(~is_spike)
    is_stale = stale_rows(ordered if rest.size == ordered.height else ordered[rest], source_minutes)
    if not is_spike.any() and not is_stale.any():
        return good
    spiked, stale = np.zeros(good.height, dtype=bool), np.zeros(good.height, dtype=bool)
    spiked[row[is_spike]] = True
    stale[row[rest[is_stale]]] = True
    otherwise = pl.when(pl.lit(pl.Series(stale)) & pl.col("reason").is_null()).then(pl.lit("stale"))
    reason = pl.when(pl.lit(pl.Series(spiked))).then(pl.lit("spike")).otherwise(otherwise.otherwise("reason"))
    return good.with_columns(reason=reason)


def reason_counts(marked: pl.DataFrame) -> dict[str, int]:
    """How many rows were set aside for each reason, most frequent first."""
    counted = (
        marked.filter(pl.col("reason").is_not_null()).group_by("reason").len().sort("len", "reason", descending=True)
    )
    return {str(reason): int(count) for reason, count in counted.iter_rows()}


def examples(marked: pl.DataFrame) -> dict[str, list[str]]:
    """The first few rows of each reason, as text for a card."""
    bad = marked.filter(pl.col("reason").is_not_null()).sort("ts_utc", maintain_order=True)
    found: dict[str, list[str]] = {}
    for row in bad.group_by("reason", maintain_order=True).head(N_EXAMPLES).sort("reason").iter_rows(named=True):
        stamp = f"{row['ts_utc']:%Y-%m-%d %H:%M:%S}" if row["ts_utc"] else "no stamp"
        prices = " ".join("null" if row[name] is None else f"{row[name]:g}" for name in PRICES)
        found.setdefault(row["reason"], []).append(f"{stamp} {prices}")
    return {reason: found[reason] for reason in REASONS if reason in found}
