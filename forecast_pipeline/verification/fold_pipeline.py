"""The fitting of one fold with exchangeable parts, from labels to thresholds, as the leak suite runs it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.core.hashing import sha256_of_bytes, sha256_of_value
from forecast_pipeline.models.storage import dump_state
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.arrays import FoldArrays
from forecast_pipeline.splits.build import fit_target_scale, rows_of, with_labels
from forecast_pipeline.splits.native import NativeStatistics
from forecast_pipeline.splits.plan import LIVE, plan_folds
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline.verification import fold_extras
from forecast_pipeline.verification.small_settings import small_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import Rows
    from forecast_pipeline.splits.target_scale import TargetScale
    from forecast_pipeline.splits.targets import Targets
    from forecast_pipeline.verification.simulated_matrix import MatrixSource

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Segments:
    """Rows of one fold, each an increasing list unless a mutant shuffled it."""

    train: Positions
    validation: Positions
    test: Positions


@dataclass(slots=True)
class FoldState:
    """Everything that is known of a fold while it is fitted, the future included.

    An honest part reads of it what the fold may know; a mutant reads more.

    Attributes:
        source: Matrix and settings.
        targets: Outcomes of all rows.
        segments: Rows of the fold.
        frame: Matrix as imputed, with outcomes.
        standardiser: Statistics of the inputs.
        scale: Variance model of the targets.
        rows: All rows of the matrix as a forecaster sees them, in the fold's statistics.
        parameters: Settings of the family as tuned.
        forecaster: The fitted family.
    """

    source: MatrixSource
    targets: Targets = field(init=False)
    segments: Segments = field(init=False)
    frame: pl.DataFrame = field(init=False)
    standardiser: Standardiser = field(init=False)
    scale: TargetScale = field(init=False)
    rows: Rows = field(init=False)
    parameters: Configuration = field(init=False)
    forecaster: Forecaster = field(init=False)

    def values(self, rows: Positions | slice) -> Floats:
        """Raw features of some rows, NaN where undefined, shape ``(n, p)``."""
        wanted = self.frame.select(pl.col(self.source.columns).cast(pl.Float64).fill_null(float("nan")))
        return wanted.to_numpy()[rows]

    @property
    def train(self) -> Rows:
        """Training rows with known outcomes."""
        return self.rows.take(self.segments.train).labelled()

    @property
    def validation(self) -> Rows:
        """Validation rows with known outcomes."""
        return self.rows.take(self.segments.validation).labelled()

    @property
    def test(self) -> Rows:
        """Test rows with known outcomes."""
        return self.rows.take(self.segments.test).labelled()


def real_labels(state: FoldState) -> Targets:
    """Forward returns over trading time."""
    source = state.source
    price = source.frame["price"].to_numpy()
    return forward_log_returns(source.close_us, price, source.timeframe, source.parameters.horizon_grid)


def real_plan(state: FoldState) -> list[Segments]:
    """The walk-forward folds of the split stage."""
    source, ends = state.source, state.targets.label_end_us[:, -1]
    is_usable = (ends <= source.close_us[-1]) & (np.arange(ends.size) >= source.first_row)
    plan = plan_folds(source.close_us, ends, is_usable, source.timeframe, source.parameters)
    return [
        Segments(
            np.arange(fold.train_start, fold.train_stop),
            np.arange(fold.validation_start, fold.validation_stop),
            np.arange(fold.test_start, fold.test_stop),
        )
        for fold in plan.folds
        if fold.fold != LIVE
    ]


def real_statistics(state: FoldState) -> Standardiser:
    """Mean, deviation and coverage of training rows."""
    least = state.source.parameters.min_feature_coverage
    return Standardiser.fit(state.values(state.segments.train), state.source.columns, least)


def real_native_statistics(state: FoldState) -> NativeStatistics | None:
    """Statistics of the bars that had closed at the last training decision."""
    if state.source.native is None:
        return None
    last = int(state.source.close_us[state.segments.train.max()])
    return NativeStatistics(state.source.native, last, state.source.parameters.min_feature_coverage)


def real_scale(state: FoldState) -> TargetScale:
    """The variance model of the bars up to the last training row."""
    return fit_target_scale(state.frame[: int(state.segments.train.max()) + 1], state.source.timeframe)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldPipeline:
    """What stands between a matrix and a fitted fold; every part may be replaced by a leaking one.

    Attributes:
        family: Family that is fitted.
        n_components: Principal components that the family is given, if it takes any.
        labels: Outcomes and their ends.
        plan: Rows of all folds.
        impute: The matrix whose undefined features are filled; the real one leaves them to the standardiser.
        standardise: Statistics of the inputs.
        standardise_native: Statistics of the panels at their own resolution.
        scale_targets: Variance model.
        select: Columns of the inputs that are used, before any of them is dropped for its coverage.
        project: Replaces the inputs; the real families project inside, on training rows.
        tune: Settings; the real families tune inside, on validation rows.
        fit: The fitted family.
        stop: Step at which training ends, for families that learn in steps.
        weigh: Weights of an ensemble.
        climatology: Table of usual volatility by hour of the week.
        calibrate: What the conformal layer has learned by the first test decision.
        divide: Thresholds of the regimes.
    """

    family: str = "ridge"
    n_components: int = 3
    labels: Callable[[FoldState], Targets] = real_labels
    plan: Callable[[FoldState], list[Segments]] = real_plan
    impute: Callable[[FoldState], pl.DataFrame] = lambda state: state.frame
    standardise: Callable[[FoldState], Standardiser] = real_statistics
    standardise_native: Callable[[FoldState], NativeStatistics | None] = real_native_statistics
    scale_targets: Callable[[FoldState], TargetScale] = real_scale
    select: Callable[[FoldState], npt.NDArray[np.bool_]] = lambda state: state.standardiser.is_kept
    project: Callable[[FoldState], Rows] = lambda state: state.rows
    tune: Callable[[FoldState], Configuration] = lambda state: state.parameters
    fit: Callable[[FoldState, str], Forecaster] = lambda state, family: fit_fold(
        family, state.parameters, FoldArrays(state.train, state.validation, state.test), 0
    )
    stop: Callable[[FoldState], int] = lambda state: fold_extras.stopping_step(state.train, state.validation)
    weigh: Callable[[FoldState], Floats] = lambda state: fold_extras.ensemble_weights(
        state.forecaster, state.validation
    )
    climatology: Callable[[FoldState], Floats] = lambda state: fold_extras.hourly_table([state.train, state.validation])
    calibrate: Callable[[FoldState], dict[str, Any]] = fold_extras.calibration
    divide: Callable[[FoldState], Any] = fold_extras.regime_thresholds

    def segments(self, source: MatrixSource) -> tuple[FoldState, list[Segments]]:
        """Labels and the rows of every fold."""
        state = FoldState(source)
        state.targets = self.labels(state)
        return state, self.plan(state)

    def artefact(self, source: MatrixSource, fold: int) -> dict[str, str]:
        """SHA-256 of everything that one fold has learned, by what it is.

        Args:
            source: Matrix.
            fold: Position of the fold.
        """
        state, folds = self.segments(source)
        state.segments = folds[fold]
        horizons = source.parameters.horizon_grid
        state.frame = with_labels(source.frame, state.targets, horizons)
        state.frame = self.impute(state)
        state.standardiser = self.standardise(state)
        state.standardiser = dataclasses.replace(state.standardiser, is_kept=self.select(state))
        state.scale = self.scale_targets(state)
        native = self.standardise_native(state)
        state.rows = rows_of(state.frame, 0, state.frame.height, state.standardiser, state.scale, horizons, native)
        state.rows = self.project(state)
        state.parameters = small_parameters(self.family, self.n_components)
        state.parameters = self.tune(state)
        state.forecaster = self.fit(state, self.family)
        return {
            "statistics": hash_of(dataclasses.asdict(state.standardiser)),
            "native statistics": hash_of({} if state.rows.native is None else state.rows.native.statistics()),
            "target scale": hash_of(dataclasses.asdict(state.scale)),
            "settings": sha256_of_value(state.parameters.model_dump(mode="json")),
            self.family: hash_of(state.forecaster.state()),
            "stopping step": str(self.stop(state)),
            "ensemble weights": hash_of({"weights": self.weigh(state)}),
            "climatology": hash_of({"table": self.climatology(state)}),
            "calibration": hash_of(self.calibrate(state)),
            "regime thresholds": hash_of(dataclasses.asdict(self.divide(state))),
        }


def hash_of(learned: dict[str, Any]) -> str:
    """SHA-256 of arrays, numbers, text and scikit-learn estimators."""
    return sha256_of_bytes(dump_state(learned))
