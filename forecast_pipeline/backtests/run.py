"""Walk-forward: refit every model in every fold, forecast its test rows, keep every forecast."""

from __future__ import annotations

import logging
import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.figures import figures_of
from forecast_pipeline.backtests.schema import (
    FORECASTS,
    IN_SAMPLE,
    OUT_OF_SAMPLE,
    QUANTILE_COLUMNS,
)
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.publication import Published, frame_writer, publish
from forecast_pipeline.core.schema import INSTANT, check_schema
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.models.artifact import artifacts_of, library_versions
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.threads import one_blas_thread
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.build import Split, read_split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    import numpy.typing as npt

    from forecast_pipeline.backtests.parameters import BacktestParameters
    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import FoldArrays, Rows

LOGGER = logging.getLogger(__name__)
N_WORKERS = 2
_BY_HORIZON = ("outcome", "scale", "mean", "crps", "pit", "sd", "crps_tails")


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
    chosen = {
        name: family_named(name).parameters_class().parse(card.card["parameters"])
        for card in cards
        for name in [str(card.card["model_name"])]
    }
    forecasts, notes = walk_forward(split, chosen, parameters)
    check_schema(forecasts, FORECASTS, "out-of-sample forecasts")
    facts = _facts(split, symbol, timeframe, cards, parameters) | {"fit_notes": notes}
    return publish(home.reports(symbol, timeframe), OUT_OF_SAMPLE, {".parquet": frame_writer(forecasts)}, facts)


def walk_forward(
    split: Split, chosen: Mapping[str, Configuration], parameters: BacktestParameters
) -> tuple[pl.DataFrame, list[str]]:
    """Forecasts of all folds and families, in that order, and what is to be known of the fits.

    Families are fitted one after the other, while worker threads draw and score what is fitted already: that is
    array work which lets go of the interpreter. Which thread does it has no influence on the numbers.

    Args:
        split: Matrix and folds.
        chosen: Settings by name of the family.
        parameters: Settings of the stage.

    Returns:
        Rows of `FORECASTS`, and a sentence for each fit that took a fallback.

    Raises:
        TrainingFailed: If a family cannot be fitted to a fold.
    """
    stride = decision_stride(split, parameters.max_decisions_per_fold)
    parts: list[pl.DataFrame] = []
    notes: list[str] = []
    pending: list[Future[list[pl.DataFrame]]] = []
    matrix = split.matrix()
    with one_blas_thread(), ThreadPoolExecutor(N_WORKERS) as workers:
        for number in split.fold_numbers:
            arrays = split.arrays(number, matrix)
            drawn, pending = pending, []
            for name, settings in chosen.items():
                LOGGER.info("fold %d of %d: %s", number + 1, len(split.fold_numbers), name)
                forecaster = fit_fold(name, settings, arrays, number)
                if note := getattr(forecaster, "note", ""):
                    notes.append(f"{name}, fold {number}: {note}")
                pending.append(
                    workers.submit(forecast_fold, split, number, arrays, name, forecaster, parameters, stride)
                )
            parts += [frame for future in drawn for frame in future.result()]  # so that two folds at most are held
        parts += [frame for future in pending for frame in future.result()]
    return pl.concat(parts), notes


def decision_stride(split: Split, max_decisions: int) -> int:
    """Smallest step in rows of the matrix with which no fold is asked for more than so many test decisions.

    One for the whole run, so that the labels of neighbouring decisions overlap alike in every fold.
    """
    longest = max(int(fold["test_stop"] - fold["test_start"]) for fold in map(split.fold, split.fold_numbers))
    return math.ceil(longest / max_decisions)


def forecast_fold(
    split: Split,
    number: int,
    arrays: FoldArrays,
    name: str,
    forecaster: Forecaster,
    parameters: BacktestParameters,
    stride: int = 1,
) -> list[pl.DataFrame]:
    """Forecasts of every ``stride``-th test row and of evenly spaced training rows, as rows of `FORECASTS`.

    Test decisions are the rows of the matrix whose number is a multiple of ``stride``, in whatever fold they lie.
    """
    fold = split.fold(number)
    n_spaced = min(parameters.in_sample_rows, len(arrays.train))
    spaced = np.unique(np.linspace(0, len(arrays.train) - 1, n_spaced).astype(int))
    decided = np.arange(-fold["test_start"] % stride, len(arrays.test), stride)
    segments = (
        (OUT_OF_SAMPLE, arrays.test.take(decided), split.frame[fold["test_start"] + decided]),
        (IN_SAMPLE, arrays.train.take(spaced), split.frame[fold["train_start"] + spaced]),
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
    if len(rows) == 0:
        return pl.DataFrame(schema=FORECASTS)
    seed = int(sha256_of_value([name, number, segment])[:8], 16)
    uniforms = np.random.default_rng(seed).random((len(rows), len(split.horizons)))
    figures = figures_of(forecaster, rows, uniforms, n_samples)
    parts = []
    for k, horizon in enumerate(split.horizons):
        target_us = _label_end(rows.issued_at_us, horizon * split.timeframe.minutes)
        values: dict[str, Any] = {column: getattr(figures, column)[:, k] for column in _BY_HORIZON}
        values |= {column: figures.quantiles[:, k, q] for q, column in enumerate(QUANTILE_COLUMNS)}
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
                *[pl.Series(column, np.ascontiguousarray(value)) for column, value in values.items()],
                pl.Series("energy", figures.energy),
                pl.lit(None, pl.String).alias("regime"),
                "fill_ts_utc",
                "fill_price",
                "spread",
            ).select(list(FORECASTS))
        )
    return pl.concat(parts)


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
        "decision_stride_bars": decision_stride(split, parameters.max_decisions_per_fold),
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
