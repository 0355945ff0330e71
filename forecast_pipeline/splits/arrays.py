"""The arrays that a forecaster sees: inputs, increments and scale of one segment of a fold.

Shapes: ``B`` rows, ``p`` inputs, ``K`` horizons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """One segment of a fold, without any price.

    Attributes:
        inputs: Shape ``(B, p)``, standardised features.
        increments: Shape ``(B, K)``, realised log return between neighbouring horizons; NaN where
            unknown. A forecaster reads them in `Forecaster.fit` only.
        scale: Shape ``(B, K)``, ex-ante standard deviation of each increment.
        issued_at_us: Shape ``(B,)``, decision instants in UTC microseconds.
    """

    inputs: Floats
    increments: Floats
    scale: Floats
    issued_at_us: npt.NDArray[np.int64]

    @property
    def scaled_increments(self) -> Floats:
        """Increments in units of their scale, shape ``(B, K)``."""
        return self.increments / self.scale

    @property
    def outcomes(self) -> Floats:
        """Log return from the decision to each horizon, shape ``(B, K)``."""
        return np.cumsum(self.increments, axis=1)

    def labelled(self) -> Rows:
        """The rows whose increments are all known."""
        known = np.isfinite(self.increments).all(axis=1)
        return self.take(np.flatnonzero(known))

    def take(self, positions: npt.NDArray[np.intp]) -> Rows:
        """The rows at ``positions``."""
        return Rows(
            self.inputs[positions], self.increments[positions], self.scale[positions], self.issued_at_us[positions]
        )

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.issued_at_us.size)


@dataclass(frozen=True, slots=True)
class FoldArrays:
    """The three segments of a fold, in the statistics of its training rows."""

    train: Rows
    validation: Rows
    test: Rows
