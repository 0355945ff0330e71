"""Training: fit one family to one fold, and the artifact of the fold that serves."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.models.artifact import save_artifact
from forecast_pipeline.models.checkpoint_runs import LearnsInSteps, held, run_folder, sweep_older
from forecast_pipeline.models.registry import FAMILIES, family_named
from forecast_pipeline.models.threads import one_blas_thread
from forecast_pipeline.splits.build import read_split
from forecast_pipeline.splits.plan import LIVE

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import FoldArrays


def fold_seed(model_name: str, fold: int) -> int:
    """Seed of a fit: the same for the same family and fold, everywhere."""
    return int(sha256_of_value([model_name, fold])[:8], 16)


def fit_fold(
    model_name: str,
    parameters: Configuration,
    arrays: FoldArrays,
    fold: int,
    *,
    previous: Forecaster | None = None,
    folder: Path | None = None,
) -> Forecaster:
    """Fit a family to the labelled train and validation rows of a fold.

    Args:
        model_name: Name of the family.
        parameters: Settings.
        arrays: Rows of the fold.
        fold: Number of the fold; with the family it decides the seed.
        previous: The family as fitted to an **earlier** fold, from whose weights a neural family starts; others
            start anew, as does every family without one.
        folder: Where a neural family keeps checkpoints, from which the same fit goes on after it was killed.

    Raises:
        NotEnoughHistory: If a neural family has too few rows.
        TrainingFailed: If the rows cannot be fitted.
    """
    forecaster = family_named(model_name).forecaster_class().from_parameters(parameters, fold_seed(model_name, fold))
    if isinstance(forecaster, LearnsInSteps):
        forecaster.run_folder = folder
        if previous is not None:
            forecaster.start_from(previous)
    try:
        forecaster.fit(*arrays.fitting)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise TrainingFailed(f"{model_name} must fit fold {fold}", was=str(error).splitlines()[0]) from error
    return forecaster


def train_model(
    home: Home, symbol: str, timeframe: Timeframe, model_name: str, parameters: Configuration | None = None
) -> Published:
    """Fit a family to the latest window and publish its artifact.

    A neural family keeps checkpoints while it trains (`checkpoint_runs`): the same call goes on after a kill, and ends
    in the same artifact. They stay until another training of the family has been published.

    Raises:
        MissingData: If the split has not been built.
        NotEnoughHistory: If a neural family has too few rows.
        TrainingFailed: If the family cannot be fitted; the last good checkpoint and the last artifact stay.
        Busy: If another process trains the family.
    """
    family = family_named(model_name)
    chosen = family.parameters_class()() if parameters is None else parameters
    split = read_split(home, symbol, timeframe)
    arrays = split.arrays(LIVE)
    seed = fold_seed(family.name, LIVE)
    folder = None
    if family.is_neural:
        folder = run_folder(home, symbol, timeframe, family.name, split.stored.sha256, chosen, seed)
    with one_blas_thread(), contextlib.nullcontext() if folder is None else held(folder):
        forecaster = fit_fold(family.name, chosen, arrays, LIVE, folder=folder)
    fold, card = split.fold(LIVE), split.stored.card
    facts: dict[str, Any] = {
        "is_baseline": FAMILIES[family.name].is_baseline,
        "parameters": chosen.model_dump(mode="json"),
        "horizons_bars": list(split.horizons),
        "seed": seed,
        "fit_note": getattr(forecaster, "note", ""),
        "fold": {name: value if isinstance(value, int) else value.isoformat() for name, value in fold.items()},
        "split_parameters": card["parameters"],
        "indicator_tfs": card["indicator_tfs"],
        "feature_parameters": card["feature_parameters"],
        "rv_window": card["feature_parameters"]["rv_window"],
        "days_history": card["parameters"]["days_history"],
        "warmup_bars": card["warmup_bars"],
        "pca_model": bool(getattr(chosen, "pca_components", 0)),
        "purge_minutes": card["purge_minutes"],
        "embargo_minutes": card["embargo_minutes"],
        **_validation_scores(forecaster, arrays),
        **(forecaster.facts() if isinstance(forecaster, LearnsInSteps) else {}),
        "upstream": {f"splits/{timeframe}": split.stored.sha256},
    }
    published = save_artifact(
        home, symbol, timeframe, family.name, forecaster, split.standardiser(LIVE), split.target_scale(LIVE), facts
    )
    if folder is not None:
        sweep_older(folder)
    return published


def _validation_scores(forecaster: Forecaster, arrays: FoldArrays) -> dict[str, float]:
    """Error of the longest horizon on validation rows; R2 is against a forecast of zero."""
    rows = arrays.validation.labelled()
    predicted = forecaster.mean(rows).sum(axis=1)
    outcome = rows.increments.sum(axis=1)
    squared = float(np.sum(np.square(outcome)))
    unexplained = float(np.sum(np.square(outcome - predicted)))
    return {
        "val_mae": float(np.mean(np.abs(outcome - predicted))),
        "val_r2": 1.0 - unexplained / squared if squared > 0 else 0.0,
    }
