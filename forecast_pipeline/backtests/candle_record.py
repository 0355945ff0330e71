"""What the candles behind a report record about themselves: usual spread, observed share of the session, gaps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.page.blocks import Table
from forecast_pipeline.backtests.wording import share
from forecast_pipeline.candles.build import COVERAGE_SUFFIX, candle_partitions
from forecast_pipeline.candles.calendar import COVERAGE
from forecast_pipeline.candles.spread_profile import pooled

if TYPE_CHECKING:
    from forecast_pipeline.core.home import Home

N_GAPS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleRecord:
    """What the published candles of a symbol say, all years together.

    Attributes:
        spread_profile: Usual spread by hour of the week; None if no year has ask prices.
        coverage: Columns of `candles.calendar.COVERAGE`, oldest first; empty if no year has a calendar.
        gaps: The longest observed gaps as the cards hold them, longest first.
        years: All years, and those without a calendar.
        upstream: Hash of every partition read.
    """

    spread_profile: pl.DataFrame | None = None
    coverage: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COVERAGE))
    gaps: list[dict[str, Any]] = field(default_factory=list)
    years: tuple[int, ...] = ()
    years_without_calendar: tuple[int, ...] = ()
    upstream: dict[str, str] = field(default_factory=dict)


def candle_record(home: Home, symbol: str) -> CandleRecord:
    """The record of every published year of a symbol; empty if there is none.

    Raises:
        CorruptData: If a card or a calendar is not what was published.
    """
    partitions = candle_partitions(home, symbol)
    spreads = [each.card.get("spread_by_hour") for each in partitions]
    calendars = [(each, COVERAGE_SUFFIX in each.card["files"]) for each in partitions]
    frames = [each.read_frame(COVERAGE_SUFFIX) for each, has_calendar in calendars if has_calendar]
    gaps = [gap for each in partitions for gap in each.card.get("gaps") or []]
    return CandleRecord(
        spread_profile=pooled([spread for spread in spreads if spread]),
        coverage=pl.concat(frames).sort("ts_utc") if frames else pl.DataFrame(schema=COVERAGE),
        gaps=sorted(gaps, key=lambda gap: (-int(gap["open_minutes"]), str(gap["first_missing"])))[:N_GAPS_SHOWN],
        years=tuple(int(each.card["year"]) for each in partitions),
        years_without_calendar=tuple(int(each.card["year"]) for each, has_calendar in calendars if not has_calendar),
        upstream={f"candles/{each.card['year']}": each.sha256 for each in partitions},
    )


def profile_values(profile: pl.DataFrame | None) -> dict[str, list[Any]] | None:
    """The profile as JSON values: ``spread`` (null where unknown) and ``n_candles`` of the 120 hours of the week."""
    if profile is None:
        return None
    spread = [value if math.isfinite(value) else None for value in profile["spread"].to_list()]
    return {"spread": spread, "n_candles": profile["n_candles"].to_list()}


def coverage_values(record: CandleRecord) -> dict[str, Any]:
    """What the section says, as JSON values."""
    days = record.coverage["fx_day"]
    return {
        "first_fx_day": days[0].isoformat() if days.len() else None,
        "last_fx_day": days[-1].isoformat() if days.len() else None,
        "observed_fraction": float(record.coverage["coverage_fraction"].to_numpy().mean()) if days.len() else None,
        "years_without_calendar": list(record.years_without_calendar),
        "gaps": record.gaps,
    }


def coverage_sentences(record: CandleRecord) -> list[str]:
    """What was observed, and what cannot be said because it was not recorded."""
    if not record.years:
        return ["Coverage is not recorded: no published candles of this symbol were found."]
    sentences = []
    if record.coverage.height:
        values = coverage_values(record)
        span = f"{values['first_fx_day']} to {values['last_fx_day']}"
        observed = share(values["observed_fraction"])
        sentences.append(f"{observed} of the records expected of the open session from {span} were observed.")
    if record.years_without_calendar:
        years = ", ".join(str(year) for year in record.years_without_calendar)
        sentences.append(
            f"No coverage file for {years}: those candles were built before it existed. Materialise candles to have it."
        )
    elif record.coverage.is_empty():
        sentences.append("No coverage calendar: the records of this source are longer than an hour.")
    return sentences


def gap_table(record: CandleRecord) -> Table | None:
    """The longest observed gaps; None where the cards list none."""
    if not record.gaps:
        return None
    longest = record.gaps[0]
    caption = f"The longest observed gap ({longest['kind']}) lasts {longest['open_minutes']} minutes of open session."
    columns = ("kind", "first_missing", "next_candle", "open_minutes")
    rows = [
        (False, tuple(str(gap[name]).replace("T", " ").removesuffix("Z") for name in columns)) for gap in record.gaps
    ]
    notes = (
        f"At most {N_GAPS_SHOWN} gaps of an hour or more of open session, in UTC; a gap over a new year is not seen.",
        "The kind is what a gap looks like; no calendar of holidays was asked, and nothing is filled.",
    )
    return Table(caption, ("kind", "from", "to", "open minutes"), rows, notes)
