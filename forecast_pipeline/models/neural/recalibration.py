"""What is put right in the draws of a generator: norms of paths and marginals, by turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from forecast_pipeline.models.neural.knot_map import KnotMap, maps_to_normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


N_ROUNDS = 3
"""Marginals that are put right change norms again, and each round half as much as the one before."""


@dataclass(frozen=True)
class Round:
    """Norms of paths, then marginals.

    Attributes:
        radius: Map of the norm of a path's increments.
        marginals: Maps to normal, a row a channel and one entry an increment.
    """

    radius: KnotMap
    marginals: tuple[tuple[KnotMap, ...], ...]

    @classmethod
    def fit(cls, drawn: Floats, scores: Floats, *, is_symmetric: bool) -> Self:
        """Learn the maps; arguments as of `Recalibration.fit`."""
        radius = KnotMap.between(*(np.linalg.norm(each[:, 0], axis=1) for each in (drawn, scores)))
        stretched = cls(radius, ()).apply(drawn)
        return cls(radius, maps_to_normal(stretched, is_symmetric=is_symmetric))

    def apply(self, drawn: Floats) -> Floats:
        """Mapped scores of shape ``(S, C, K)``."""
        made = drawn.copy()
        size = np.linalg.norm(drawn[:, 0], axis=1, keepdims=True)
        made[:, 0] *= np.divide(self.radius.apply(size), size, out=np.ones_like(size), where=size > 0.0)
        for channel, row in enumerate(self.marginals):
            for k, mapped in enumerate(row):
                made[:, channel, k] = mapped.apply(made[:, channel, k])
        return made


@dataclass(frozen=True)
class Recalibration:
    """Maps of drawn scores to scores with the law of the data, in rounds.

    A shock of volatility that a path shares is little in each of its increments, and a generator finds half of it.
    The norm of the increments is therefore given the law that it has in the data (the radial part of an elliptical
    copula), then each marginal is made normal, and so on by turns, as in iterative proportional fitting.

    Attributes:
        rounds: One after the other; none before it is fitted.
    """

    rounds: tuple[Round, ...] = ()

    @classmethod
    def fit(cls, drawn: Floats, scores: Floats, *, is_symmetric: bool) -> Self:
        """Learn the maps that give draws, shape ``(n, C, K)``, the norms of data, ``(m, C, K)``, and normal marginals.

        Args:
            drawn: Normal scores as the generator draws them over contexts of the data.
            scores: Normal scores of the data.
            is_symmetric: Whether maps of increments are odd.
        """
        rounds: list[Round] = []
        for _ in range(N_ROUNDS):
            rounds.append(Round.fit(drawn, scores, is_symmetric=is_symmetric))
            drawn = rounds[-1].apply(drawn)
        return cls(tuple(rounds))

    def apply(self, drawn: Floats) -> Floats:
        """Recalibrated scores of shape ``(S, C, K)``."""
        for each in self.rounds:
            drawn = each.apply(drawn)
        return drawn

    def state(self) -> list[dict[str, object]]:
        """Arrays to be stored, by round."""
        return [
            {
                "radius": each.radius.state(),
                "marginals": [[mapped.state() for mapped in row] for row in each.marginals],
            }
            for each in self.rounds
        ]

    @classmethod
    def from_state(cls, state: Sequence[Mapping[str, Any]]) -> Self:
        """The maps that `state` described."""
        return cls(
            tuple(
                Round(
                    KnotMap(**each["radius"]),
                    tuple(tuple(KnotMap(**mapped) for mapped in row) for row in each["marginals"]),
                )
                for each in state
            )
        )
