"""Small simulated bars for the tests of this folder: weekends, holes, ticks, bursts of volume."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from forecast_pipeline.core.schema import BARS
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import is_open

# The Friday before New York changes its clock; London follows three weeks later.
START = datetime(2024, 3, 8, 12, 0, tzinfo=UTC)


def simulated_bars(
    timeframe: Timeframe = Timeframe.M15,
    n_bars: int = 1200,
    seed: int = 0,
    *,
    start: datetime = START,
    price: float = 1.1,
    hole_fraction: float = 0.01,
    has_volume: bool = True,
) -> pl.DataFrame:
    """Random walk in ticks on the open slots from ``start`` on, with holes."""
    rng = np.random.default_rng(seed)
    first = int(start.timestamp()) * 1_000_000
    slots = first + np.arange(4 * n_bars + 400) * timeframe.microseconds
    slots = slots[is_open(slots)] if timeframe is not Timeframe.D1 else slots[: 2 * n_bars]
    slots = slots[rng.random(slots.size) >= hole_fraction][:n_bars]
    tick = price * 1e-5
    # Five points a bar that continue from bar to bar; now and then the market stands still.
    moves = np.round(rng.normal(scale=3.0, size=(n_bars, 5)))
    moves[rng.random(n_bars) < 0.05] = 0.0
    path = price + tick * moves.ravel().cumsum().reshape(n_bars, 5)
    volume = np.round(rng.lognormal(4.0, 1.0, n_bars))
    return bars_frame(slots, path, timeframe, volume if has_volume else None)


def bars_frame(opens_us: np.ndarray, path: np.ndarray, timeframe: Timeframe, volume: np.ndarray | None) -> pl.DataFrame:
    """Bars whose open, high, low, close come from the points of ``path``, shape ``(T, points)``."""
    n_bars = len(opens_us)
    columns = {
        "ts_utc": pl.Series(opens_us, dtype=pl.Int64).cast(BARS["ts_utc"]),
        "close_ts_utc": pl.Series(opens_us + timeframe.microseconds, dtype=pl.Int64).cast(BARS["ts_utc"]),
        "open": path[:, 0],
        "high": path.max(axis=1, initial=0.0),
        "low": path.min(axis=1, initial=np.inf),
        "close": path[:, -1],
        "volume": [None] * n_bars if volume is None else volume,
        "spread": [None] * n_bars,
        "n_obs": np.full(n_bars, timeframe.minutes),
        "n_slots": np.full(n_bars, timeframe.minutes),
    }
    return pl.DataFrame(columns, schema_overrides=BARS)
