"""Walk-forward and report against their budget: ten folds of the linear families and the baselines, a year of minutes.

The matrix is random but has the shape and the collinearity of the real one; what the split stage has stored is
computed beforehand. The budget is a minute on two cores.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import polars as pl
from side_by_side import Ratio

from forecast_pipeline.backtests.fold_forecasts import decision_stride
from forecast_pipeline.backtests.matrix_record import path_record
from forecast_pipeline.backtests.page.render import render_page
from forecast_pipeline.backtests.parameters import BacktestParameters
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.run import walk_forward
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.backtests.surroundings import Surroundings
from forecast_pipeline.core.publication import Published
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, instants_of_trading_minutes, trading_minutes
from forecast_pipeline.models.registry import BASELINES, family_named
from forecast_pipeline.splits.build import Split, outcome_column
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.splits.plan import plan_folds
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.targets import forward_log_returns

BUDGET_SECONDS = 60.0
N_ROWS = 373_000
N_FEATURES = 189
N_FACTORS = 25
FAMILIES = (*BASELINES, "ridge", "lasso", "elastic_net")


def year_of_minutes(n_rows: int = N_ROWS, n_features: int = N_FEATURES) -> Split:
    """A split of a random walk with a daily profile, volatility that clusters, and random features."""
    rng = np.random.default_rng(8)
    first = int(trading_minutes(np.array([1_672_700_000_000_000]))[0])
    minutes = first + np.arange(n_rows)
    close_us = instants_of_trading_minutes(minutes)
    log_variance = np.cumsum(rng.standard_normal(n_rows)) * 0.004
    profile = 1.0 + 0.6 * np.sin(2 * np.pi * (minutes % MINUTES_PER_DAY) / MINUTES_PER_DAY)
    returns = 1e-4 * np.sqrt(profile) * np.exp(0.5 * np.tanh(log_variance)) * rng.standard_t(5.0, n_rows)
    price = 1.1 * np.exp(np.cumsum(returns))
    settings, timeframe = SplitParameters(), Timeframe.M1
    targets = forward_log_returns(close_us, price, timeframe, settings.horizon_grid)
    ends = targets.label_end_us[:, -1]
    plan = plan_folds(close_us, ends, (ends <= close_us[-1]) & (np.arange(n_rows) >= 5000), timeframe, settings)
    loadings = rng.standard_normal((N_FACTORS, n_features)).astype(np.float32)
    features = rng.standard_normal((n_rows, N_FACTORS), np.float32) @ loadings
    features += rng.standard_normal((n_rows, n_features), np.float32)
    names = [f"f{k}" for k in range(n_features)]
    at_open = pl.Series(close_us - MICROSECONDS_PER_MINUTE).cast(INSTANT)
    market = {
        "ts_utc": at_open,
        "close_ts_utc": pl.Series(close_us).cast(INSTANT),
        "price": price,
        "bar_return": returns,
        "spread": np.full(n_rows, 1e-4),
        "fill_ts_utc": at_open.shift(-1),
        "fill_price": pl.Series(price),
    }
    market["label_end_utc"] = pl.Series(ends).cast(INSTANT)
    outcomes = {outcome_column(h): targets.log_returns[:, k] for k, h in enumerate(settings.horizon_grid)}
    frame = pl.DataFrame(market | {name: features[:, k] for k, name in enumerate(names)} | outcomes)
    statistics = []
    for fold in plan.walk_forward:
        fitted = Standardiser.fit(features[fold.train_start : fold.train_stop].astype(np.float64), tuple(names), 0.15)
        values = {field.name: getattr(fitted, field.name) for field in dataclasses.fields(fitted)}
        values["column"] = list(values.pop("columns"))
        statistics.append(pl.DataFrame(values | {"fold": [fold.fold] * n_features}).cast({"fold": pl.Int32}))
    card = {"feature_columns": names, "sha256": "", "warmup_bars": 5000}
    folds = plan.as_frame(close_us)
    stored = Published(Path(), "made", card)
    return Split(stored, frame, folds, pl.concat(statistics), settings.horizon_grid, timeframe)


def run() -> list[Ratio]:
    """Wall time of the walk-forward, of everything computed from it, and of both."""
    split = year_of_minutes()
    chosen = {name: family_named(name).parameters_class()() for name in FAMILIES}
    began = time.perf_counter()
    walked = walk_forward(split, chosen, BacktestParameters())
    paths = path_record(split)
    forecast = time.perf_counter() - began
    began = time.perf_counter()
    stride = decision_stride(split, BacktestParameters().max_decisions_per_fold)
    facts = {"symbol": "EURUSD", "timeframe": "1m", "decision_stride_bars": stride}
    around = Surroundings(importance=walked.importance, paths=paths)
    render_page(summarise(walked.forecasts, facts, CostModel(), surroundings=around), facts)
    reported = time.perf_counter() - began
    peer = "the budget on 2 cores"
    return [
        Ratio("walk-forward: 10 folds of 10 families, a year of 1m", peer, forecast, BUDGET_SECONDS),
        Ratio("report: all statistics and the page", peer, reported, BUDGET_SECONDS),
        Ratio("both", peer, forecast + reported, BUDGET_SECONDS),
    ]
