"""The tabular forecaster: a conditional mean from one row of inputs, a distribution from its own residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.innovation import InnovationPool
from forecast_pipeline.models.mean_shrinkage import shrinkage

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.models.tabular.parameters import TabularParameters
    from forecast_pipeline.splits.arrays import Rows
    from forecast_pipeline.splits.moments import StandardisedRows

    Floats = npt.NDArray[np.float64]


class Tabular:
    """Conditional mean plus residuals, all in units of the ex-ante scale.

    The mean is fitted on inner training rows; where a family has candidates, the one with the smallest squared error
    on the purged validation rows is kept. It is then multiplied by its slope there. Residual rows of the validation
    rows are resampled jointly over horizons and added: they are out of sample, so they are as wide as the model's
    real errors.
    """

    parameters_class: ClassVar[type[TabularParameters]]

    def __init__(self, parameters: TabularParameters, seed: int) -> None:
        self.parameters = parameters
        self.seed = seed
        self.projection: Any = None
        self.slope = 1.0
        self.pool = InnovationPool(np.zeros((1, 1)))

    @classmethod
    def from_parameters(cls, parameters: Configuration, seed: int) -> Self:
        """An unfitted forecaster."""
        return cls(cast("TabularParameters", parameters), seed)

    def fit(self, train: Rows, validation: Rows) -> None:
        """Fit the mean on ``train``; choose, shrink and calibrate it on ``validation``."""
        if len(train) == 0 or len(validation) == 0:
            found = f"{len(train)} and {len(validation)}"
            raise TrainingFailed("train and validation rows must not be empty", was=found)
        if train.standardised.shape[1] == 0:
            raise TrainingFailed("at least one input must be left on the training rows", was="none")
        self.projection = self._fit_projection(train)
        mean = self._fit_mean(train, validation)
        wanted = validation.scaled_increments
        self.slope = shrinkage(mean, wanted) if self.parameters.shrinks_mean else 1.0
        self.pool = InnovationPool.from_residuals(wanted - self.slope * mean, self.seed)

    def mean(self, rows: Rows) -> Floats:
        """Conditional mean of each increment, shape ``(B, K)``."""
        return self._scaled_mean(rows) * rows.scale

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Mean plus resampled residual rows, shape ``(S, B, K)``."""
        draws = self.pool.draw(rows.issued_at_us, n_samples)
        return (self._scaled_mean(rows)[None] + draws) * rows.scale

    def state(self) -> dict[str, object]:
        """Settings, projection, slope and residuals."""
        return {
            "parameters": self.parameters.model_dump(),
            "seed": self.seed,
            "projection": self.projection,
            "slope": self.slope,
            "pool": self.pool.rows,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted forecaster."""
        parameters = cls.parameters_class.parse(cast("dict[str, Any]", state["parameters"]))
        made = cls(parameters, cast("int", state["seed"]))
        made.projection = state["projection"]
        made.slope = cast("float", state["slope"])
        made.pool = InnovationPool(cast("Floats", state["pool"]))
        return made

    def _fit_mean(self, train: Rows, validation: Rows) -> Floats:
        """Fit the conditional mean in units of the scale, and return that of the validation rows, ``(B, K)``."""
        raise NotImplementedError

    def _predict(self, rows: Rows) -> Floats:
        """Conditional mean in units of the scale before it is shrunk, shape ``(B, K)``."""
        raise NotImplementedError

    def _scaled_mean(self, rows: Rows) -> Floats:
        return self.slope * self._predict(rows)

    def _fit_projection(self, train: Rows) -> Any:  # noqa: ANN401 - scikit-learn has no types
        n_components, shape = self.parameters.pca_components, train.standardised.shape
        if n_components == 0:
            return None
        if n_components > min(shape):
            raise TrainingFailed(
                f"pca_components must be at most {min(shape)} for inputs of shape {shape}",
                was=str(n_components),
            )
        from sklearn.decomposition import PCA

        # The full solver is deterministic and fixes the sign of each component.
        return PCA(n_components=n_components, svd_solver="full").fit(train.inputs)

    def _inputs(self, rows: Rows) -> Floats | StandardisedRows:
        """Standardised inputs, or their components."""
        return rows.standardised if self.projection is None else np.asarray(self.projection.transform(rows.inputs))
