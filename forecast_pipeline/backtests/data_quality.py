"""What the cards of candles and bars say about their quality, as facts of a report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.candles.build import COVERAGE_SUFFIX, candle_partitions
from forecast_pipeline.core.publication import find

if TYPE_CHECKING:
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe

CROSSED = "crossed_quote"
_FULL_DAY_HOURS = 24


def data_quality(home: Home, symbol: str, timeframe: Timeframe) -> dict[str, Any]:
    """Side of the price, kind of volume, rows repaired and set aside, short days and clocks, over all years.

    Returns:
        ``price_side``, ``volume_kind``, ``repaired``, ``quarantined``, ``crossed_quotes``, ``stubs`` and
        ``dst_check``; what no card holds is left out.
    """
    years = candle_partitions(home, symbol)
    bars = find(home.bars(symbol), timeframe)
    found = {} if bars is None else {name: bars.card.get(name) for name in ("price_side", "volume_kind")}
    if not years:
        return found
    repaired, quarantined = (_total(years, name) for name in ("repaired", "quarantined"))
    zones = sorted({str(each["timezone"]) for year in years for each in year.card["sources"] if each.get("timezone")})
    n_files = len({str(each["sha256"]) for year in years for each in year.card["sources"]})
    return found | {
        "repaired": dict(repaired) or "none",
        "quarantined": dict(quarantined) or "none",
        "crossed_quotes": int(quarantined[CROSSED]),
        "stubs": _short_days(years),
        "dst_check": f"clock {', '.join(zones)} of {n_files} files held against opens and closes of the week, summer "
        "and winter apart, at ingest",
    }


def _total(years: list[Published], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for year in years:
        total.update({str(reason): int(count) for reason, count in (year.card.get(name) or {}).items()})
    return total


def _short_days(years: list[Published]) -> str:
    """FX days with hours that were not observed at all, where a calendar of hours exists."""
    frames = [each.read_frame(COVERAGE_SUFFIX) for each in years if COVERAGE_SUFFIX in each.card["files"]]
    if not frames:
        return "no calendar of hours"
    hours = pl.concat(frames).group_by("fx_day").agg(pl.col("n_candles").gt(0).sum().alias("n"), pl.len().alias("due"))
    n_short = hours.filter((pl.col("n") > 0) & (pl.col("n") < _FULL_DAY_HOURS)).height
    n_empty = hours.filter(pl.col("n") == 0).height
    return f"{n_short} of {hours.height} days with missing hours, {n_empty} without any candle"
