"""A market made by hand, GARCH(1,1)-t with a daily clock and candles, and families fitted to it as artifacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from forecast_pipeline.core.publication import Published
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.models.artifact import Artifact
from forecast_pipeline.models.paths import bridge_extremes
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.splits.build import fit_target_scale, rows_of, with_labels
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline.verification.small_settings import small_parameters

H1 = Timeframe.H1
GRID = (1, 3, 6)
COLUMNS = ("noise", "last_return")


def market(n_bars=4000, seed=0):
    """Matrix of hourly bars from a Sunday evening on, with two features."""
    rng = np.random.default_rng(seed)
    first = trading_minutes(np.array([np.datetime64("2023-01-01T22:00", "us").astype(np.int64)]))[0]
    minutes = first + H1.minutes * np.arange(1, n_bars + 1)
    close_us = instants_of_trading_minutes(minutes)
    clock = 1.0 + 0.6 * np.sin(2 * np.pi * (minutes % 1440 - 60) / 1440)
    returns, deviation, variance = np.empty(n_bars), np.empty(n_bars), 1.0
    for bar in range(n_bars):
        deviation[bar] = 1e-3 * np.sqrt(variance)
        shock = np.sqrt(variance) * rng.standard_t(6.0) * np.sqrt(4 / 6)
        returns[bar] = 1e-3 * shock * clock[bar]
        variance = 0.03 + 0.1 * shock**2 + 0.87 * variance
    price = 1.1 * np.exp(np.cumsum(returns))
    opened = price * np.exp(-returns)
    highest, lowest = bridge_extremes(returns, deviation * clock, rng)
    return pl.DataFrame(
        {
            "ts_utc": pl.Series(close_us - H1.microseconds).cast(INSTANT),
            "close_ts_utc": pl.Series(close_us).cast(INSTANT),
            "price": price,
            "bar_return": returns,
            "bar_open": opened,
            "bar_high": opened * np.exp(highest),
            "bar_low": opened * np.exp(lowest),
            "noise": pl.Series(rng.standard_normal(n_bars), dtype=pl.Float32),
            "last_return": pl.Series(returns, dtype=pl.Float32),
        }
    )


def fitted_artifact(name, frame, grid=GRID):
    """A family fitted to three quarters of the market, with small settings, as an artifact."""
    close_us = frame["close_ts_utc"].to_physical().to_numpy()
    targets = forward_log_returns(close_us, frame["price"].to_numpy(), H1, grid)
    labelled = with_labels(frame, targets, grid)
    n_train, n_all = frame.height * 5 // 8, frame.height * 3 // 4
    scale = fit_target_scale(labelled[:n_train], H1)
    standardiser = Standardiser.fit(labelled[:n_train].select(COLUMNS).to_numpy().astype(float), COLUMNS, 0.5)
    train, validation = (
        rows_of(labelled, start, stop, standardiser, scale, grid).labelled()
        for start, stop in ((100, n_train - grid[-1]), (n_train, n_all))
    )
    family = family_named(name)
    forecaster = family.forecaster_class().from_parameters(small_parameters(name), 3)
    forecaster.fit(train, validation)
    card = {"model_name": name, "sha256": "0" * 64, "files": {}}
    return Artifact(Published(Path(), "made", card), forecaster, standardiser, scale, grid, H1)


def history_of(frame, artifact):
    """Past of all bars of the market, as the artifact measures it."""
    rows = rows_of(
        frame, frame.height - 1, frame.height, artifact.standardiser, artifact.target_scale, artifact.horizons
    )
    return rows.history


def continued(frame, scenarios, path):
    """The real bars up to a path's start, then the path's candles: a matrix of its own."""
    start = int(scenarios.paths.start[path])
    candles = scenarios.candles(path)
    added = pl.DataFrame(
        {
            "ts_utc": candles["ts_utc"],
            "close_ts_utc": candles["ts_utc"].to_physical().cast(pl.Int64).__add__(H1.microseconds).cast(INSTANT),
            "price": candles["close"],
            "bar_return": scenarios.paths.returns[path],
            "bar_open": candles["open"],
            "bar_high": candles["high"],
            "bar_low": candles["low"],
            "noise": pl.Series(np.zeros(candles.height), dtype=pl.Float32),
            "last_return": pl.Series(np.zeros(candles.height), dtype=pl.Float32),
        }
    )
    return pl.concat([frame[: start + 1], added])
