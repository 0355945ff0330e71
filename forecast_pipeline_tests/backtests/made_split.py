"""A small split made by hand: hourly bars of a random walk with clustered volatility, and features of no meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from forecast_pipeline.core.publication import Published
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes
from forecast_pipeline.splits.build import Split, outcome_column
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.splits.plan import plan_folds
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.targets import forward_log_returns

FIRST_MINUTE = 27_000_000 // 7200 * 7200
HORIZONS = (1, 3, 6)


def made_split(n_rows: int = 3000, n_features: int = 6, n_splits: int = 3, first_garbage: int | None = None) -> Split:
    """Folds over hourly bars.

    Args:
        n_rows: Bars.
        n_features: Features.
        n_splits: Folds.
        first_garbage: Row from which on prices, returns and features are garbage, in the same folds.
    """
    rng = np.random.default_rng(31)
    close_us = instants_of_trading_minutes(FIRST_MINUTE + 60 * (1 + np.arange(n_rows)))
    volatility = 1e-3 * np.exp(0.4 * np.sin(np.arange(n_rows) / 90))
    returns = volatility * rng.standard_t(5.0, n_rows)
    returns[0] = np.nan
    features = rng.standard_normal((n_rows, n_features)).astype(np.float32)
    features[rng.random(features.shape) < 0.01] = np.nan
    if first_garbage is not None:
        later = slice(first_garbage, None)
        returns[later], features[later] = -30 * returns[later][::-1], 1e4 * features[later][::-1]
        features[first_garbage::9] = np.inf
    price = 1.1 * np.exp(np.cumsum(np.nan_to_num(returns)))
    settings = SplitParameters(days_history=60, horizon=6, horizons=HORIZONS, n_splits=n_splits, embargo_days=0.5)
    targets = forward_log_returns(close_us, price, Timeframe.H1, HORIZONS)
    ends = targets.label_end_us[:, -1]
    is_usable = (ends <= close_us[-1]) & (np.arange(n_rows) >= 30)
    plan = plan_folds(close_us, ends, is_usable, Timeframe.H1, settings)
    names = tuple(f"f{k}" for k in range(n_features))
    at_open = pl.Series(close_us - 60 * MICROSECONDS_PER_MINUTE).cast(INSTANT)
    market = {
        "ts_utc": at_open,
        "close_ts_utc": pl.Series(close_us).cast(INSTANT),
        "price": price,
        "bar_return": returns,
        "spread": np.full(n_rows, 1e-4),
        "fill_ts_utc": at_open.shift(-1),
        "fill_price": pl.Series(price),
    }
    outcomes = {outcome_column(h): pl.Series(targets.log_returns[:, k]).fill_nan(None) for k, h in enumerate(HORIZONS)}
    frame = pl.DataFrame(market | {name: features[:, k] for k, name in enumerate(names)} | outcomes)
    statistics = []
    for fold in plan.folds:
        fitted = Standardiser.fit(features[fold.train_start : fold.train_stop].astype(np.float64), names, 0.15)
        columns = {
            "fold": pl.Series([fold.fold] * n_features, dtype=pl.Int32),
            "column": list(names),
            "mean": fitted.mean,
            "std": fitted.std,
            "coverage_fraction": fitted.coverage_fraction,
            "is_kept": fitted.is_kept,
        }
        statistics.append(pl.DataFrame(columns))
    stored = Published(Path(), "made", {"feature_columns": list(names)})
    return Split(stored, frame, plan.as_frame(close_us), pl.concat(statistics), HORIZONS, Timeframe.H1)
