"""Group A of the planted errors: fitted parts that learn from rows after the fold's cut-off.

Each replaces one part of the real fold pipeline. None is reachable from anywhere else.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.arrays import FoldArrays
from forecast_pipeline.splits.build import fit_target_scale
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.verification import fold_extras
from forecast_pipeline.verification.fold_pipeline import FoldPipeline
from forecast_pipeline.verification.fold_tests import FOLD_TESTS
from forecast_pipeline.verification.mutants import Mutant, first_findings

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import BarHistory, Rows
    from forecast_pipeline.splits.target_scale import TargetScale
    from forecast_pipeline.verification.fold_pipeline import FoldState
    from forecast_pipeline.verification.simulated_matrix import MatrixSource

    Floats = npt.NDArray[np.float64]

CUT = "L3 cut-off"
_PENALTIES = (0.1, 10.0, 1e3, 1e5)
_N_SELECTED = 4


def fit_mutants(source: MatrixSource) -> list[Mutant]:
    """A1 to A13, in order, on a simulated matrix."""
    tests = {name: (lambda of, test=test: test(of, source)) for name, test in FOLD_TESTS.items()}

    def mutant(code: str, text: str, **part: Any) -> Mutant:  # noqa: ANN401 - one part of any kind
        planted = FoldPipeline(**part)
        return Mutant(code, text, (CUT,), lambda: first_findings(tests, planted))

    return [
        mutant("A1", "hyper-parameters scored on test rows", tune=_tuned_on_test),
        mutant("A2", "features selected on test rows", select=_selected_on_test),
        mutant("A3", "early stopping on test rows", stop=lambda s: fold_extras.stopping_step(s.train, s.test)),
        mutant("A4", "gaps filled with the mean of all rows", impute=_imputed_from_all),
        mutant("A5", "coverage filter on all rows", standardise=_coverage_of_all),
        mutant("A6", "principal components of train and test rows", project=_projected_on_test, n_components=0),
        mutant("A7", "target scale from all rows", scale_targets=_scale_of_all),
        mutant(
            "A8", "ensemble weights from test rows", weigh=lambda s: fold_extras.ensemble_weights(s.forecaster, s.test)
        ),
        mutant(
            "A9",
            "climatology table from all rows",
            climatology=lambda s: fold_extras.hourly_table([s.rows.labelled()]),
        ),
        mutant(
            "A10",
            "conformal layer calibrated on test rows",
            calibrate=lambda s: fold_extras.calibration(s, rows=s.segments.test),
        ),
        mutant("A11", "conformal layer told before the label ends", calibrate=_told_early),
        mutant(
            "A12",
            "regime thresholds from all rows",
            divide=lambda s: fold_extras.regime_thresholds(s, slice(0, s.frame.height)),
        ),
        mutant("A13", "variance model fitted to bars after the training rows", fit=_fitted_to_all_bars, family="har"),
    ]


def _tuned_on_test(state: FoldState) -> Configuration:
    """The penalty with the smallest error on the rows that are to be forecast."""
    tried = [state.parameters.model_copy(update={"alpha": alpha, "n_penalties": 1}) for alpha in _PENALTIES]
    arrays, test = FoldArrays(state.train, state.validation, state.test), state.test
    errors = []
    for parameters in tried:
        fitted = fit_fold("ridge", parameters, arrays, 0)
        errors.append(float(np.mean(np.square((test.increments - fitted.mean(test)) / test.scale))))
    return tried[int(np.argmin(errors))]


def _selected_on_test(state: FoldState) -> npt.NDArray[np.bool_]:
    """The features that go best with the outcomes of test rows."""
    values = np.nan_to_num(state.values(state.segments.test))
    outcome = np.nan_to_num(state.targets.log_returns[state.segments.test, -1])
    strength = np.abs((values - values.mean(axis=0)).T @ (outcome - outcome.mean())) / (values.std(axis=0) + 1e-12)
    strongest = np.argsort(-strength, kind="stable")[:_N_SELECTED]
    return np.isin(np.arange(strength.size), strongest)


def _imputed_from_all(state: FoldState) -> pl.DataFrame:
    """Undefined values take the mean of the whole history."""
    names = list(state.source.columns)
    return state.frame.with_columns(pl.col(name).fill_nan(None).fill_null(pl.col(name).mean()) for name in names)


def _coverage_of_all(state: FoldState) -> Standardiser:
    """Right mean and deviation; which columns are full enough is asked of all rows."""
    least, columns = state.source.parameters.min_feature_coverage, state.source.columns
    honest = Standardiser.fit(state.values(state.segments.train), columns, least)
    return dataclasses.replace(honest, is_kept=Standardiser.fit(state.values(slice(None)), columns, least).is_kept)


def _projected_on_test(state: FoldState) -> Rows:
    from sklearn.decomposition import PCA

    inputs = state.rows.inputs
    seen = np.concatenate([state.segments.train, state.segments.test])
    fitted = PCA(n_components=3, svd_solver="full").fit(inputs[seen])
    return dataclasses.replace(state.rows, standardised=np.asarray(fitted.transform(inputs)))


def _scale_of_all(state: FoldState) -> TargetScale:
    return fit_target_scale(state.frame, state.source.timeframe)


def _told_early(state: FoldState) -> dict[str, Any]:
    """Every outcome counts as known one bar after the decision."""
    rows = np.arange(int(state.segments.validation.min()), int(state.segments.test.min()))
    soon_us = state.source.timeframe.minutes * MICROSECONDS_PER_MINUTE
    return fold_extras.calibration(state, rows, state.source.close_us[rows] + soon_us)


def _fitted_to_all_bars(state: FoldState, family: str) -> Forecaster:
    """The last training row claims to be decided at the last bar that there is."""
    train = state.train
    history = cast("BarHistory", train.history)
    bar = history.bar.copy()
    bar[-1] = history.returns.size - 1
    reaching = dataclasses.replace(train, history=dataclasses.replace(history, bar=bar))
    return fit_fold(family, state.parameters, FoldArrays(reaching, state.validation, state.test), 0)
