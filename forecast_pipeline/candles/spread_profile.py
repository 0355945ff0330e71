"""The usual spread of a symbol by hour of the trading week, for costs where no spread was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.candles.build import candle_partitions
from forecast_pipeline.candles.weekly_spread import HOURS_PER_WEEK, hour_of_week

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.core.home import Home


def spread_profile(home: Home, symbol: str) -> pl.DataFrame | None:
    """Typical spread for each of the 120 open hours of the week; None if no year has ask prices.

    Years are pooled by their numbers of candles: a mean of yearly medians, which one bad year
    does not turn.

    Returns:
        Columns ``hour_of_week`` (0 is Sunday 17:00 New York), ``spread`` (price) and ``n_candles``.
    """
    cards = [year.card.get("spread_by_hour") for year in candle_partitions(home, symbol)]
    return pooled([card for card in cards if card])


def pooled(cards: list[dict[str, Any]]) -> pl.DataFrame | None:
    """Mean of several profiles as cards hold them, weighted by their candles."""
    if not cards:
        return None
    n = np.array([card["n_candles"] for card in cards], dtype=np.float64)
    spread = np.array([[np.nan if v is None else v for v in card["median"]] for card in cards], dtype=np.float64)
    total = n.sum(axis=0)
    weighted = np.nansum(np.where(n > 0, spread, 0.0) * n, axis=0)
    mean = np.divide(weighted, total, out=np.full(HOURS_PER_WEEK, np.nan), where=total > 0)
    return pl.DataFrame(
        {"hour_of_week": np.arange(HOURS_PER_WEEK), "spread": mean, "n_candles": total.astype(np.int64)}
    )


def expected_spread(profile: pl.DataFrame, instants_us: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Typical spread at UTC instants in open session; NaN in an hour that the profile does not know."""
    return np.asarray(profile["spread"].to_numpy()[hour_of_week(instants_us)], dtype=np.float64)
