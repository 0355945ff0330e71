"""Closes of bars with holes, over weekends and clock changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import bar_open, is_open
from forecast_pipeline_tests.oracles.trading_clock import instant_us

if TYPE_CHECKING:
    from forecast_pipeline.core.timeframe import Timeframe

MINUTE = 60_000_000
# New York noon of the Thursday before a change, or of an ordinary one.
THURSDAYS = {
    "US spring": "2024-03-07T17:00",
    "EU spring": "2024-03-28T17:00",
    "US autumn": "2024-10-31T17:00",
    "summer": "2024-07-04T17:00",
}


def closes(timeframe: Timeframe, n: int, start: str = "2024-03-07T17:00") -> np.ndarray:
    """Closes of the first ``n`` bars from an instant on, without holes."""
    first = bar_open(np.array([instant_us(start)]), timeframe.minutes)[0]
    step = timeframe.microseconds
    tick = min(step, 60 * MINUTE)  # longer bars change their hour with the clocks
    grid = first + np.arange(2 * n * step // tick + 300) * tick
    opens = np.unique(bar_open(grid[is_open(grid)], timeframe.minutes))
    return opens[opens >= first][:n] + step


def without(rows: np.ndarray, seed: int, share: float) -> np.ndarray:
    """The rows with random holes; the first row stays."""
    keep = np.random.default_rng(seed).random(rows.size) >= share
    keep[:1] = True
    return rows[keep]


def frame_of(close_us: np.ndarray, **columns) -> pl.DataFrame:
    """Frame with ``close_ts_utc`` and the columns."""
    return pl.DataFrame({"close_ts_utc": pl.Series(close_us, dtype=pl.Int64).cast(INSTANT), **columns})
