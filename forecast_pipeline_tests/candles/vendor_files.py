"""Small vendor files made by hand for the tests of this folder."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import is_open

MONDAY = datetime(2024, 1, 8, tzinfo=UTC)


def open_instants(start: datetime = MONDAY, n: int = 60, minutes: int = 1) -> pl.Series:
    """The first ``n`` open instants of a grid of ``minutes``."""
    first = int(start.timestamp()) * 1_000_000
    grid = first + np.arange(3 * n + 3 * 2880 // minutes + 10) * minutes * 60_000_000
    return pl.Series("ts_utc", grid[is_open(grid)][:n]).cast(INSTANT)


def tidy(
    start: datetime = MONDAY, n: int = 60, minutes: int = 1, seed: int = 0, *, has_ask: bool = False
) -> pl.DataFrame:
    """Good tidy candles; every price and volume differs from its neighbours."""
    rng = np.random.default_rng(seed)
    path = 1.1 + 1e-5 * np.rint(rng.normal(scale=8, size=(n, 6))).cumsum().reshape(n, 6)
    frame = pl.DataFrame(
        {
            "ts_utc": open_instants(start, n, minutes),
            "open": path[:, 0],
            "high": path.max(axis=1),
            "low": path.min(axis=1),
            "close": path[:, -1],
            "volume": rng.integers(1, 100, n).astype(float),
        }
    )
    if has_ask:
        frame = frame.with_columns((pl.col(p) + 1e-4).alias(f"ask_{p}") for p in ("open", "high", "low", "close"))
    return frame


def replaced(frame: pl.DataFrame, row: int, **values: object) -> pl.DataFrame:
    """The frame with some values of one row replaced."""
    here = pl.int_range(pl.len()) == row
    return frame.with_columns(
        pl.when(here).then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def histdata_lines(frame: pl.DataFrame, local: pl.Series) -> str:
    """HistData ASCII text of candles whose wall-clock stamps are ``local``."""
    stamp = local.dt.strftime("%Y%m%d %H%M%S").alias("stamp")
    prices = [frame[name].round(5).cast(pl.String) for name in ("open", "high", "low", "close")]
    lines = pl.DataFrame([stamp, *prices]).select(pl.concat_str(pl.all(), pl.lit("0"), separator=";"))
    return "\n".join(lines.to_series()) + "\n"


def wall_clock(ts_utc: pl.Series, zone: str, behind_hours: int = 0) -> pl.Series:
    """Naive stamps as a vendor with that clock would write them."""
    return ts_utc.dt.convert_time_zone(zone).dt.replace_time_zone(None) - timedelta(hours=behind_hours)


def write_zip(path, members: dict[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED):
    """A zip of those members; returns its path."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
