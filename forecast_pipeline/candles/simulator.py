"""Deterministic candles of a simulated market, and the sample made of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.candles.simulated_path import MINUTES_PER_HOUR, hidden_path
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, MINUTES_PER_WEEK, trading_minutes

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from forecast_pipeline.candles.simulated_path import Floats, HiddenPath

SAMPLE_WORLDS = (
    SimulatedWorld(symbol="EURUSD", start=date(2023, 1, 1), n_weeks=52, seed=1, initial_price=1.07),
    SimulatedWorld(symbol="USDJPY", start=date(2023, 1, 1), n_weeks=26, seed=1, initial_price=131.0),
)

# Spread in pips by hours since 17:00 New York, when liquidity is rolled over; between the knots linear.
# The level is a cheap broker's; the shape follows EURUSD hourly closes of 2017 and 2018.
_SPREAD_HOURS = (0.0, 0.5, 1.5, 5.0, 9.0, 14.0, 19.0, 22.0, 23.75, 24.0)
_SPREAD_PIPS = (5.0, 3.0, 1.4, 1.1, 0.8, 0.6, 0.6, 1.0, 1.4, 5.0)
_CONSTANT_SPREAD_PIPS = 1.0
_TICKS_PER_PIP = 10
_TICKS_PER_MINUTE = 60.0  # quotes in a minute of average volatility


def simulate_candles(world: SimulatedWorld) -> pl.DataFrame:
    """Simulate the one-minute candles of a world, bid and ask.

    The spread is the same within a minute, so the means of bid and ask prices are
    those of the hidden mid path of `hidden_path`, rounded to half a tick. Which
    minutes are missing does not depend on prices.

    Args:
        world: The settings; the same settings give the same bytes.

    Returns:
        One row per minute that has a candle, oldest first, ``ts_utc`` unique and in
        open session: ``ts_utc`` (open instant), ``open high low close`` (bid),
        ``volume`` (number of quotes, at least 1), ``ask_open ask_high ask_low
        ask_close``. Prices are whole ticks of a tenth of a pip, ask above bid by at
        least one tick.

    Example:
        >>> candles = simulate_candles(SimulatedWorld(n_weeks=1, missing_fraction=0))
        >>> candles.height, str(candles["ts_utc"][0])
        (7200, '2023-01-01 22:00:00+00:00')
    """
    path = hidden_path(world)
    is_present = _is_present(world, path)
    spread_ticks = _spread_ticks(world, path)
    columns: dict[str, pl.Series] = {"ts_utc": pl.Series(path.ts_us[is_present]).cast(INSTANT)}
    log_mid = {"open": path.log_open, "high": path.log_high, "low": path.log_low, "close": path.log_close}
    bid_ticks = {
        price: np.rint(np.exp(values) * world.ticks_per_unit - spread_ticks / 2)[is_present]
        for price, values in log_mid.items()
    }
    # Whole ticks over a power of ten are the nearest floats to the decimal prices a vendor would print.
    columns |= {price: pl.Series(ticks / world.ticks_per_unit) for price, ticks in bid_ticks.items()}
    columns["volume"] = pl.Series(_volume(world, path)[is_present])
    for price, ticks in bid_ticks.items():
        columns[f"ask_{price}"] = pl.Series((ticks + spread_ticks[is_present]) / world.ticks_per_unit)
    return pl.DataFrame(columns)


def write_sample(folder: Path) -> list[Path]:
    """Write the shipped sample, ``<symbol>_M1_simulated.parquet`` for each world.

    Args:
        folder: Existing or new folder; files of these names are replaced.

    Returns:
        The files written, the same bytes every time for one version of pyarrow.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for world in SAMPLE_WORLDS:
        path = folder / f"{world.symbol}_M1_simulated.parquet"
        candles = simulate_candles(world)
        # Differences of an even clock take a hundredth of the space of its values, a dictionary of prices
        # two thirds of the space of floats; polars' own writer offers neither.
        candles.write_parquet(
            path,
            compression="zstd",
            compression_level=15,
            statistics=False,
            use_pyarrow=True,
            pyarrow_options={
                "use_dictionary": candles.columns[1:],
                "column_encoding": {"ts_utc": "DELTA_BINARY_PACKED"},
            },
        )
        paths.append(path)
    return paths


def _is_present(world: SimulatedWorld, path: HiddenPath) -> npt.NDArray[np.bool_]:
    quietness = path.activity**-2.0
    # The mean over a whole day, so that a minute's chance does not depend on how long the world is.
    quietness /= quietness[:MINUTES_PER_DAY].mean()
    return np.asarray(path.coverage_noise >= world.missing_fraction * quietness)


def _spread_ticks(world: SimulatedWorld, path: HiddenPath) -> Floats:
    minute = trading_minutes(path.ts_us)
    pips = np.interp(minute % MINUTES_PER_DAY / MINUTES_PER_HOUR, _SPREAD_HOURS, _SPREAD_PIPS)
    is_first_hour_of_week = minute % MINUTES_PER_WEEK < MINUTES_PER_HOUR
    pips = pips * np.where(is_first_hour_of_week, 2.0, 1.0) * np.exp(0.15 * path.spread_noise)
    if world.iid:
        pips = np.full(minute.size, _CONSTANT_SPREAD_PIPS)
    return np.maximum(np.rint(pips * world.spread_multiplier * _TICKS_PER_PIP), 1.0)


def _volume(world: SimulatedWorld, path: HiddenPath) -> Floats:
    relative = path.volatility / world.minute_volatility
    return np.asarray(1.0 + np.floor(_TICKS_PER_MINUTE * relative * np.exp(0.35 * path.volume_noise)))
