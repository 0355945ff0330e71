"""The four tabular families: how each one fits the conditional mean.

The linear ones have no intercept: inputs are centred on training rows, so it would be
the drift of the training window, and a drift measured on months is noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.tabular.parameters import (
    ElasticNetParameters,
    ForestParameters,
    LassoParameters,
    LinearParameters,
)
from forecast_pipeline.models.tabular.paths import penalised_path, ridge_path
from forecast_pipeline.models.tabular.tabular import Tabular
from forecast_pipeline.splits.moments import normal_equations

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import Rows
    from forecast_pipeline.splits.moments import NormalEquations

    Floats = npt.NDArray[np.float64]

TREE_JOBS = 2
MIN_LEAF_ROWS = 5
SPLIT_FRACTION = 1 / 3


def penalties(parameters: LinearParameters) -> list[float]:
    """Penalties to try, the strongest first: it wins a tie.

    Example:
        >>> penalties(LinearParameters(alpha=0.5, n_penalties=3, penalty_span=100.0))
        [50.0, 5.0, 0.5]
    """
    factors = np.geomspace(1.0, parameters.penalty_span, parameters.n_penalties)
    return [float(parameters.alpha * factor) for factor in factors[::-1]]


class Linear(Tabular):
    """Weights from the normal equations of the training rows, for every penalty at once.

    In a walk-forward the inputs bring their Gram matrix along (`splits.moments`); it is that of a plain refit.

    Attributes:
        weights: Shape ``(p, K)``.
        penalty: The one that was chosen.
    """

    def __init__(self, parameters: LinearParameters, seed: int) -> None:
        super().__init__(parameters, seed)
        self.weights = np.zeros((0, 0))
        self.penalty = np.nan

    def state(self) -> dict[str, object]:
        """Weights and penalty besides what all have."""
        return {**super().state(), "weights": self.weights, "penalty": self.penalty}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted forecaster."""
        made = super().from_state(state)
        made.weights, made.penalty = cast("Floats", state["weights"]), cast("float", state["penalty"])
        return made

    def _path(self, equations: NormalEquations, tried: list[float], squares: Floats, n_rows: int) -> Floats:
        """Weights for every penalty, shape ``(A, p, K)``.

        Args:
            equations: Of the training rows.
            tried: ``A`` penalties, the strongest first.
            squares: Shape ``(K,)``, sums of squared targets.
            n_rows: Training rows.
        """
        raise NotImplementedError

    def _fit_mean(self, train: Rows, validation: Rows) -> Floats:
        targets, wanted = train.scaled_increments, validation.scaled_increments
        tried = penalties(cast("LinearParameters", self.parameters))
        equations = normal_equations(self._inputs(train), targets)
        path = self._path(equations, tried, np.sum(np.square(targets), axis=0), len(train))
        side_by_side = path.transpose(1, 0, 2).reshape(path.shape[1], -1)
        means = (self._inputs(validation) @ side_by_side).reshape(len(validation), *path.shape[::2])
        errors = np.mean(np.square(wanted[:, None, :] - means), axis=(0, 2))
        if not np.isfinite(errors).any():
            raise TrainingFailed("validation error must be a number", was="nan for every penalty")
        best = int(np.nanargmin(errors))
        self.weights, self.penalty = path[best], tried[best]
        return np.ascontiguousarray(means[:, best])

    def _predict(self, rows: Rows) -> Floats:
        return np.asarray(self._inputs(rows) @ self.weights)


class Ridge(Linear):
    """Multi-output least squares with a quadratic penalty (Hoerl and Kennard 1970)."""

    parameters_class = LinearParameters

    def _path(self, equations: NormalEquations, tried: list[float], squares: Floats, n_rows: int) -> Floats:
        del squares, n_rows
        return ridge_path(equations, tried)


class Lasso(Linear):
    """Least squares with an absolute penalty, one problem a horizon (Tibshirani 1996)."""

    parameters_class = LassoParameters

    def _path(self, equations: NormalEquations, tried: list[float], squares: Floats, n_rows: int) -> Floats:
        return penalised_path(equations, tried, squares, n_rows, l1_ratio=1.0)


class ElasticNet(Linear):
    """Both penalties (Zou and Hastie 2005)."""

    parameters_class = ElasticNetParameters

    def _path(self, equations: NormalEquations, tried: list[float], squares: Floats, n_rows: int) -> Floats:
        l1_ratio = cast("ElasticNetParameters", self.parameters).l1_ratio
        return penalised_path(equations, tried, squares, n_rows, l1_ratio)


class Forest(Tabular):
    """Random forest, all horizons in one tree (Breiman 2001); a third of the inputs tried at a split."""

    parameters_class = ForestParameters

    def __init__(self, parameters: ForestParameters, seed: int) -> None:
        super().__init__(parameters, seed)
        self.estimator: Any = None

    def state(self) -> dict[str, object]:
        """The estimator besides what all have."""
        return {**super().state(), "estimator": self.estimator}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted forecaster."""
        made = super().from_state(state)
        made.estimator = state["estimator"]
        return made

    def _fit_mean(self, train: Rows, validation: Rows) -> Floats:
        from sklearn.ensemble import RandomForestRegressor

        chosen = cast("ForestParameters", self.parameters)
        rows_per_tree = min(len(train), chosen.max_rows_per_tree)
        targets = train.scaled_increments
        self.estimator = RandomForestRegressor(
            n_estimators=chosen.n_estimators,
            max_depth=chosen.max_depth,
            min_samples_leaf=max(MIN_LEAF_ROWS, round(chosen.min_leaf_fraction * rows_per_tree)),
            max_features=SPLIT_FRACTION,
            max_samples=rows_per_tree,
            n_jobs=TREE_JOBS,
            random_state=self.seed,
        )
        # scikit-learn wants a single target without its second axis.
        self.estimator.fit(np.asarray(self._inputs(train)), targets[:, 0] if targets.shape[1] == 1 else targets)
        self.estimator.n_jobs = 1  # trees that vote in parallel are summed in any order: not the same bytes
        return self._predict(validation)

    def _predict(self, rows: Rows) -> Floats:
        predicted = np.asarray(self.estimator.predict(np.asarray(self._inputs(rows))), dtype=np.float64)
        return predicted.reshape(len(rows), -1)
