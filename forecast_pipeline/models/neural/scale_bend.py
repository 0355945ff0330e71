"""A bend of forecast deviations, where the squares that came say that large ones, or all, are over- or understated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

PRIOR_DEVIATION = 0.1
"""How far a slope may well lie from one."""
SQUARE_CAP = 30.0
"""Squared outcomes in forecast deviations are cut here: neither bend nor starting mixture is for one surprise."""
_LEAST_SQUARE = 1e-6


@dataclass(frozen=True)
class ScaleBend:
    """``log s' = log s + a + b x + c max(x - d, 0)`` with ``x = log s - m``, for each increment by itself.

    A mixture of past variances goes on rising where the market's variance has a ceiling, and a network trained for a
    few epochs leans too far. The gamma regression of squared outcomes is the Gaussian quasi-likelihood of variance
    (Bollerslev and Wooldridge 1992), so that large deviations are right on average whatever the tails. With slopes
    near zero a priori, and overlapping labels counted as one, little is bent where there is nothing to see. A bent
    deviation never falls where the other one rises.

    Attributes:
        centre: Shape ``(K,)``, ``m``, mean log deviation of the rows it was fitted to.
        spread: Shape ``(K,)``, ``d``, their standard deviation.
        coefficients: Shape ``(3, K)``: ``a``, ``b``, ``c``.
    """

    centre: Floats
    spread: Floats
    coefficients: Floats

    @classmethod
    def none(cls, n_horizons: int) -> Self:
        """The identity."""
        return cls(np.zeros(n_horizons), np.zeros(n_horizons), np.zeros((3, n_horizons)))

    @classmethod
    def fit(cls, deviation: Floats, outcome: Floats, horizons: tuple[int, ...]) -> Self:
        """Learn the bend.

        Args:
            deviation: Shape ``(B, K)``, forecast deviation of each increment, positive.
            outcome: Shape ``(B, K)``, increments, finite.
            horizons: Ends of the increments in slots.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> said = np.exp(rng.standard_normal((20_000, 1)))
            >>> came = 1.5 * said * rng.standard_normal(said.shape)
            >>> ScaleBend.fit(said, came, (1,)).apply(np.array([[1.0], [2.0]])).round(1).tolist()
            [[1.5], [3.0]]
        """
        from sklearn.linear_model import GammaRegressor

        made = cls(np.log(deviation).mean(axis=0), np.log(deviation).std(axis=0), np.zeros((3, len(horizons))))
        inputs = made._inputs(deviation)
        squares = np.clip(np.square(outcome / deviation), _LEAST_SQUARE, SQUARE_CAP)
        for k, width in enumerate(np.diff([0, *horizons])):
            if squares[:, k].max() <= _LEAST_SQUARE:  # a price that never moved says nothing
                continue
            # The regression is of variances, whose logarithm has twice the slopes.
            weight = 1.0 / (2.0 * max(len(squares) / width, 1.0) * PRIOR_DEVIATION**2)
            found = GammaRegressor(alpha=weight, solver="newton-cholesky", tol=1e-8).fit(
                inputs[..., k].T, squares[:, k]
            )
            slope = max(0.5 * found.coef_[0], -1.0)
            made.coefficients[:, k] = 0.5 * found.intercept_, slope, max(0.5 * found.coef_[1], -1.0 - slope)
        return made

    def apply(self, deviation: Floats) -> Floats:
        """Bent deviations, shape ``(..., K)``."""
        level, slope, bend = self.coefficients
        above, beyond = self._inputs(deviation)
        return np.asarray(deviation * np.exp(level + slope * above + bend * beyond))

    def _inputs(self, deviation: Floats) -> Floats:
        """Distance of the log deviation from its mean, and how far it lies above one spread, ``(2, ..., K)``."""
        above = np.log(deviation) - self.centre
        return np.stack([above, np.maximum(above - self.spread, 0.0)])
