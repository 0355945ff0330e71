"""Spread by hour of the trading week, from candles that have both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.core.trading_clock import MINUTES_PER_WEEK, trading_minutes

if TYPE_CHECKING:
    import numpy.typing as npt

HOURS_PER_WEEK = MINUTES_PER_WEEK // 60


def hour_of_week(instants_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Hour of the trading week, 0 to 119, of UTC instants in open session; 0 begins Sunday 17:00 New York.

    Example:
        >>> sunday = np.array(["2024-01-07T22:00", "2024-01-08T00:30"], "datetime64[us]").astype(np.int64)
        >>> hour_of_week(sunday).tolist()
        [0, 2]
    """
    return np.asarray(trading_minutes(instants_us) % MINUTES_PER_WEEK // 60, dtype=np.int64)


def spread_by_hour(candles: pl.DataFrame) -> dict[str, Any] | None:
    """Median closing spread and number of candles for each hour of the trading week.

    Args:
        candles: ``ts_utc``, ``close`` and ``ask_close``, in open session.

    Returns:
        ``median`` (price, null where no candle) and ``n_candles``, lists of 120; None without any ask.
    """
    quoted = candles.filter(pl.col("ask_close").is_not_null())
    if quoted.is_empty():
        return None
    hour = hour_of_week(quoted["ts_utc"].cast(pl.Int64).to_numpy())
    spread = (quoted["ask_close"] - quoted["close"]).alias("spread")
    grouped = pl.DataFrame([pl.Series("hour", hour), spread]).group_by("hour").agg(pl.median("spread"), pl.len())
    median: list[float | None] = [None] * HOURS_PER_WEEK
    n_candles = [0] * HOURS_PER_WEEK
    for position, value, count in grouped.iter_rows():
        # Prices have at most six decimals: what is finer is arithmetic.
        median[position], n_candles[position] = round(value, 8), count
    return {"median": median, "n_candles": n_candles}
