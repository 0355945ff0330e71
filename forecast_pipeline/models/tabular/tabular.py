"""The tabular forecaster: a conditional mean from scikit-learn, a distribution from its own residuals."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.innovation import InnovationPool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.models.tabular.parameters import TabularParameters
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]


class Tabular:
    """Conditional mean plus residuals, all in units of the ex-ante scale.

    Each candidate estimator is fitted on inner training rows; the one with the
    smallest squared error on the purged validation rows is kept, and its mean is
    multiplied by its slope there. Residual rows of the validation rows are resampled
    jointly over horizons and added: they are out of sample, so they are as wide as
    the model's real errors.
    """

    parameters_class: ClassVar[type[TabularParameters]]

    def __init__(self, parameters: TabularParameters, seed: int) -> None:
        self.parameters = parameters
        self.seed = seed
        self.estimator: Any = None
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
        from sklearn.exceptions import ConvergenceWarning

        self.projection = self._fit_projection(train.inputs)
        inputs, targets = self._project(train.inputs), train.scaled_increments
        if targets.shape[1] == 1:
            targets = targets[:, 0]  # what scikit-learn wants of a single target
        wanted = validation.scaled_increments
        best = np.inf
        for candidate in self._candidates(len(train)):
            with warnings.catch_warnings():
                # Coordinate descent stops early at weak penalties; validation judges what it reached.
                warnings.simplefilter("ignore", ConvergenceWarning)
                candidate.fit(inputs, targets)
            if hasattr(candidate, "n_jobs"):
                candidate.n_jobs = 1  # trees that vote in parallel are summed in any order: not the same bytes
            error = float(np.mean(np.square(wanted - self._predict(candidate, validation))))
            if error < best:
                best, self.estimator = error, candidate
        if self.estimator is None:
            raise TrainingFailed("validation error must be a number", was="nan for every candidate")
        mean = self._predict(self.estimator, validation)
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
        """Estimator, projection, slope and residuals."""
        return {
            "parameters": self.parameters.model_dump(),
            "seed": self.seed,
            "estimator": self.estimator,
            "projection": self.projection,
            "slope": self.slope,
            "pool": self.pool.rows,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted forecaster."""
        parameters = cls.parameters_class.parse(cast("dict[str, Any]", state["parameters"]))
        made = cls(parameters, cast("int", state["seed"]))
        made.estimator, made.projection = state["estimator"], state["projection"]
        made.slope = cast("float", state["slope"])
        made.pool = InnovationPool(cast("Floats", state["pool"]))
        return made

    def _candidates(self, n_rows: int) -> Iterator[Any]:
        """Unfitted estimators, the least likely to fit noise first: it wins a tie."""
        raise NotImplementedError

    def _scaled_mean(self, rows: Rows) -> Floats:
        return self.slope * self._predict(self.estimator, rows)

    def _predict(self, estimator: Any, rows: Rows) -> Floats:  # noqa: ANN401 - scikit-learn has no common type
        predicted = np.asarray(estimator.predict(self._project(rows.inputs)), dtype=np.float64)
        return predicted.reshape(len(rows), -1)

    def _fit_projection(self, inputs: Floats) -> Any:  # noqa: ANN401
        n_components = self.parameters.pca_components
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


def shrinkage(mean: Floats, outcome: Floats) -> float:
    """Slope of outcomes on predicted means through the origin, cut to [0, 1].

    The best linear use of a forecast (Mincer and Zarnowitz 1969, without intercept).

    Example:
        >>> shrinkage(np.array([[1.0], [-1.0]]), np.array([[0.5], [-0.5]]))
        0.5
    """
    power = float(np.sum(np.square(mean)))
    return float(np.clip(np.sum(mean * outcome) / power, 0.0, 1.0)) if power > 0.0 else 0.0
