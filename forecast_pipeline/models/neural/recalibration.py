"""What is put right in the draws of a generator: norms of paths, then marginals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from forecast_pipeline.models.neural.knot_map import NO_MAP, KnotMap, maps_to_normal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recalibration:
    """Maps of drawn scores to scores with the law of the data.

    A shock of volatility that a path shares is little in each of its increments, and a generator finds half of it.
    The norm of the increments is therefore given the law that it has in the data, its tail included (the radial part
    of an elliptical copula), and then each marginal is made normal.

    Attributes:
        radius: Map of the norm of a path's increments.
        marginals: Maps to normal, a row a channel and one entry an increment; none before it is fitted.
    """

    radius: KnotMap = NO_MAP
    marginals: tuple[tuple[KnotMap, ...], ...] = ()

    @classmethod
    def fit(cls, drawn: Floats, scores: Floats, *, is_symmetric: bool) -> Self:
        """Learn the maps that give draws, shape ``(n, C, K)``, the norms of data, ``(m, C, K)``, and normal marginals.

        Args:
            drawn: Normal scores as the generator draws them over contexts of the data.
            scores: Normal scores of the data.
            is_symmetric: Whether maps of increments are odd.
        """
        radius = KnotMap.between(*(np.linalg.norm(each[:, 0], axis=1) for each in (drawn, scores)))
        stretched = cls(radius).apply(drawn)
        return cls(radius, maps_to_normal(stretched, is_symmetric=is_symmetric))

    def apply(self, drawn: Floats) -> Floats:
        """Recalibrated scores of shape ``(S, C, K)``."""
        made = drawn.copy()
        size = np.linalg.norm(drawn[:, 0], axis=1, keepdims=True)
        made[:, 0] *= np.divide(self.radius.apply(size), size, out=np.ones_like(size), where=size > 0.0)
        for channel, row in enumerate(self.marginals):
            for k, mapped in enumerate(row):
                made[:, channel, k] = mapped.apply(made[:, channel, k])
        return made

    def state(self) -> dict[str, object]:
        """Arrays to be stored."""
        marginals = [[mapped.state() for mapped in row] for row in self.marginals]
        return {"radius": self.radius.state(), "marginals": marginals}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The maps that `state` described."""
        rows = tuple(tuple(KnotMap.from_state(mapped) for mapped in row) for row in state["marginals"])
        return cls(KnotMap.from_state(state["radius"]), rows)
