"""Forecast rows whose losses are known: noise, or a model that is better in one regime."""

from __future__ import annotations

import numpy as np
import polars as pl

from forecast_pipeline.backtests.schema import FORECASTS, OUT_OF_SAMPLE, QUANTILE_COLUMNS, QUANTILE_LEVELS
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes

FIRST_MINUTE = 20_000_000 // 1440 * 1440  # a midnight of the trading clock
REGIMES = ("calm", "normal", "turbulent")


def regime_rows(
    *,
    gain: float = 0.0,
    better_in: str = "turbulent",
    n_rows: int = 2400,
    n_folds: int = 6,
    seed: int = 0,
    horizons: tuple[int, ...] = (1, 4),
    models: tuple[str, ...] = ("forest", "ridge"),
    baselines: tuple[str, ...] = ("ewma", "random_walk"),
    dwell: float = 20.0,
) -> pl.DataFrame:
    """Hourly rows; CRPS is noise about 1e-3.

    ``forest`` gains a share ``gain`` of it in one regime of three and loses half as much in the others, so that it
    is no better over all of them.
    """
    rng = np.random.default_rng(seed)
    changes = np.cumsum(rng.random(n_rows) < 1.0 / dwell)
    regime = np.asarray(REGIMES)[rng.integers(0, 3, changes[-1] + 1)[changes]]
    minutes = FIRST_MINUTE + 60 * np.arange(n_rows + max(horizons))
    instants = instants_of_trading_minutes(minutes)
    frames = []
    for horizon in horizons:
        level = 1e-3 * np.sqrt(horizon)
        common = rng.standard_normal(n_rows + horizon)
        overlapping = np.convolve(common, np.ones(horizon), "valid")[:n_rows] / np.sqrt(horizon)
        for name in (*baselines, *models):
            own = np.convolve(rng.standard_normal(n_rows + horizon), np.ones(horizon), "valid")[:n_rows]
            crps = level * (1.0 + 0.3 * overlapping + 0.2 * own / np.sqrt(horizon))
            crps = crps - (gain * level * np.where(regime == better_in, 1.0, -0.5) if name == "forest" else 0.0)
            outcome = level * overlapping
            columns = dict.fromkeys(FORECASTS) | {
                "fold": np.arange(n_rows) * n_folds // n_rows,
                "segment": [OUT_OF_SAMPLE] * n_rows,
                "model": [name] * n_rows,
                "is_baseline": [name in baselines] * n_rows,
                "issued_at_utc": instants[:n_rows],
                "horizon_bars": [horizon] * n_rows,
                "target_ts_utc": instants[horizon : n_rows + horizon],
                "price": np.ones(n_rows),
                "outcome": outcome,
                "scale": np.full(n_rows, level),
                "mean": np.zeros(n_rows),
                **{
                    column: np.full(n_rows, 2.0 * level * (q - 0.5))
                    for column, q in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)
                },
                "crps": crps,
            }
            made = {name: value if value is not None else [None] * n_rows for name, value in columns.items()}
            frames.append(pl.DataFrame(made, strict=False).cast(FORECASTS).with_columns(regime=pl.Series(regime)))
    return pl.concat(frames)
