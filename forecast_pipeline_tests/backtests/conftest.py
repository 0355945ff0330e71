"""Synthetic forecast files of known skill, small enough to write down."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from scipy import stats

from forecast_pipeline.backtests.schema import (
    FORECASTS,
    IN_SAMPLE,
    OUT_OF_SAMPLE,
    QUANTILE_COLUMNS,
    QUANTILE_LEVELS,
)
from forecast_pipeline.core.trading_clock import is_open

BAR_STD = 0.001
FACTS = {
    "symbol": "EURUSD",
    "timeframe": "1h",
    "horizons_bars": [1, 4],
    "n_samples": 100,
    "features": 12,
    "fold_plan": [
        {
            "fold": fold,
            "mode": "rolling",
            "train_start": f"2024-0{fold + 1}-01T00:00:00+00:00",
            "train_end": f"2024-0{fold + 2}-01T00:00:00+00:00",
            "test_start": f"2024-0{fold + 2}-02T00:00:00+00:00",
            "test_end": f"2024-0{fold + 3}-01T00:00:00+00:00",
            "n_train": 500,
            "n_validation": 100,
            "n_test": 400,
            "purge_bars": 4,
            "embargo_bars": 24,
        }
        for fold in range(3)
    ],
    "upstream": {"splits": "ab" * 32},
    "sources": [{"name": "eurusd.csv", "sha256": "cd" * 32, "vendor": "histdata"}],
    "leak_suite": {"n_cuts": 40, "n_findings": 0},
    "model_parameters": {"ridge": {"penalty": 1.0}},
    "library_versions": {"numpy": "2.4"},
}


def make_forecasts(
    *,
    skill: float = 0.0,
    n_rows: int = 1500,
    horizons: tuple[int, ...] = (1, 4),
    n_folds: int = 3,
    seed: int = 0,
    models: tuple[str, ...] = ("ridge",),
    baselines: tuple[str, ...] = ("random_walk", "ewma"),
    has_spread: bool = True,
    bar_std: float = BAR_STD,
    noise: float = 0.1,
    regimes: tuple[str, ...] = (),
) -> pl.DataFrame:
    """Hourly forecasts; a model knows a share ``skill`` (a correlation) of each return.

    Without skill it adds ``noise``, a share of the standard deviation, to a mean of zero. The ``regimes`` rule in
    turn, five days each.
    """
    rng = np.random.default_rng(seed)
    first = dt.datetime(2024, 2, 5, tzinfo=dt.UTC)
    n_bars = n_rows + max(horizons) + 1
    hours = [first + dt.timedelta(hours=k) for k in range(2 * n_bars + 200)]
    micros = np.array([int(hour.timestamp()) * 1_000_000 for hour in hours], dtype=np.int64)
    opens = micros[is_open(micros)][: n_bars + 1]
    returns = bar_std * rng.standard_normal(n_bars)
    price = 1.1 * np.exp(np.concatenate([[0.0], np.cumsum(returns)]))  # at the instants of opens
    days = np.arange(n_rows) // 24
    z = stats.norm.ppf(QUANTILE_LEVELS)
    frames = []
    for horizon in horizons:
        positions = np.arange(1, n_rows + 1)
        outcome = np.log(price[positions + horizon] / price[positions])
        std = bar_std * np.sqrt(horizon)
        known = skill * outcome * skill + skill * np.sqrt(1 - skill**2) * std * rng.standard_normal(n_rows)
        for name in (*models, *baselines):
            mean = known if name in models else np.zeros(n_rows)
            if name in models and not skill:
                mean = noise * std * rng.standard_normal(n_rows)
            width = std * (np.sqrt(1 - skill**2) if name in models else 1.0 + 0.05 * (name == "ewma"))
            width = max(width, 1e-9)
            x = (outcome - mean) / width
            crps = width * (x * (2 * stats.norm.cdf(x) - 1) + 2 * stats.norm.pdf(x) - 1 / np.sqrt(np.pi))
            columns = {
                "fold": np.minimum(np.arange(n_rows) * n_folds // n_rows, n_folds - 1),
                "segment": [OUT_OF_SAMPLE if k % 5 else IN_SAMPLE for k in range(n_rows)],
                "model": [name] * n_rows,
                "is_baseline": [name in baselines] * n_rows,
                "issued_at_utc": opens[positions],
                "horizon_bars": [horizon] * n_rows,
                "target_ts_utc": opens[positions + horizon],
                "price": price[positions],
                "outcome": outcome,
                "scale": np.full(n_rows, std),
                "mean": mean,
                **{c: mean + width * q for c, q in zip(QUANTILE_COLUMNS, z, strict=True)},
                "crps": crps,
                "pit": stats.norm.cdf(x),
                "sd": np.full(n_rows, width),
                # Stand-ins: some positive share of the CRPS, and a path score of the size of one.
                "crps_tails": 0.1 * crps,
                "energy": 1.5 * crps,
                "regime": [regimes[day // 5 % len(regimes)] if regimes else None for day in days],
                "fill_ts_utc": opens[positions],
                "fill_price": price[positions],
                "spread": [0.0001 if has_spread else None] * n_rows,
            }
            frames.append(pl.DataFrame(columns).cast(FORECASTS))
    whole = pl.concat(frames)
    copies = whole.with_columns(segment=pl.lit(OUT_OF_SAMPLE))
    return pl.concat([copies, whole.filter(pl.col("segment") == IN_SAMPLE)]).select(list(FORECASTS))


@pytest.fixture(name="make_forecasts", scope="session")
def make_forecasts_fixture():
    return make_forecasts


@pytest.fixture(scope="session")
def facts():
    return dict(FACTS)
