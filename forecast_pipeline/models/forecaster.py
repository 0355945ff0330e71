"""What every family does: fit the rows of a fold, then draw joint samples over the horizon grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]


class Forecaster(Protocol):
    """A family of forecasts.

    A fitted forecaster is a pure function of rows and seed: the samples of a row do
    not depend on the other rows it is asked with.
    """

    @classmethod
    def from_parameters(cls, parameters: Configuration, seed: int) -> Self:
        """An unfitted forecaster."""
        ...

    def fit(self, train: Rows, validation: Rows) -> None:
        """Learn from the inner training rows; calibrate on the validation rows.

        Both hold only rows whose increments are known, and no label of the first
        reaches into the second.

        Raises:
            TrainingFailed: If there is nothing to learn from.
        """
        ...

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Draw joint log-return increments, shape ``(S, B, K)``, without reading ``rows.increments``."""
        ...

    def mean(self, rows: Rows) -> Floats:
        """Predictive mean of each increment, shape ``(B, K)``."""
        ...

    def state(self) -> dict[str, object]:
        """What has to be stored: arrays, numbers, text and scikit-learn estimators."""
        ...

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted forecaster that `state` described."""
        ...


def cumulative(increments: Floats) -> Floats:
    """Log returns to each horizon from joint increments, along the last axis."""
    return np.cumsum(increments, axis=-1)
