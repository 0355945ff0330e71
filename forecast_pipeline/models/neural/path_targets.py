"""What a generator learns: normal scores of scaled increments and of how far paths strayed inside each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self, cast

import numpy as np

from forecast_pipeline.models.neural.marginal_map import MarginalMap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


_LEAST_LOG = 1e-6
_SCORES_OF_ZERO = (-6.0, -5.0)


class ScaledPaths(NamedTuple):
    """Paths in units of their forecast deviation.

    Attributes:
        increments: Shape ``(..., K)``.
        above: Shape ``(..., K)``, how far the path went above the higher end of an increment, at least 0; None where
            bars have closes only.
        below: Shape ``(..., K)``, the same below the lower end.
    """

    increments: Floats
    above: Floats | None = None
    below: Floats | None = None


def excursions(increments: Floats, extremes: Floats | None) -> tuple[Floats, Floats] | None:
    """How far paths strayed beyond both ends of their increments, two of shape ``(B, K)``; None if that says nothing.

    Example:
        >>> above, below = excursions(np.array([[1.0]]), np.array([[[1.5, -0.25]]]))
        >>> above.tolist(), below.tolist()
        ([[0.5]], [[0.25]])
    """
    if extremes is None:
        return None
    above = extremes[..., 0] - np.maximum(increments, 0.0)
    below = np.minimum(increments, 0.0) - extremes[..., 1]
    above, below = np.maximum(above, 0.0), np.maximum(below, 0.0)
    return (above, below) if np.nansum(above) + np.nansum(below) > 0.0 else None


@dataclass(frozen=True)
class PathTargets:
    """Marginal maps of every channel and increment.

    Excursions are mapped by what a Brownian bridge between the same ends would say of them (`bridge_scores`): the
    further a path went, the less it strays beyond its ends, and a generator need not learn that.

    Attributes:
        maps: One row a channel (increment, above, below), one entry an increment.
        is_symmetric: Whether a path and its mirror image are taken as equally likely.
    """

    maps: tuple[tuple[MarginalMap, ...], ...]
    is_symmetric: bool

    @classmethod
    def fit(cls, paths: ScaledPaths, *, is_symmetric: bool) -> Self:
        """Learn the maps from paths of shape ``(B, K)``."""
        increments = tuple(MarginalMap.fit(u, is_symmetric=is_symmetric) for u in paths.increments.T)
        if paths.above is None or paths.below is None:
            return cls((increments,), is_symmetric)
        sides: Sequence[Floats] = (paths.above, paths.below)
        if is_symmetric:
            sides = (np.concatenate([paths.above, paths.below]),)
        rng = np.random.default_rng(0)
        ends = np.concatenate([paths.increments] * (3 - len(sides)))
        strays = [
            tuple(
                MarginalMap.fit(bridge_scores(side[:, k], ends[:, k], rng), is_symmetric=False)
                for k in range(side.shape[1])
            )
            for side in sides
        ]
        return cls((increments, strays[0], strays[-1]), is_symmetric)

    @property
    def n_channels(self) -> int:
        """One, or three with excursions."""
        return len(self.maps)

    @property
    def n_horizons(self) -> int:
        """Number of increments ``K``."""
        return len(self.maps[0])

    def scores(self, paths: ScaledPaths, rng: np.random.Generator) -> Floats:
        """Normal scores of paths of shape ``(B, K)``, shape ``(B, C, K)``."""
        made = np.empty((paths.increments.shape[0], self.n_channels, self.n_horizons))
        for k in range(self.n_horizons):
            made[:, 0, k] = self.maps[0][k].scores(paths.increments[:, k], rng)
            for channel, side in enumerate((paths.above, paths.below)[: self.n_channels - 1], start=1):
                raw = bridge_scores(cast("Floats", side)[:, k], paths.increments[:, k], rng)
                made[:, channel, k] = self.maps[channel][k].scores(raw)
        return made

    def paths(self, scores: Floats) -> ScaledPaths:
        """Paths of normal scores of shape ``(..., C, K)``."""
        columns = [
            np.stack([mapped.outcomes(scores[..., c, k]) for k, mapped in enumerate(row)], axis=-1)
            for c, row in enumerate(self.maps)
        ]
        if len(columns) == 1:
            return ScaledPaths(columns[0])
        above, below = (bridge_excursions(each, columns[0]) for each in columns[1:])
        return ScaledPaths(columns[0], above, below)

    def state(self) -> dict[str, object]:
        """Numbers and arrays to be stored."""
        return {"is_symmetric": self.is_symmetric, "maps": [[mapped.state() for mapped in row] for row in self.maps]}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The maps that `state` described."""
        rows = cast("list[list[dict[str, object]]]", state["maps"])
        maps = tuple(tuple(MarginalMap.from_state(each) for each in row) for row in rows)
        return cls(maps, cast("bool", state["is_symmetric"]))


def bridge_scores(strays: Floats, increments: Floats, rng: np.random.Generator) -> Floats:
    """Normal scores of excursions under a Brownian bridge of unit variance with the same ends.

    A bridge that ends at ``x`` goes more than ``a`` beyond its higher end with probability ``exp(-2 a (a + |x|))``
    (Karatzas and Shreve 1991, section 4.3). Excursions of 0, as where a bar closes at its high, are spread below all
    others.

    Args:
        strays: Shape ``(n,)``, at least 0.
        increments: Shape ``(n,)``.
        rng: Spreads zeros.
    """
    from scipy.special import ndtri_exp

    log_beyond = -2.0 * strays * (strays + np.abs(increments))
    with np.errstate(divide="ignore"):
        scores = -ndtri_exp(np.minimum(log_beyond, -_LEAST_LOG))
    return np.where(strays > 0.0, scores, rng.uniform(*_SCORES_OF_ZERO, strays.shape))


def bridge_excursions(scores: Floats, increments: Floats) -> Floats:
    """Excursions with these scores; the inverse of `bridge_scores` where they are above 0.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> scores = bridge_scores(np.array([0.3, 2.0]), np.array([-1.0, 0.5]), rng)
        >>> bridge_excursions(scores, np.array([-1.0, 0.5])).round(9).tolist()
        [0.3, 2.0]
    """
    from scipy.special import log_ndtr

    size = np.abs(increments)
    return np.asarray(0.5 * (np.sqrt(np.square(size) - 2.0 * log_ndtr(-scores)) - size))


def mirrored(scores: Floats) -> Floats:
    """Scores of the mirror images of paths, shape ``(..., C, K)``: other signs, and above and below exchanged.

    Example:
        >>> mirrored(np.array([[[1.0], [2.0], [3.0]]]))[0, :, 0].tolist()
        [-1.0, 3.0, 2.0]
    """
    flipped = scores.copy()
    flipped[..., 0, :] *= -1.0
    if scores.shape[-2] > 1:
        flipped[..., 1, :], flipped[..., 2, :] = scores[..., 2, :], scores[..., 1, :]
    return flipped
