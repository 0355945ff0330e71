"""Walk-forward: refit every model in every fold, forecast its test rows, keep every forecast."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.schema import (
    FORECASTS,
    IN_SAMPLE,
    OUT_OF_SAMPLE,
    QUANTILE_COLUMNS,
    QUANTILE_LEVELS,
)
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.publication import Published, frame_writer, publish
from forecast_pipeline.core.schema import INSTANT, check_schema
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.models.artifact import artifacts_of, library_versions
from forecast_pipeline.models.forecaster import cumulative
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.scores.calibration import randomised_pit
from forecast_pipeline.scores.crps import crps_from_draws
from forecast_pipeline.splits.build import Split, read_split

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.parameters import BacktestParameters
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import FoldArrays, Rows

    Floats = npt.NDArray[np.float64]

LOGGER = logging.getLogger(__name__)
# Draws held at once: enough to vectorise, little enough to stay in cache-sized memory.
MAX_DRAWS_AT_ONCE = 4_000_000


def run_walk_forward(
    home: Home,
    symbol: str,
    timeframe: Timeframe,
    parameters: BacktestParameters,
) -> Published:
    """Forecast the test rows of every fold with every trained family, and publish the forecasts.

    Each family is refitted on each fold with the parameters of its artifact.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe.
        parameters: Settings.

    Raises:
        MissingData: If there is no split or no model trained on it.
        TrainingFailed: If a family cannot be fitted to a fold.
    """
    split = read_split(home, symbol, timeframe)
    cards = [card for card in artifacts_of(home, symbol, timeframe) if _is_current(card, split)]
    if not cards:
        raise MissingData(
            f"{symbol} {timeframe} must have models trained on its present split", do="materialise models"
        )
    parts = []
    for number in split.fold_numbers:
        arrays = split.arrays(number)
        for card in cards:
            name = str(card.card["model_name"])
            LOGGER.info("fold %d of %d: %s", number + 1, len(split.fold_numbers), name)
            chosen = family_named(name).parameters_class().parse(card.card["parameters"])
            forecaster = fit_fold(name, chosen, arrays, number)
            parts += forecast_fold(split, number, arrays, name, forecaster, parameters)
    forecasts = pl.concat(parts)
    check_schema(forecasts, FORECASTS, "out-of-sample forecasts")
    facts = _facts(split, symbol, timeframe, cards, parameters)
    return publish(home.reports(symbol, timeframe), OUT_OF_SAMPLE, {".parquet": frame_writer(forecasts)}, facts)


def forecast_fold(
    split: Split, number: int, arrays: FoldArrays, name: str, forecaster: Forecaster, parameters: BacktestParameters
) -> list[pl.DataFrame]:
    """Forecasts of a fold's test rows and of evenly spaced training rows, as rows of `FORECASTS`."""
    fold = split.fold(number)
    n_spaced = min(parameters.in_sample_rows, len(arrays.train))
    spaced = np.unique(np.linspace(0, len(arrays.train) - 1, n_spaced).astype(int))
    market = split.frame[fold["train_start"] : fold["train_stop"]][spaced]
    segments = (
        (OUT_OF_SAMPLE, arrays.test, split.frame[fold["test_start"] : fold["test_stop"]]),
        (IN_SAMPLE, arrays.train.take(spaced), market),
    )
    return [
        _forecast_rows(split, number, name, forecaster, rows, market, segment, parameters.n_samples)
        for segment, rows, market in segments
    ]


def _forecast_rows(
    split: Split,
    number: int,
    name: str,
    forecaster: Forecaster,
    rows: Rows,
    market: pl.DataFrame,
    segment: str,
    n_samples: int,
) -> pl.DataFrame:
    known = np.isfinite(rows.increments).all(axis=1)
    rows, market = rows.take(np.flatnonzero(known)), market.filter(pl.Series(known))
    seed = int(sha256_of_value([name, number, segment])[:8], 16)
    uniforms = np.random.default_rng(seed).random((len(rows), len(split.horizons)))
    block = max(MAX_DRAWS_AT_ONCE // (n_samples * len(split.horizons)), 1)
    starts = range(0, len(rows), block)
    figures = [_figures(forecaster, rows, np.arange(s, min(s + block, len(rows))), uniforms, n_samples) for s in starts]
    columns = {k: np.concatenate([each[k] for each in figures]) for k in figures[0]} if figures else {}
    parts = []
    for k, horizon in enumerate(split.horizons if figures else ()):
        target_us = _label_end(rows.issued_at_us, horizon * split.timeframe.minutes)
        values: dict[str, Any] = {
            column: columns[column][:, k] for column in ("outcome", "scale", "mean", "crps", "pit")
        }
        values |= {column: columns["quantiles"][:, k, q] for q, column in enumerate(QUANTILE_COLUMNS)}
        parts.append(
            market.select(
                pl.lit(number, pl.Int32).alias("fold"),
                pl.lit(segment).alias("segment"),
                pl.lit(name).alias("model"),
                pl.lit(family_named(name).is_baseline).alias("is_baseline"),
                pl.col("close_ts_utc").alias("issued_at_utc"),
                pl.lit(horizon, pl.Int32).alias("horizon_bars"),
                pl.Series("target_ts_utc", target_us).cast(INSTANT),
                "price",
                *[pl.Series(column, value) for column, value in values.items()],
                "fill_ts_utc",
                "fill_price",
                "spread",
            ).select(list(FORECASTS))
        )
    return pl.concat(parts) if parts else pl.DataFrame(schema=FORECASTS)


def _figures(
    forecaster: Forecaster, rows: Rows, block: npt.NDArray[np.intp], uniforms: Floats, n_samples: int
) -> dict[str, Floats]:
    part = rows.take(block)
    draws = np.sort(cumulative(forecaster.sample(part, n_samples)), axis=0)  # (S B K), sorted along S
    outcome = part.outcomes
    horizons = range(outcome.shape[1])
    return {
        "outcome": outcome,
        "scale": np.sqrt(np.cumsum(np.square(part.scale), axis=1)),
        "mean": cumulative(forecaster.mean(part)),
        "quantiles": np.moveaxis(sorted_quantiles(draws, QUANTILE_LEVELS), 0, -1),
        "crps": np.column_stack([crps_from_draws(draws[:, :, k], outcome[:, k]) for k in horizons]),
        "pit": np.column_stack([randomised_pit(draws[:, :, k], outcome[:, k], uniforms[block, k]) for k in horizons]),
    }


def sorted_quantiles(draws: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of draws that are sorted along axis 0, linear between order statistics.

    The definition of `numpy.quantile` (type 7 of Hyndman and Fan 1996), without sorting again.

    Example:
        >>> sorted_quantiles(np.array([[1.0], [2.0], [4.0]]), (0.25, 0.5))[:, 0].tolist()
        [1.5, 2.0]
    """
    position = np.asarray(levels) * (draws.shape[0] - 1)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, draws.shape[0] - 1)
    weight = (position - below).reshape(-1, *([1] * (draws.ndim - 1)))
    return np.asarray(draws[below] * (1 - weight) + draws[above] * weight)


def _label_end(issued_at_us: npt.NDArray[np.int64], minutes: int) -> npt.NDArray[np.int64]:
    return instants_of_trading_minutes(trading_minutes(issued_at_us) + minutes)


def _is_current(card: Published, split: Split) -> bool:
    return bool(card.card["upstream"][f"splits/{split.timeframe}"] == split.stored.sha256)


def _facts(
    split: Split, symbol: str, timeframe: Timeframe, cards: list[Published], parameters: BacktestParameters
) -> dict[str, Any]:
    card = split.stored.card
    return {
        "stage": "backtests",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "horizons_bars": list(split.horizons),
        "n_samples": parameters.n_samples,
        "costs": parameters.costs.model_dump(mode="json"),
        "fold_plan": fold_plan_facts(split),
        "features": len(split.feature_columns),
        # Every penalty that was tried counts: the best of many looks better than it is.
        "n_trials": sum(int(c.card["parameters"].get("n_penalties", 1)) for c in cards if not c.card["is_baseline"]),
        "model_parameters": {c.card["model_name"]: c.card["parameters"] for c in cards},
        "library_versions": library_versions(),
        "notes": card["notes"],
        "absent_features": card["absent_features"],
        "sources": card["sources"],
        "leak_suite": card["leak_suite"],
        "upstream": {f"splits/{timeframe}": split.stored.sha256} | {f"models/{c.name}": c.sha256 for c in cards},
    }


def fold_plan_facts(split: Split) -> list[dict[str, Any]]:
    """The walk-forward folds as the report shows them."""
    card, minutes = split.stored.card, split.timeframe.minutes
    return [
        {
            "fold": number,
            "mode": card["parameters"]["mode"],
            "train_start": fold["train_start_utc"].isoformat(),
            "train_end": fold["validation_stop_utc"].isoformat(),
            "test_start": fold["test_start_utc"].isoformat(),
            "test_end": fold["test_stop_utc"].isoformat(),
            "n_train": fold["train_stop"] - fold["train_start"],
            "n_validation": fold["validation_stop"] - fold["validation_start"],
            "n_test": fold["test_stop"] - fold["test_start"],
            "purge_bars": card["purge_minutes"] // minutes,
            "embargo_bars": card["embargo_minutes"] // minutes,
        }
        for number in split.fold_numbers
        for fold in [split.fold(number)]
    ]
