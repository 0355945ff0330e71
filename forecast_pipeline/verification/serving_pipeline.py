"""From the candles known at an instant to a forecast, with exchangeable parts, and its replay against the batch.

Bars, features, join, stored artifact and forecast are the real ones; only the market is simulated.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe
from forecast_pipeline.forecasts.inference import forecast_rows
from forecast_pipeline.models.artifact import open_artifact, save_artifact
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.arrays import FoldArrays
from forecast_pipeline.splits.assemble import FeatureOrigin, Matrix
from forecast_pipeline.splits.build import fit_target_scale, rows_of, with_labels
from forecast_pipeline.splits.native import NativeSource, NativeStatistics
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline.verification.pipeline import Pipeline, native_panel
from forecast_pipeline.verification.small_settings import small_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from forecast_pipeline.models.artifact import Artifact

SYMBOL, FAMILY = "EURUSD", "ridge"
HORIZONS = (1, 6)
N_WEEKS = 6
N_REPLAYED = 6
N_SAMPLES = 200
TOLERANCE = 1e-9
"""The agreement that docs/timing.md promises."""
_N_COMPONENTS = 3
_TRAIN, _VALIDATION = 0.5, 0.65
_LATE_MINUTES = 25
FEATURES = Pipeline(base=Timeframe.H1, slower=(Timeframe.H4,))


def aligned(candles: pl.DataFrame, features: Pipeline = FEATURES) -> Matrix:
    """The matrix as serving assembles it from the candles that it has."""
    bars = features.resample(candles, features.base)
    tables = features.tables(candles)
    joined = features.joined(tables)
    price = pl.col("close")
    market = bars.select(
        price.alias("price"),
        (price / price.shift(1)).log().fill_null(0.0).alias("bar_return"),
        pl.col("open", "high", "low").name.prefix("bar_"),
    )
    origins = []
    for timeframe in (features.base, *features.slower):
        close_us = features.resample(candles, timeframe)["close_ts_utc"].cast(pl.Int64).to_numpy()
        for column in features.plan(timeframe).columns:
            is_long_enough = close_us.size >= column.required_bars
            origins.append(
                FeatureOrigin(
                    name=f"{column.name}@{timeframe.value}",
                    timeframe=timeframe,
                    required_bars=column.required_bars,
                    unit=column.unit,
                    description=column.description,
                    bar_columns=column.bar_columns,
                    defined_from_us=int(close_us[column.required_bars - 1]) if is_long_enough else None,
                )
            )
    native = NativeSource.of_panels(native_panel(tables[each], each) for each in tables)
    return Matrix(joined.hstack(market), tuple(origins), {}, {}, {}, [], {}, {}, native)


@dataclass(frozen=True, slots=True)
class ServedWorld:
    """What is served from: a market and a model of its past.

    Attributes:
        candles: Simulated minutes.
        artifact: A stored model of the first weeks, opened again.
        batch: Forecasts of all later decisions, made at once.
        replayed_us: Instants at which serving is asked, some of them within a bar.
    """

    candles: pl.DataFrame
    artifact: Artifact
    batch: pl.DataFrame
    replayed_us: tuple[int, ...]


def served_world(seed: int) -> ServedWorld:
    """Simulate a market, train on its first weeks, store, and forecast the later ones in one batch.

    Args:
        seed: Seed of the market.
    """
    world = simulate_candles(SimulatedWorld(start=date(2024, 2, 4), n_weeks=N_WEEKS, seed=seed))
    candles = world.with_columns(source_minutes=pl.lit(1, pl.Int32), spread=pl.lit(None, pl.Float64))
    matrix = aligned(candles)
    artifact = _stored_model(matrix)
    last = matrix.frame.height - 1
    positions = range(int(_VALIDATION * last), last + 1)
    batch = forecast_rows(matrix, artifact, positions, n_samples=N_SAMPLES)
    decided_us = matrix.frame["close_ts_utc"].cast(pl.Int64).to_numpy()
    chosen = np.linspace(positions.start + 1, last - 1, N_REPLAYED).astype(int)
    late_us = np.where(np.arange(N_REPLAYED) % 2, _LATE_MINUTES * MICROSECONDS_PER_MINUTE, 0)
    return ServedWorld(candles, artifact, batch, tuple((decided_us[chosen] + late_us).tolist()))


def known_candles(candles: pl.DataFrame, now_us: int) -> pl.DataFrame:
    """Candles that have closed."""
    closes_us = candles["ts_utc"].cast(pl.Int64) + candles["source_minutes"].cast(pl.Int64) * MICROSECONDS_PER_MINUTE
    return candles.filter(closes_us <= now_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPipeline:
    """What stands between a market and a live forecast; every part may be replaced by a wrong one.

    Attributes:
        known: Candles that serving has at an instant.
        matrix: The matrix of those candles.
        adapt: The artifact as it is used on that matrix; the real one is used as it was stored.
    """

    known: Callable[[pl.DataFrame, int], pl.DataFrame] = known_candles
    matrix: Callable[[pl.DataFrame], Matrix] = aligned
    adapt: Callable[[Artifact, Matrix], Artifact] = lambda artifact, _: artifact

    def forecast(self, world: ServedWorld, now_us: int) -> pl.DataFrame:
        """Forecast from the newest bar that has closed at ``now_us``."""
        matrix = self.matrix(self.known(world.candles, now_us))
        return forecast_rows(matrix, self.adapt(world.artifact, matrix), [-1], n_samples=N_SAMPLES)


def serve_replay(pipeline: ServingPipeline, world: ServedWorld) -> Iterator[str]:
    """L5: a forecast made live from what was known is the forecast that the batch made of that decision."""
    for now_us in world.replayed_us:
        live = pipeline.forecast(world, now_us)
        # A bar whose last minute was not traded is complete only once a later candle says that time went on.
        past = known_candles(world.candles, now_us)
        known_us = int(past["ts_utc"].cast(pl.Int64)[-1]) + MICROSECONDS_PER_MINUTE
        due = world.batch.filter(pl.col("issued_at_utc").cast(pl.Int64) <= known_us)
        due = due.filter(pl.col("issued_at_utc") == pl.col("issued_at_utc").max())
        asked = f"at {pl.Series([now_us]).cast(INSTANT)[0]:%Y-%m-%d %H:%M}"
        shown, wanted = live["issued_at_utc"][0], due["issued_at_utc"][0]
        if shown != wanted:
            yield f"{asked} forecast from the bar of {shown:%H:%M} instead of {wanted:%H:%M}"
            continue
        numbers = [name for name, dtype in due.schema.items() if dtype == pl.Float64]
        gap = np.abs(live.select(numbers).to_numpy() - due.select(numbers).to_numpy())
        if not gap.max() <= TOLERANCE:  # not a number fails too
            yield f"{asked} differs from the batch by up to {gap.max():.1e}"


SERVING_TESTS: dict[str, Callable[[ServingPipeline, ServedWorld], Iterator[str]]] = {"L5 serve replay": serve_replay}


def _stored_model(matrix: Matrix) -> Artifact:
    """A model of the first rows after warm-up, through the disk as the real one."""
    frame, columns, base = matrix.frame, matrix.feature_columns, FEATURES.base
    decided_us = frame["close_ts_utc"].cast(pl.Int64).to_numpy()
    first = int(np.searchsorted(decided_us, max(origin.defined_from_us or 0 for origin in matrix.origins)))
    inner, stop = (int(share * frame.height) for share in (_TRAIN, _VALIDATION))
    labelled = with_labels(frame, forward_log_returns(decided_us, frame["price"].to_numpy(), base, HORIZONS), HORIZONS)
    values = frame[first:inner].select(pl.col(columns).fill_null(float("nan"))).to_numpy()
    standardiser, scale = Standardiser.fit(values, columns, 0.5), fit_target_scale(frame[:inner], base)
    native = None if matrix.native is None else NativeStatistics(matrix.native, int(decided_us[inner - 1]), 0.5)
    train, validation, rest = (
        rows_of(labelled, start, end, standardiser, scale, HORIZONS, native)
        for start, end in ((first, inner - HORIZONS[-1]), (inner, stop - HORIZONS[-1]), (stop, frame.height))
    )
    # On a market without drift weights and mean are shrunk to next to nothing, which would hide every wrong input.
    unshrunk = {"shrinks_mean": False, "n_penalties": 1}
    parameters = small_parameters(FAMILY, _N_COMPONENTS).model_copy(update=unshrunk)
    forecaster = fit_fold(FAMILY, parameters, FoldArrays(train, validation, rest), 0)
    facts = {"horizons_bars": list(HORIZONS), "parameters": parameters.model_dump(mode="json")}
    with tempfile.TemporaryDirectory() as folder:
        stored = save_artifact(Home(Path(folder)), SYMBOL, base, FAMILY, forecaster, standardiser, scale, facts)
        return open_artifact(stored)
