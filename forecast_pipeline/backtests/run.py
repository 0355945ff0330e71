"""Walk-forward: refit every model in every fold, forecast its test rows, keep every forecast."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from forecast_pipeline.backtests.fold_forecasts import decision_stride, forecast_fold
from forecast_pipeline.backtests.importance import IMPORTANCE, permutation_importance
from forecast_pipeline.backtests.matrix_record import drift_record, feature_record, fold_regimes, path_record
from forecast_pipeline.backtests.run_facts import run_facts
from forecast_pipeline.backtests.schema import FORECASTS, OUT_OF_SAMPLE
from forecast_pipeline.backtests.surroundings import DRIFT, FEATURES, IMPORTANCE_SUFFIX, PATHS
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.publication import Published, frame_writer, publish
from forecast_pipeline.core.schema import check_schema
from forecast_pipeline.models.artifact import artifacts_of
from forecast_pipeline.models.checkpoint_runs import LearnsInSteps
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.threads import one_blas_thread, without_advice
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.build import Split, read_split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    import numpy as np
    import numpy.typing as npt

    from forecast_pipeline.backtests.parameters import BacktestParameters
    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import FoldArrays

LOGGER = logging.getLogger(__name__)
N_WORKERS = 2


class WalkForwardRun(NamedTuple):
    """What came of a walk-forward.

    Attributes:
        forecasts: Rows of `FORECASTS`.
        notes: A sentence for each fit that took a fallback.
        importance: Rows of `IMPORTANCE`.
        warm_starts: Folds whose fit began with the weights of the fold before, by family; only families that have any.
    """

    forecasts: pl.DataFrame
    notes: list[str]
    importance: pl.DataFrame
    warm_starts: dict[str, list[int]]


def run_walk_forward(
    home: Home,
    symbol: str,
    timeframe: Timeframe,
    parameters: BacktestParameters,
) -> Published:
    """Forecast the test rows of every fold with every trained family, and publish the forecasts.

    Each family is refitted on each fold with the parameters of its artifact; a neural one starts from its weights of
    the fold before, which saw earlier rows only, and trains for ``refit_epochs``.

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
    walked = walk_forward(split, chosen, parameters)
    check_schema(walked.forecasts, FORECASTS, "out-of-sample forecasts")
    files = {
        ".parquet": walked.forecasts,
        IMPORTANCE_SUFFIX: walked.importance,
        FEATURES: feature_record(split),
        DRIFT: drift_record(split),
        PATHS: path_record(split),
    }
    facts = run_facts(split, symbol, timeframe, cards, parameters) | {
        "fit_notes": walked.notes,
        "warm_starts": walked.warm_starts,
    }
    writers = {suffix: frame_writer(frame) for suffix, frame in files.items()}
    return publish(home.reports(symbol, timeframe), OUT_OF_SAMPLE, writers, facts)


def walk_forward(split: Split, chosen: Mapping[str, Configuration], parameters: BacktestParameters) -> WalkForwardRun:
    """Forecasts of all folds and families, in that order, and what is to be known of the fits.

    Families are fitted one after the other, while worker threads draw and score what is fitted already: that is
    array work which lets go of the interpreter. Which thread does it has no influence on the numbers. Folds go forward
    in time, and a family that learns in steps starts from what it was in the fold before.

    Args:
        split: Matrix and folds.
        chosen: Settings by name of the family.
        parameters: Settings of the stage.

    Raises:
        TrainingFailed: If a family cannot be fitted to a fold.
    """
    stride = decision_stride(split, parameters.max_decisions_per_fold)
    parts: list[_Part] = []
    notes: list[str] = []
    pending: list[Future[_Part]] = []
    before: dict[str, Forecaster] = {}
    warm_starts: dict[str, list[int]] = {}
    matrix = split.matrix()
    with one_blas_thread(), without_advice(), ThreadPoolExecutor(N_WORKERS) as workers:
        for number in split.fold_numbers:
            arrays = split.arrays(number, matrix)
            regimes = fold_regimes(split, number, parameters.regime_detector, parameters.regimes)
            drawn, pending = pending, []
            for name, settings in chosen.items():
                LOGGER.info("fold %d of %d: %s", number + 1, len(split.fold_numbers), name)
                forecaster = fit_fold(name, settings, arrays, number, previous=before.get(name))
                if isinstance(forecaster, LearnsInSteps):
                    before[name] = forecaster
                    if forecaster.is_warm:
                        warm_starts.setdefault(name, []).append(number)
                if note := getattr(forecaster, "note", ""):
                    notes.append(f"{name}, fold {number}: {note}")
                task = (split, number, arrays, name, forecaster, parameters, stride, regimes)
                pending.append(workers.submit(_forecast, *task))
            parts += [future.result() for future in drawn]  # so that two folds at most are held
        parts += [future.result() for future in pending]
    return WalkForwardRun(
        forecasts=pl.concat(frame for part in parts for frame in part.forecasts),
        notes=notes,
        importance=pl.concat([pl.DataFrame(schema=IMPORTANCE), *[part.importance for part in parts]]),
        warm_starts=warm_starts,
    )


class _Part(NamedTuple):
    """What one family contributes to one fold."""

    forecasts: list[pl.DataFrame]
    importance: pl.DataFrame


def _forecast(
    split: Split,
    number: int,
    arrays: FoldArrays,
    name: str,
    forecaster: Forecaster,
    parameters: BacktestParameters,
    stride: int,
    regimes: npt.NDArray[np.str_] | None,
) -> _Part:
    forecasts = forecast_fold(split, number, arrays, name, forecaster, parameters, stride, regimes)
    if family_named(name).is_baseline:  # baselines look at no feature
        return _Part(forecasts, pl.DataFrame(schema=IMPORTANCE))
    columns = split.standardiser(number).kept_columns
    return _Part(forecasts, permutation_importance(forecaster, arrays.test, columns, number, name))


def _is_current(card: Published, split: Split) -> bool:
    return bool(card.card["upstream"][f"splits/{split.timeframe}"] == split.stored.sha256)
