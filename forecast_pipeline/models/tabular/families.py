"""The four tabular families: which scikit-learn estimators each one tries.

The linear ones have no intercept: inputs are centred on training rows, so it would be
the drift of the training window, and a drift measured on months is noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast_pipeline.models.tabular.parameters import (
    ElasticNetParameters,
    ForestParameters,
    LassoParameters,
    LinearParameters,
)
from forecast_pipeline.models.tabular.tabular import Tabular

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ITERATIONS = 2_000
TOLERANCE = 1e-4
TREE_JOBS = 2
MIN_LEAF_ROWS = 5
SPLIT_FRACTION = 1 / 3


def penalties(parameters: LinearParameters) -> list[float]:
    """Penalties to try, the strongest first.

    Example:
        >>> penalties(LinearParameters(alpha=0.5, n_penalties=3, penalty_span=100.0))
        [50.0, 5.0, 0.5]
    """
    factors = np.geomspace(1.0, parameters.penalty_span, parameters.n_penalties)
    return [float(parameters.alpha * factor) for factor in factors[::-1]]


class Ridge(Tabular):
    """Multi-output least squares with a quadratic penalty (Hoerl and Kennard 1970)."""

    parameters_class = LinearParameters

    def _candidates(self, n_rows: int) -> Iterator[Any]:
        from sklearn.linear_model import Ridge as Estimator

        del n_rows
        for penalty in penalties(cast("LinearParameters", self.parameters)):
            yield Estimator(alpha=penalty, solver="cholesky", fit_intercept=False)


class Lasso(Tabular):
    """Least squares with an absolute penalty, one problem a horizon (Tibshirani 1996)."""

    parameters_class = LassoParameters

    def _candidates(self, n_rows: int) -> Iterator[Any]:
        from sklearn.linear_model import Lasso as Estimator

        del n_rows
        for penalty in penalties(cast("LassoParameters", self.parameters)):
            yield Estimator(alpha=penalty, max_iter=MAX_ITERATIONS, tol=TOLERANCE, precompute=True, fit_intercept=False)


class ElasticNet(Tabular):
    """Both penalties (Zou and Hastie 2005)."""

    parameters_class = ElasticNetParameters

    def _candidates(self, n_rows: int) -> Iterator[Any]:
        from sklearn.linear_model import ElasticNet as Estimator

        del n_rows
        chosen = cast("ElasticNetParameters", self.parameters)
        for penalty in penalties(chosen):
            yield Estimator(
                alpha=penalty,
                l1_ratio=chosen.l1_ratio,
                max_iter=MAX_ITERATIONS,
                tol=TOLERANCE,
                precompute=True,
                fit_intercept=False,
            )


class Forest(Tabular):
    """Random forest, all horizons in one tree (Breiman 2001); a third of the inputs tried at a split."""

    parameters_class = ForestParameters

    def _candidates(self, n_rows: int) -> Iterator[Any]:
        from sklearn.ensemble import RandomForestRegressor

        chosen = cast("ForestParameters", self.parameters)
        rows_per_tree = min(n_rows, chosen.max_rows_per_tree)
        yield RandomForestRegressor(
            n_estimators=chosen.n_estimators,
            max_depth=chosen.max_depth,
            min_samples_leaf=max(MIN_LEAF_ROWS, round(chosen.min_leaf_fraction * rows_per_tree)),
            max_features=SPLIT_FRACTION,
            max_samples=rows_per_tree,
            n_jobs=TREE_JOBS,
            random_state=self.seed,
        )
