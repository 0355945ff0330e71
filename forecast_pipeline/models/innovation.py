"""A pool of joint innovations from which every residual-based family draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecast_pipeline.core.errors import TrainingFailed

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

# Steele, Lea and Flood's mixing step: neighbouring instants start at unrelated places of the pool.
_MULTIPLIER = np.uint64(11400714819323198485)


@dataclass(frozen=True, slots=True)
class InnovationPool:
    """Rows of standardised residuals, joint over horizons, in a fixed random order.

    Drawing walks through the pool from a start that depends on the decision instant
    only. So a forecast does not depend on the batch it is made in, and a pool no
    larger than the number of samples is used evenly, without Monte Carlo error.

    Attributes:
        rows: Shape ``(P, K)``.
    """

    rows: Floats
    _windows: dict[int, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def from_residuals(cls, residuals: Floats, seed: int) -> InnovationPool:
        """Centre residuals, shape ``(P, K)``, and shuffle their rows.

        Centred, because a drift measured on a short calibration window is noise.

        Raises:
            TrainingFailed: If there is no finite row.
        """
        finite = residuals[np.isfinite(residuals).all(axis=1)]
        if finite.shape[0] == 0:
            raise TrainingFailed("at least one calibration row must have a known outcome", was="none")
        order = np.random.default_rng(seed).permutation(finite.shape[0])
        return cls((finite - finite.mean(axis=0))[order])

    @classmethod
    def gaussian(cls, n_horizons: int, seed: int, size: int = 4096) -> InnovationPool:
        """Independent standard normals with antithetic pairs and exact unit variance."""
        half = np.random.default_rng(seed).standard_normal((size // 2, n_horizons))
        half /= np.sqrt(np.mean(np.square(half), axis=0))
        paired = np.concatenate([half, -half])
        return cls(paired[np.random.default_rng(seed + 1).permutation(paired.shape[0])])

    def draw(self, issued_at_us: npt.NDArray[np.int64], n_samples: int) -> Floats:
        """Innovations of each decision, shape ``(S, B, K)``."""
        size = self.rows.shape[0]
        mixed = (issued_at_us // 60_000_000).astype(np.uint64)
        for _ in range(2):  # one round leaves neighbouring decisions a constant distance apart
            mixed = (mixed ^ (mixed >> np.uint64(31))) * _MULTIPLIER
        start = (mixed >> np.uint64(32)).astype(np.int64) % size
        # Gathered as (K, B, S), in which the draws of one forecast lie side by side.
        return np.asarray(self._runs(n_samples)[:, start].transpose(2, 1, 0))

    def _runs(self, n_samples: int) -> Floats:
        """All runs of so many innovations, shape ``(K, P, S)``: a view of the pool, repeated past its end."""
        if n_samples not in self._windows:
            size, n_horizons = self.rows.shape
            repeated = np.resize(self.rows, (size + n_samples, n_horizons))
            self._windows[n_samples] = sliding_window_view(np.ascontiguousarray(repeated.T), n_samples, axis=1)
        return self._windows[n_samples]
