"""Joint paths of any family: increments with how far the price went inside each, by Brownian bridge where untold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from forecast_pipeline.models.neural.seeds import decision_noise

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]

N_PIECES = 4
"""Pieces of a bridge: the highest and the lowest price of a piece are drawn independently, each from its exact law."""
BRIDGE_STREAM = 2
"""Number of the noise of bridges, so that it is not that of the draws."""


class PathDraws(NamedTuple):
    """Joint draws of paths, each of shape ``(S, B, K)``.

    Attributes:
        increments: Log return of each increment.
        highest: Highest log price inside each increment relative to its start, at least 0 and the increment.
        lowest: Lowest log price inside each increment relative to its start, at most 0 and the increment.
    """

    increments: Floats
    highest: Floats
    lowest: Floats

    def of_row(self, row: int) -> PathDraws:
        """Paths of one decision, shape ``(S, K)``."""
        return PathDraws(*(each[:, row] for each in self))

    def of_draw(self, draw: int) -> PathDraws:
        """One draw of every decision, shape ``(B, K)``."""
        return PathDraws(*(each[draw] for each in self))

    @property
    def has_strays(self) -> bool:
        """Whether any path strayed beyond the ends of an increment; it has not if only ends are known."""
        increments, highest, lowest = self
        return bool((highest > np.maximum(increments, 0.0)).any() or (lowest < np.minimum(increments, 0.0)).any())


def path_draws(forecaster: Forecaster, rows: Rows, n_samples: int) -> PathDraws:
    """Draws of paths over the horizon grid, shape ``(S, B, K)``, from any family.

    A family that draws extremes itself (``sample_paths``) is asked for them. For the others the price inside an
    increment is a Brownian bridge between the two ends that the family drew, see `fine_path_draws`.

    Args:
        forecaster: Fitted.
        rows: ``B`` decisions.
        n_samples: Draws of a decision ``S``.

    Example:
        >>> from forecast_pipeline.models.baselines.unconditional import RandomWalk
        >>> from forecast_pipeline.splits.arrays import Rows
        >>> rows = Rows(np.zeros((9, 0)), np.ones((9, 2)), np.ones((9, 2)), np.arange(9) * 60_000_000)
        >>> walk = RandomWalk(1)
        >>> walk.fit(rows, rows)
        >>> drawn = path_draws(walk, rows, 5)
        >>> drawn.highest.shape, bool((drawn.highest >= np.maximum(drawn.increments, 0.0)).all())
        ((5, 9, 2), True)
    """
    fine, n_pieces = fine_path_draws(forecaster, rows, n_samples)
    return joined(fine, n_pieces)


def fine_path_draws(forecaster: Forecaster, rows: Rows, n_samples: int) -> tuple[PathDraws, int]:
    """The same on the finest grid that is known: paths of shape ``(S, B, K P)`` and the pieces ``P`` of an increment.

    Where the family draws extremes, ``P = 1``. Else each increment is cut into `N_PIECES` of equal variance by a
    Brownian bridge whose variance is the mean square of the decision's draws of that increment. Given both ends that
    is exact for Brownian motion: ``P(highest > b) = exp(-2 b (b - x) / s^2)`` for ``b >= max(0, x)``. Fat tails and a
    clock inside the increment are not in it. The noise is a function of the forecaster's seed and of the decision's
    instant, so that a row's paths are the same in any batch.
    """
    own = getattr(forecaster, "sample_paths", None)
    if own is not None:
        drawn = PathDraws(*own(rows, n_samples))
        if drawn.has_strays:
            return drawn, 1
        increments = drawn.increments  # trained on closes only
    else:
        increments = forecaster.sample(rows, n_samples)
    deviation = np.sqrt(np.mean(np.square(increments), axis=0))
    n_rows, n_horizons = deviation.shape
    made = np.empty((3, n_samples, n_rows, n_horizons * N_PIECES))
    seed = cast("int", getattr(forecaster, "seed", 0))
    for row, issued_at_us in enumerate(rows.issued_at_us.tolist()):
        noise = decision_noise(seed, issued_at_us, stream=BRIDGE_STREAM)
        shares = np.full((n_horizons, N_PIECES), 1.0 / N_PIECES)
        pieces = bridge_pieces(increments[:, row], deviation[row], shares, noise)
        sides = bridge_extremes(pieces, deviation[row][:, None] * np.sqrt(shares), noise)
        made[:, :, row] = np.stack([pieces, *sides]).reshape(3, n_samples, -1)
    return PathDraws(*made), N_PIECES


def joined(fine: PathDraws, n_pieces: int) -> PathDraws:
    """Runs of ``n_pieces`` increments as one, along the last axis.

    Example:
        >>> fine = PathDraws(np.array([[1.0, -2.0]]), np.array([[1.5, 0.0]]), np.array([[0.0, -2.5]]))
        >>> [each.tolist() for each in joined(fine, 2)]
        [[[-1.0]], [[1.5]], [[-1.5]]]
    """
    if n_pieces == 1:
        return fine
    increments, highest, lowest = (each.reshape(*each.shape[:-1], -1, n_pieces) for each in fine)
    start = np.cumsum(increments, axis=-1) - increments
    return PathDraws(increments.sum(axis=-1), (start + highest).max(axis=-1), (start + lowest).min(axis=-1))


def bridge_pieces(increments: Floats, deviation: Floats, shares: Floats, noise: np.random.Generator) -> Floats:
    """Cut increments into pieces by a Brownian bridge between their ends; pieces add up to the increment.

    Args:
        increments: Shape ``(..., K)``.
        deviation: Standard deviation of the increments, of a shape that fits.
        shares: Share of the variance of each piece, shape ``(..., K, P)``, adding up to 1.
        noise: Where it comes from.

    Returns:
        Shape ``(..., K, P)``.

    Example:
        >>> shares, noise = np.full((1, 4), 0.25), np.random.default_rng(0)
        >>> bridge_pieces(np.array([[3.0]]), np.array([1.0]), shares, noise).sum(axis=-1).round(12).tolist()
        [[3.0]]
    """
    shape = (*increments.shape, shares.shape[-1])
    free = np.sqrt(shares) * noise.standard_normal(shape) * np.asarray(deviation)[..., None]
    return np.asarray(free + shares * (increments - free.sum(axis=-1))[..., None])


def bridge_extremes(increments: Floats, deviation: Floats, noise: np.random.Generator) -> tuple[Floats, Floats]:
    """Highest and lowest value of Brownian bridges from 0 to each increment, drawn independently of each other.

    ``(x + sqrt(x^2 + 2 s^2 E)) / 2`` with ``E`` exponential has the law of the maximum (Glasserman 2003, *Monte Carlo
    methods in financial engineering*, section 6.4).

    Args:
        increments: Any shape.
        deviation: Standard deviation of Brownian motion over each increment, of a shape that fits.
        noise: Where it comes from.

    Example:
        >>> high, low = bridge_extremes(np.zeros(100_000), np.ones(1), np.random.default_rng(0))
        >>> bool(abs((high > 0.5).mean() - np.exp(-2 * 0.5**2)) < 0.01)
        True
    """
    reach = 2.0 * np.square(deviation) * noise.standard_exponential((2, *increments.shape))
    above, below = np.sqrt(np.square(increments) + reach)
    # Rounding may not take an extreme inside its ends.
    highest = np.maximum((increments + above) / 2.0, np.maximum(increments, 0.0))
    return highest, np.minimum((increments - below) / 2.0, np.minimum(increments, 0.0))
