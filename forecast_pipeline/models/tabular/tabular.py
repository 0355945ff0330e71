"""The tabular forecaster: a conditional mean from scikit-learn, a distribution from its own residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.innovation import InnovationPool
from forecast_pipeline.models.tabular.parameters import ElasticNetParameters, ForestParameters, LinearParameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]

INNER_JOBS = 2


class Tabular:
    """Conditional mean plus residuals, all in units of the ex-ante scale.

    The mean is fitted on inner training rows. Residual rows of the purged validation
    rows are resampled jointly over horizons and added to it: they are out of sample,
    so they are as wide as the model's real errors.
    """

    family: ClassVar[str]

    def __init__(self, parameters: Configuration, seed: int) -> None:
        self.parameters = parameters
        self.seed = seed
        self.estimator: Any = None
        self.projection: Any = None
        self.pool = InnovationPool(np.zeros((1, 1)))

    @classmethod
    def from_parameters(cls, parameters: Configuration, seed: int) -> Self:
        """An unfitted forecaster."""
        return cls(parameters, seed)

    def fit(self, train: Rows, validation: Rows) -> None:
        """Fit the mean on ``train`` and keep the residuals of ``validation``."""
        if len(train) == 0 or len(validation) == 0:
            raise TrainingFailed(
                "train and validation rows must not be empty", was=f"{len(train)} and {len(validation)}"
            )
        self.projection = self._fit_projection(train.inputs)
        self.estimator = self._estimator(len(train))
        targets = train.scaled_increments
        self.estimator.fit(self._project(train.inputs), targets[:, 0] if targets.shape[1] == 1 else targets)
        if "n_jobs" in self.estimator.get_params():
            # Several threads add up trees in the order in which they finish: other last bits at every call.
            self.estimator.set_params(n_jobs=1)
        residuals = validation.scaled_increments - self._scaled_mean(validation)
        self.pool = InnovationPool.from_residuals(residuals, self.seed)

    def mean(self, rows: Rows) -> Floats:
        """Conditional mean of each increment, shape ``(B, K)``."""
        return self._scaled_mean(rows) * rows.scale

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Mean plus resampled residual rows, shape ``(S, B, K)``."""
        draws = self.pool.draw(rows.issued_at_us, n_samples)
        return (self._scaled_mean(rows)[None] + draws) * rows.scale

    def state(self) -> dict[str, object]:
        """Estimator, projection and residuals."""
        return {
            "parameters": self.parameters.model_dump(),
            "seed": self.seed,
            "estimator": self.estimator,
            "projection": self.projection,
            "pool": self.pool.rows,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted forecaster."""
        made = cls(cls._parameters(cast("dict[str, Any]", state["parameters"])), cast("int", state["seed"]))
        made.estimator, made.projection = state["estimator"], state["projection"]
        made.pool = InnovationPool(cast("Floats", state["pool"]))
        return made

    @classmethod
    def _parameters(cls, values: dict[str, Any]) -> Configuration:
        raise NotImplementedError

    def _estimator(self, n_rows: int) -> Any:  # noqa: ANN401 - scikit-learn has no common type
        raise NotImplementedError

    def _scaled_mean(self, rows: Rows) -> Floats:
        predicted = np.asarray(self.estimator.predict(self._project(rows.inputs)), dtype=np.float64)
        return predicted.reshape(len(rows), -1)

    def _fit_projection(self, inputs: Floats) -> Any:  # noqa: ANN401
        n_components = int(getattr(self.parameters, "pca_components", 0))
        if n_components == 0:
            return None
        if n_components > min(inputs.shape):
            raise TrainingFailed(
                f"pca_components must be at most {min(inputs.shape)} for inputs of shape {inputs.shape}",
                was=str(n_components),
            )
        from sklearn.decomposition import PCA

        # The full solver is deterministic and fixes the sign of each component.
        return PCA(n_components=n_components, svd_solver="full").fit(inputs)

    def _project(self, inputs: Floats) -> Floats:
        return inputs if self.projection is None else np.asarray(self.projection.transform(inputs))


class Ridge(Tabular):
    """Multi-output least squares with a quadratic penalty (Hoerl and Kennard 1970)."""

    family = "ridge"

    @classmethod
    def _parameters(cls, values: dict[str, Any]) -> LinearParameters:
        return LinearParameters.parse(values)

    def _estimator(self, n_rows: int) -> Any:  # noqa: ANN401
        from sklearn.linear_model import Ridge as Estimator

        del n_rows
        return Estimator(alpha=cast("LinearParameters", self.parameters).alpha, solver="cholesky")


class Lasso(Tabular):
    """Least squares with an absolute penalty, one problem a horizon (Tibshirani 1996)."""

    family = "lasso"

    @classmethod
    def _parameters(cls, values: dict[str, Any]) -> LinearParameters:
        return LinearParameters.parse(values)

    def _estimator(self, n_rows: int) -> Any:  # noqa: ANN401
        from sklearn.linear_model import Lasso as Estimator

        del n_rows
        return Estimator(
            alpha=cast("LinearParameters", self.parameters).alpha, max_iter=10_000, tol=1e-3, precompute=True
        )


class ElasticNet(Tabular):
    """Both penalties (Zou and Hastie 2005)."""

    family = "elastic_net"

    @classmethod
    def _parameters(cls, values: dict[str, Any]) -> ElasticNetParameters:
        return ElasticNetParameters.parse(values)

    def _estimator(self, n_rows: int) -> Any:  # noqa: ANN401
        from sklearn.linear_model import ElasticNet as Estimator

        del n_rows
        chosen = cast("ElasticNetParameters", self.parameters)
        return Estimator(alpha=chosen.alpha, l1_ratio=chosen.l1_ratio, max_iter=10_000, tol=1e-3, precompute=True)


class Forest(Tabular):
    """Random forest, all horizons in one tree (Breiman 2001); a third of the inputs tried at a split."""

    family = "forest"

    @classmethod
    def _parameters(cls, values: dict[str, Any]) -> ForestParameters:
        return ForestParameters.parse(values)

    def _estimator(self, n_rows: int) -> Any:  # noqa: ANN401
        from sklearn.ensemble import RandomForestRegressor

        chosen = cast("ForestParameters", self.parameters)
        rows_per_tree = min(n_rows, chosen.max_rows_per_tree)
        return RandomForestRegressor(
            n_estimators=chosen.n_estimators,
            max_depth=chosen.max_depth,
            min_samples_leaf=max(5, round(chosen.min_leaf_fraction * rows_per_tree)),
            max_features=1 / 3,
            max_samples=rows_per_tree,
            n_jobs=INNER_JOBS,
            random_state=self.seed,
        )
