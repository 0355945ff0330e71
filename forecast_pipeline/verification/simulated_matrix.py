"""A small simulated matrix whose folds begin on a Monday noon: the ground on which split and fit leaks are planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe
from forecast_pipeline.core.trading_clock import MINUTES_PER_WEEK, instants_of_trading_minutes, trading_minutes
from forecast_pipeline.splits.native import NativeSource
from forecast_pipeline.splits.native_panel import NativePanel
from forecast_pipeline.splits.parameters import SplitParameters

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

TIMEFRAME = Timeframe.H1
BARS_PER_WEEK = MINUTES_PER_WEEK // TIMEFRAME.minutes
HORIZONS = (1, 6, 24)
N_WINDOW_WEEKS = 5
N_FOLDS = 2
# Monday noon in New York is 19 hours after the week opens: a label of 24 hours reaches back over the weekend.
MINUTES_TO_MONDAY_NOON = 19 * 60
_FIRST_US = int(np.datetime64("2024-01-08T00:00", "us").astype(np.int64))
PANEL_MINUTES = (60, 240)
_WARM_UP_ROWS = 40
_MEAN_REVERSION = 0.3


@dataclass(frozen=True, slots=True)
class MatrixSource:
    """What a fold is fitted to.

    Attributes:
        frame: Market columns of a matrix and features, one row a bar, oldest first.
        columns: Names of the features.
        timeframe: Base timeframe.
        parameters: Settings of the split stage.
        first_row: First row after warm-up.
        native: Panels of features at their own resolution.
    """

    frame: pl.DataFrame
    columns: tuple[str, ...]
    timeframe: Timeframe
    parameters: SplitParameters
    first_row: int
    native: NativeSource | None = None

    @property
    def close_us(self) -> npt.NDArray[np.int64]:
        """Decision instant of each row, shape ``(T,)``."""
        return self.frame["close_ts_utc"].cast(pl.Int64).to_numpy()


def simulated_matrix(seed: int, window: int = 10) -> MatrixSource:
    """Hourly bars of a mean-reverting walk with a daily profile, and seven features of it.

    One feature is missing where the night is, one is nearly a copy of another. There are two
    walk-forward folds of a week each, which begin on Monday noon of New York.

    Args:
        seed: Seed of the world.
        window: Lookback of the features.
    """
    n_usable = N_WINDOW_WEEKS * BARS_PER_WEEK + HORIZONS[-1] + N_FOLDS * BARS_PER_WEEK
    n_rows = _WARM_UP_ROWS + n_usable + HORIZONS[-1]
    # The last usable row is decided an hour before the instant at which one more fold would begin.
    week = -(-int(trading_minutes(np.array([_FIRST_US]))[0]) // MINUTES_PER_WEEK) + 12
    end = week * MINUTES_PER_WEEK + MINUTES_TO_MONDAY_NOON + (HORIZONS[-1] - 1) * TIMEFRAME.minutes
    minutes = end - TIMEFRAME.minutes * np.arange(n_rows)[::-1]
    close_us = instants_of_trading_minutes(minutes)
    rng = np.random.default_rng(seed)
    hour = minutes // 60 % 24
    shocks = rng.standard_normal(n_rows) * 1e-3 * (0.6 + np.sin(np.pi * hour / 24))
    returns = shocks.copy()
    for row in range(1, n_rows):
        returns[row] -= _MEAN_REVERSION * returns[row - 1]
    price = 1.1 * np.exp(np.cumsum(returns))
    features = _features(returns, price, hour, window, rng)
    frame = pl.DataFrame(
        {
            "ts_utc": pl.Series(close_us - TIMEFRAME.minutes * MICROSECONDS_PER_MINUTE).cast(INSTANT),
            "close_ts_utc": pl.Series(close_us).cast(INSTANT),
            "price": price,
            "bar_return": returns,
            **{name: pl.Series(values, dtype=pl.Float32).fill_nan(None) for name, values in features.items()},
            **_other_prices(price, returns, seed),
        }
    )
    parameters = SplitParameters(
        days_history=7.0 * N_WINDOW_WEEKS,
        horizon=HORIZONS[-1],
        horizons=HORIZONS,
        n_splits=N_FOLDS,
        purge_days=0.0,
        embargo_days=0.0,
        val_frac=0.25,
        min_feature_coverage=0.75,
    )
    native = NativeSource.of_panels(_panel(frame, features, minutes) for minutes in PANEL_MINUTES)
    return MatrixSource(frame, tuple(features), TIMEFRAME, parameters, _WARM_UP_ROWS, native)


def _other_prices(price: Floats, returns: Floats, seed: int) -> dict[str, Floats]:
    """Open, high and low of each bar, drawn apart so that the other numbers of a seed stay what they are."""
    reach = np.abs(np.random.default_rng([seed, 1]).standard_normal((2, price.size))) * 3e-4
    opened = price * np.exp(-returns)
    return {
        "bar_open": opened,
        "bar_high": np.maximum(price, opened) * np.exp(reach[0]),
        "bar_low": np.minimum(price, opened) * np.exp(-reach[1]),
    }


def _panel(frame: pl.DataFrame, features: dict[str, Floats], minutes: int) -> NativePanel:
    """The features of every row that closes on the grid of a timeframe, as that timeframe's own."""
    close_us = frame["close_ts_utc"].to_physical().to_numpy()
    on_grid = trading_minutes(close_us) % minutes == 0
    values = np.column_stack([each[on_grid] for each in features.values()]).astype(np.float32)
    return NativePanel(minutes, close_us[on_grid], values, tuple(features))


def _features(
    returns: Floats, price: Floats, hour: npt.NDArray[np.int64], window: int, rng: np.random.Generator
) -> dict[str, Floats]:
    """Trailing measures; each row reads bars up to it only."""
    kernel = np.ones(window) / window

    def trailing(values: Floats) -> Floats:
        return np.convolve(values, kernel)[: values.size]

    drift, activity = trailing(returns), np.sqrt(trailing(np.square(returns)))
    day, noise = hour / 24.0 * 2.0 * np.pi, rng.standard_normal(returns.size)
    return {
        "last_return": returns,
        "drift": drift,
        "activity": activity,
        "activity_of_the_day": np.where(hour < 4, np.nan, activity),  # noqa: PLR2004 - the night has no value
        "distance": np.log(price) - trailing(np.log(price)),
        "drift_again": drift + 1e-5 * noise,
        "hour_sin": np.sin(day),
    }
