"""Bars by one obvious loop over candles; slow and never optimised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.core.schema import BARS
from forecast_pipeline_tests.oracles.trading_clock import bar_open

if TYPE_CHECKING:
    from forecast_pipeline.core.timeframe import Timeframe


def bars_of(candles: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """Whole bars of candles of one length: columns of `core.schema.CANDLES` plus ``spread``."""
    rows = candles.sort("ts_utc").with_columns(us=pl.col("ts_utc").dt.epoch("us")).to_dicts()
    if not rows:
        return pl.DataFrame(schema=BARS)
    source_minutes = rows[0]["source_minutes"]
    beginning, horizon = rows[0]["us"], rows[-1]["us"] + source_minutes * 60_000_000
    groups: dict[int, list[dict]] = {}
    for row in rows:
        groups.setdefault(bar_open(row["us"], timeframe.minutes), []).append(row)
    bars = []
    for opened, members in groups.items():
        closed = opened + timeframe.microseconds
        if opened < beginning or closed > horizon:
            continue
        volumes = [m["volume"] for m in members if m["volume"] is not None]
        spreads = [m["spread"] for m in members if m["spread"] is not None]
        bars.append(
            {
                "ts_utc": opened,
                "close_ts_utc": closed,
                "open": members[0]["open"],
                "high": max(m["high"] for m in members),
                "low": min(m["low"] for m in members),
                "close": members[-1]["close"],
                "volume": math.fsum(volumes) if volumes else None,
                "spread": math.fsum(spreads) / len(spreads) if spreads else None,
                "n_obs": len(members),
                "n_slots": timeframe.minutes // source_minutes,
            }
        )
    plain = BARS | {"ts_utc": pl.Int64, "close_ts_utc": pl.Int64}
    return pl.DataFrame(bars, schema=plain).cast({name: BARS[name] for name in ("ts_utc", "close_ts_utc")})
