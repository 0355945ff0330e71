"""A monotone map between a scaled outcome and a standard normal score: Student t as backbone, knots as correction."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from forecast_pipeline.models.neural.knot_map import KnotMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

LARGEST_SCORE = 7.5
MIN_DEGREES = 2.2
MAX_DEGREES = 200.0
MAX_FITTED = 20_000
_N_TABLE = 3001


@dataclass(frozen=True)
class MarginalMap:
    """Scores ``z`` of outcomes ``u``: ``z = knots(Phi^-1(T_nu(u / s)))``.

    The backbone keeps the tails those of a Student t, where data are few; the knots match the quantiles that the
    data have. A generator that gives standard normal scores then gives outcomes with the right marginals.

    Attributes:
        degrees: Degrees of freedom of the backbone.
        scale: Scale of the backbone.
        knots: From backbone scores to scores.
    """

    degrees: float
    scale: float
    knots: KnotMap

    @classmethod
    def fit(cls, outcomes: Floats, *, is_symmetric: bool) -> Self:
        """Match the quantiles of outcomes, shape ``(n,)``; those that are not finite are left out.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> mapped = MarginalMap.fit(rng.standard_t(4, 4000), is_symmetric=True)
            >>> bool(abs(np.std(mapped.scores(rng.standard_t(4, 4000))) - 1.0) < 0.05)
            True
        """
        finite = outcomes[np.isfinite(outcomes)]
        thinned = finite[:: max(finite.size // MAX_FITTED, 1)]
        degrees, scale = _fit_backbone(thinned)
        raw = _backbone_scores(finite, degrees, scale)
        return cls(degrees, scale, KnotMap.to_normal(raw, is_symmetric=is_symmetric))

    def scores(self, outcomes: Floats, rng: np.random.Generator | None = None) -> Floats:
        """Normal scores of outcomes, NaN where they are.

        Args:
            outcomes: Any shape.
            rng: Spreads exact zeros over the scores that they hold, where unchanged prices are frequent.
        """
        mapped = self.knots.apply(_backbone_scores(outcomes, self.degrees, self.scale))
        if rng is not None and self.knots.atom > 0.0:
            mapped = np.where(outcomes == 0.0, rng.uniform(-1.0, 1.0, mapped.shape) * self.knots.atom, mapped)
        return mapped

    def outcomes(self, scores: Floats) -> Floats:
        """Outcomes of normal scores, of any shape; the inverse of `scores` away from atoms."""
        return np.interp(scores, *self._table)

    @functools.cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Outcomes on a grid of scores so fine that lines between them err by less than draws can show."""
        from scipy.special import ndtr, stdtrit

        grid = np.linspace(-LARGEST_SCORE, LARGEST_SCORE, _N_TABLE)
        raw = self.knots.inverse.apply(grid)
        lower = np.maximum(ndtr(-np.abs(raw)), 1e-14)
        return grid, np.asarray(-np.sign(raw) * stdtrit(self.degrees, lower) * self.scale)

    def state(self) -> dict[str, object]:
        """Numbers and arrays to be stored."""
        return {"degrees": self.degrees, "scale": self.scale, "knots": self.knots.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The map that `state` described."""
        knots = KnotMap.from_state(cast("Mapping[str, object]", state["knots"]))
        return cls(cast("float", state["degrees"]), cast("float", state["scale"]), knots)


def _backbone_scores(outcomes: Floats, degrees: float, scale: float) -> Floats:
    from scipy.special import ndtri, stdtr

    lower = np.maximum(stdtr(degrees, -np.abs(outcomes) / scale), 1e-14)
    return np.asarray(-np.sign(outcomes) * ndtri(lower))


def _fit_backbone(values: Floats) -> tuple[float, float]:
    """Degrees of freedom and scale of a Student t about zero, by maximum likelihood."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    if values.size == 0 or not values.any():
        return MAX_DEGREES, 1.0
    root = float(np.sqrt(np.mean(np.square(values))))
    squared = np.square(values / root)

    def unpacked(point: Floats) -> tuple[float, float]:
        span = np.log(MAX_DEGREES - MIN_DEGREES)
        return MIN_DEGREES + float(np.exp(np.clip(point[0], -6.0, span))), float(np.exp(np.clip(point[1], -6.0, 3.0)))

    def loss(point: Floats) -> float:
        nu, scale = unpacked(point)
        width = nu * scale**2
        constant = gammaln(nu / 2) - gammaln((nu + 1) / 2) + 0.5 * np.log(width)
        return float(constant + 0.5 * (nu + 1) * np.mean(np.log1p(squared / width)))

    start = np.array([1.0, -0.2])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-8})
    degrees, scale = unpacked(found.x)
    return degrees, scale * root
