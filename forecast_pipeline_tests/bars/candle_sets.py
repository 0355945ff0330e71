"""Candle sets with holes around the weeks in which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from forecast_pipeline.core.schema import CANDLES, INSTANT
from forecast_pipeline.core.trading_clock import is_open

SUNDAYS = {
    "US spring": datetime(2024, 3, 10, 12, tzinfo=UTC),
    "EU spring": datetime(2024, 3, 31, 12, tzinfo=UTC),
    "EU autumn": datetime(2024, 10, 27, 12, tzinfo=UTC),
    "US autumn": datetime(2024, 11, 3, 12, tzinfo=UTC),
    "Christmas": datetime(2024, 12, 22, 12, tzinfo=UTC),
    "summer": datetime(2024, 7, 7, 12, tzinfo=UTC),
}


def open_week(sunday: datetime, minutes: int = 1, n_weeks: int = 1) -> np.ndarray:
    """Every open instant of the weeks that begin on that Sunday."""
    first = int(sunday.timestamp()) * 1_000_000
    grid = first + np.arange(n_weeks * 7 * 1440 // minutes) * minutes * 60_000_000
    return grid[is_open(grid)]


def candles_at(instants: np.ndarray, minutes: int = 1, seed: int = 0, *, has_ask: bool = False) -> pl.DataFrame:
    """Candles in ticks at those instants, columns of `core.schema.CANDLES`."""
    rng = np.random.default_rng(seed)
    path = 1.1 + 1e-5 * np.rint(rng.normal(scale=8, size=(instants.size, 5))).ravel().cumsum().reshape(-1, 5)
    ask = path + 1e-5 * rng.integers(1, 30, (instants.size, 1))
    columns = {"ts_utc": pl.Series(instants, dtype=pl.Int64).cast(INSTANT), "source_minutes": minutes}
    for prefix, prices in (("", path), ("ask_", ask)):
        columns[f"{prefix}open"] = prices[:, 0]
        columns[f"{prefix}high"] = prices.max(axis=1, initial=0.0)
        columns[f"{prefix}low"] = prices.min(axis=1, initial=9.0)
        columns[f"{prefix}close"] = prices[:, -1]
    columns["volume"] = rng.integers(1, 100, instants.size).astype(float)
    columns["source"] = 0
    frame = pl.DataFrame(columns).cast(CANDLES).select(list(CANDLES))
    return frame if has_ask else frame.with_columns(pl.lit(None, pl.Float64).alias(c) for c in CANDLES if "ask" in c)


def thinned(instants: np.ndarray, keep: float, seed: int) -> np.ndarray:
    """A random part of the instants; with holes of all lengths, whole days included."""
    rng = np.random.default_rng(seed)
    block = rng.integers(1, 300)
    kept_blocks = np.repeat(rng.random(instants.size // block + 1) < keep, block)[: instants.size]
    return instants[kept_blocks & (rng.random(instants.size) < keep)]
