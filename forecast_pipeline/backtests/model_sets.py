"""Which models can still be the best at each horizon, with all of them counted: MCS, SPA and StepM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import ROW, floats, fx_day
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.scores.model_set import daily_means, model_confidence_set, superior_ability

if TYPE_CHECKING:
    from forecast_pipeline.core.timeframe import Timeframe

SEED = 20_110_301
_SCHEMA: dict[str, pl.DataType] = {
    "horizon_bars": pl.Int32(),
    "model": pl.String(),
    "is_baseline": pl.Boolean(),
    "n_days": pl.Int64(),
    "mcs_p_value": pl.Float64(),
    "is_in_set": pl.Boolean(),
    "spa_p_value": pl.Float64(),
    "is_stepm_superior": pl.Boolean(),
}


def model_sets(tested: pl.DataFrame, scores: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """Model confidence set of each horizon, and superiority over its best baseline, on mean CRPS by FX day.

    Only rows that all models of a horizon share count. The benchmark of SPA and StepM is the best baseline of the
    horizon; each baseline is compared with the others in the confidence set only.

    Args:
        tested: Out-of-sample rows.
        scores: Of `tables.scores_and_comparisons`: names the best baselines.
        timeframe: Length of a bar, for the horizon in days.

    Returns:
        ``horizon_bars model is_baseline n_days mcs_p_value is_in_set spa_p_value is_stepm_superior``; the last two are
        null for baselines, and for all without one. ``spa_p_value`` is Hansen's consistent one of the horizon.
    """
    rows: list[dict[str, Any]] = []
    for of_horizon in tested.sort("horizon_bars").partition_by("horizon_bars", maintain_order=True):
        horizon_bars = int(of_horizon["horizon_bars"][0])
        kinds = of_horizon.select("model", "is_baseline").unique().sort("model")
        models = [str(name) for name in kinds["model"]]
        wide = of_horizon.pivot("model", index=ROW, values="crps").drop_nulls(models).sort(*ROW[::-1])
        losses = np.column_stack([floats(wide, name) for name in models]) if models else np.empty((0, 0))
        daily = daily_means(losses, fx_day(wide["issued_at_utc"]).to_numpy())
        horizon_days = horizon_bars * timeframe.minutes / MINUTES_PER_DAY
        kept = model_confidence_set(daily, horizon_days, seed=SEED)
        is_baseline = kinds["is_baseline"].to_numpy()
        best = _best_baseline(scores, horizon_bars)
        contenders = np.flatnonzero(~is_baseline)
        spa, superior = None, np.zeros(len(models), dtype=bool)
        if best is not None and contenders.size:
            found = superior_ability(daily[:, models.index(best)], daily[:, contenders], horizon_days, seed=SEED)
            spa, superior[contenders] = found.consistent, found.is_superior
        rows += [
            {
                "horizon_bars": horizon_bars,
                "model": name,
                "is_baseline": bool(is_baseline[k]),
                "n_days": kept.n_days,
                "mcs_p_value": float(kept.p_values[k]),
                "is_in_set": bool(kept.is_member[k]),
                "spa_p_value": None if is_baseline[k] else spa,
                "is_stepm_superior": None if is_baseline[k] or spa is None else bool(superior[k]),
            }
            for k, name in enumerate(models)
        ]
    return pl.DataFrame(rows, schema=_SCHEMA).sort("horizon_bars", "is_baseline", "model")


def _best_baseline(scores: pl.DataFrame, horizon_bars: int) -> str | None:
    ranked = scores.filter(pl.col("is_baseline") & (pl.col("horizon_bars") == horizon_bars)).sort("crps_bps", "model")
    return str(ranked["model"][0]) if ranked.height else None
