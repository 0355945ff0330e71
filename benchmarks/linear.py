"""Stage 5 against scikit-learn refitted in every fold: linear families over ten years of hourly bars.

Both standardise on training rows, try ten penalties and choose on validation rows; both see the same ex-ante scale.
The refits are timed on some of the folds and scaled up.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from side_by_side import Ratio
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.tabular.families import penalties
from forecast_pipeline.models.threads import one_blas_thread
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.arrays import FoldArrays, Rows
from forecast_pipeline.splits.block_sums import BlockMatrix
from forecast_pipeline.splits.moments import StandardisedRows
from forecast_pipeline.splits.standardise import Standardiser

N_ROWS = 62_000  # ten years of 120 hours a week
N_FOLDS = 60
N_FEATURES = 200
HORIZONS = 4
TRAIN_FRACTION = 0.8
TIMED_FOLDS = {"ridge": 3, "lasso": 1, "elastic_net": 1}
DESCENT = {"max_iter": 2000, "tol": 1e-4, "precompute": True, "fit_intercept": False}
ESTIMATORS = {
    "ridge": lambda alpha: Ridge(alpha=alpha, solver="cholesky", fit_intercept=False),
    "lasso": lambda alpha: Lasso(alpha=alpha, **DESCENT),
    "elastic_net": lambda alpha: ElasticNet(alpha=alpha, l1_ratio=0.5, **DESCENT),
}


class World:
    """Features as a matrix of indicators has them: collinear, with holes at the start, and a trace of signal.

    Windows are half of the history and roll, as by default.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        factors = rng.standard_normal((N_ROWS, 25))
        values = factors @ rng.standard_normal((25, N_FEATURES)) + rng.standard_normal((N_ROWS, N_FEATURES))
        self.values = (values * rng.uniform(0.01, 10.0, N_FEATURES) + rng.standard_normal(N_FEATURES)).astype(
            np.float32
        )
        self.values[: N_ROWS // 100, :40] = np.nan
        self.scale = 1e-4 * np.exp(0.3 * rng.standard_normal((N_ROWS, 1))) * np.sqrt(np.arange(1, HORIZONS + 1))
        signal = 0.05 * factors[:, :1]
        self.increments = self.scale * (signal + rng.standard_normal((N_ROWS, HORIZONS)))
        self.matrix = BlockMatrix(self.values, np.ones(N_ROWS, bool))
        self.columns = tuple(f"f{k}" for k in range(N_FEATURES))

    def segments(self, fold: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of train, validation and test."""
        window = N_ROWS // 2
        start = fold * (N_ROWS - window) // N_FOLDS
        middle, stop = start + int(TRAIN_FRACTION * window), start + window
        return np.arange(start, middle), np.arange(middle, stop), np.arange(stop, stop + (N_ROWS - window) // N_FOLDS)

    def standardiser(self, fold: int) -> Standardiser:
        """Statistics of the training rows, which the split stage has stored."""
        return Standardiser.fit(self.values[self.segments(fold)[0]].astype(np.float64), self.columns, 0.15)

    def rows(self, standardised: StandardisedRows | np.ndarray, positions: np.ndarray) -> Rows:
        """What a family is given."""
        return Rows(standardised, self.increments[positions], self.scale[positions], positions * 3_600_000_000)


def ours(world: World, name: str, statistics: list[Standardiser]) -> None:
    """Fit a family to every fold, as a walk-forward does."""
    matrix = BlockMatrix(world.values, world.matrix.is_counted)
    for fold, standardiser in enumerate(statistics):
        parts = [world.rows(StandardisedRows(matrix, standardiser, rows), rows) for rows in world.segments(fold)]
        fit_fold(name, family_named(name).parameters_class()(), FoldArrays(*parts), fold)


def refits(world: World, name: str, statistics: list[Standardiser]) -> None:
    """Standardise and fit every penalty again in every fold."""
    for fold, standardiser in enumerate(statistics):
        train, validation, _ = world.segments(fold)
        x, seen = (standardiser.transform(world.values[rows].astype(np.float64)) for rows in (train, validation))
        y, wanted = (world.increments[rows] / world.scale[rows] for rows in (train, validation))
        errors = []
        for penalty in penalties(family_named(name).parameters_class()()):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                fitted = ESTIMATORS[name](penalty).fit(x, y)
            errors.append(np.mean(np.square(wanted - fitted.predict(seen))))


def run() -> list[Ratio]:
    """Processor time of both on one BLAS thread, ours over all folds."""
    with one_blas_thread():
        return _ratios(World())


def _ratios(world: World) -> list[Ratio]:
    statistics = [world.standardiser(fold) for fold in range(N_FOLDS)]
    ratios = []
    for name, n_timed in TIMED_FOLDS.items():
        some = statistics[:: N_FOLDS // n_timed][:n_timed]
        began = time.process_time()
        ours(world, name, statistics)
        middle = time.process_time()
        refits(world, name, some)
        seconds = (middle - began, time.process_time() - middle)
        task = f"{name}, 10 years of hours, 200 features, 60 folds"
        ratios.append(Ratio(task, "scikit-learn refits", *seconds).scaled(N_FOLDS / n_timed))
    return ratios
