"""What all baselines share: no settings, a mean of zero, a pool of innovations, and past returns where they filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

import numpy as np

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.innovation import InnovationPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import BarHistory, Rows

    Floats = npt.NDArray[np.float64]


class BaselineParameters(Configuration):
    """Baselines have nothing to set."""


class Driftless:
    """A pool of innovations and a mean of zero.

    Attributes:
        seed: Seed of the pool's order.
        pool: Innovations, joint over horizons.
        note: What a reader must know of this fit, for example that a fallback was taken; empty as a rule.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.pool = InnovationPool(np.zeros((1, 1)))
        self.note = ""

    @classmethod
    def from_parameters(cls, parameters: Configuration, seed: int) -> Self:
        """An unfitted baseline."""
        del parameters
        return cls(seed)

    def mean(self, rows: Rows) -> Floats:
        """Zero: the random walk is the toughest point forecast in FX (Rossi 2013)."""
        return np.zeros_like(rows.scale)

    def state(self) -> dict[str, object]:
        """Pool, seed and note."""
        return {"seed": self.seed, "pool": self.pool.rows, "note": self.note}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted baseline."""
        made = cls(cast("int", state["seed"]))
        made.pool = InnovationPool(cast("Floats", state["pool"]))
        made.note = cast("str", state["note"])
        return made


def all_increments(train: Rows, validation: Rows) -> Floats:
    """Increments of both segments, shape ``(n, K)``.

    Raises:
        TrainingFailed: If there is none.
    """
    increments = np.concatenate([train.increments, validation.increments])
    if increments.shape[0] == 0:
        raise TrainingFailed("at least one training row must have a known outcome", was="none")
    return increments


def history_of(rows: Rows) -> BarHistory:
    """Past returns of rows.

    Raises:
        TrainingFailed: If they were made without.
    """
    if rows.history is None:
        raise TrainingFailed(
            "rows must carry the past returns of their bars",
            was="none",
            do="take them from `Split.arrays` or `rows_of`",
        )
    return rows.history


def training_returns(train: Rows) -> Floats:
    """Deseasonalised returns of the bars from the first to the last training row, NaN where unknown.

    What the history holds after the last training row is cut off: it may be the future.

    Raises:
        TrainingFailed: If there is no training row.
    """
    if len(train) == 0:
        raise TrainingFailed("train rows must not be empty", was="none")
    history = history_of(train)
    return history.returns[int(history.bar.min()) : int(history.bar.max()) + 1]
