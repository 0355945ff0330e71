"""What is kept of every predictive distribution: quantiles, moments and scores of its draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.backtests.schema import QUANTILE_LEVELS, TAIL_SCALES

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]

# Draws held at once, 2 MB of doubles: every pass over them finds them in the cache.
DRAWS_AT_ONCE = 250_000
# Pairs of draws at most this far apart estimate the spread of paths: all decisions share one pool of innovations,
# so the error of neighbours alone would not average out.
FURTHEST_PAIR = 4


class Figures(NamedTuple):
    """Figures of ``B`` decisions over ``K`` horizons, as `schema.FORECASTS` explains them.

    All have shape ``(B, K)``, but for ``quantiles`` with ``(B, K, Q)`` and ``energy`` with ``(B,)``.
    """

    outcome: Floats
    scale: Floats
    mean: Floats
    quantiles: Floats
    crps: Floats
    pit: Floats
    sd: Floats
    crps_tails: Floats
    energy: Floats


def figures_of(forecaster: Forecaster, rows: Rows, uniforms: Floats, n_samples: int) -> Figures:
    """Draw the forecasts of rows with known outcomes, and keep their figures.

    Block by block; a row's figures do not depend on the block that it is in, but for the last bits in which products
    of matrices of other sizes differ.

    Args:
        forecaster: Fitted.
        rows: ``B`` decisions.
        uniforms: Shape ``(B, K)``, in ``[0, 1)``, for the randomised PIT.
        n_samples: Draws of a forecast.
    """
    n_at_once = max(DRAWS_AT_ONCE // (n_samples * uniforms.shape[1]), 1)
    blocks = [np.arange(first, min(first + n_at_once, len(rows))) for first in range(0, len(rows), n_at_once)]
    means = np.cumsum(forecaster.mean(rows), axis=1)
    parts = [_block(forecaster, rows.take(block), means[block], uniforms[block], n_samples) for block in blocks]
    return Figures(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _block(forecaster: Forecaster, rows: Rows, means: Floats, uniforms: Floats, n_samples: int) -> Figures:
    outcome = rows.outcomes
    scale = np.sqrt(np.cumsum(np.square(rows.scale), axis=1))
    # Axes turned to (K, B, S): draws of one forecast lie side by side. Families draw in that order already.
    draws = np.array(forecaster.sample(rows, n_samples).transpose(2, 1, 0), dtype=np.float64, order="C")
    for k in range(1, draws.shape[0]):
        draws[k] += draws[k - 1]
    # Distances from the outcome keep the digits that a large return would lose.
    draws -= outcome.T[:, :, None]
    scratch = np.empty_like(draws) if draws.shape[0] > 1 else np.empty((2, *draws.shape[1:]))
    sd = deviation(draws, draws.mean(axis=-1), scratch[: draws.shape[0]]).T
    energy = path_energy(draws, scratch[:2])
    draws.sort(axis=-1)
    threshold = TAIL_SCALES * scale.T[:, :, None]
    n_below = np.count_nonzero(draws < 0.0, axis=-1).T
    n_equal = np.count_nonzero(draws == 0.0, axis=-1).T
    return Figures(
        outcome=outcome,
        scale=scale,
        mean=means,
        quantiles=np.moveaxis(sorted_quantiles(draws, QUANTILE_LEVELS), 0, 1) + outcome[:, :, None],
        crps=fair_crps(draws).T,
        pit=(n_below + uniforms * (n_equal + 1)) / (n_samples + 1),
        sd=sd,
        crps_tails=fair_crps(beyond(draws, outcome.T[:, :, None], threshold)).T,
        energy=energy,
    )


def sorted_quantiles(draws: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of draws that are sorted along the last axis, linear between order statistics.

    The definition of `numpy.quantile` (type 7 of Hyndman and Fan 1996), without sorting again.

    Example:
        >>> sorted_quantiles(np.array([[1.0, 2.0, 4.0]]), (0.25, 0.5)).tolist()
        [[1.5, 2.0]]
    """
    position = np.asarray(levels) * (draws.shape[-1] - 1)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, draws.shape[-1] - 1)
    weight = position - below
    return np.asarray(draws[..., below] * (1 - weight) + draws[..., above] * weight)


def fair_crps(distances: Floats) -> Floats:
    """Fair CRPS from sorted distances ``draw - outcome`` along the last axis; see `scores.crps.crps_from_draws`.

    Example:
        >>> fair_crps(np.array([-1.0, 0.0, 2.0])).tolist()  # draws 0 1 3, outcome 1
        0.0
    """
    n_draws = distances.shape[-1]
    score = np.abs(distances).mean(axis=-1)
    if n_draws > 1:
        weights = 2.0 * np.arange(1, n_draws + 1) - n_draws - 1.0
        score -= np.vecdot(distances, weights) / (n_draws * (n_draws - 1))
    return np.asarray(score)


def beyond(distances: Floats, outcome: Floats, threshold: Floats) -> Floats:
    """Distances between what lies in the tails: ``v(draw) - v(outcome)`` with ``v(z) = z - clip(z, -t, t)``.

    The chaining function of both tails (Allen, Ginsbourger and Ziegel 2023); it never decreases, so sorted
    distances stay sorted.

    Args:
        distances: Shape ``(..., S)``, ``draw - outcome``.
        outcome: Shape ``(..., 1)``.
        threshold: Shape ``(..., 1)``, positive.

    Example:
        >>> beyond(np.array([-1.0, 2.5]), np.array([0.5]), np.array([1.0])).tolist()  # draws -0.5 and 3
        [0.0, 2.0]
    """
    tails = np.minimum(distances, threshold - outcome)
    np.maximum(tails, -threshold - outcome, out=tails)
    np.subtract(distances, tails, out=tails)  # v(draw)
    tails -= outcome - np.clip(outcome, -threshold, threshold)
    return np.asarray(tails)


def deviation(draws: Floats, centre: Floats, scratch: Floats | None = None) -> Floats:
    """Standard deviation of draws along the last axis (ddof 1), 0 for a single draw.

    Example:
        >>> deviation(np.array([[1.0, 3.0]]), np.array([2.0])).round(6).tolist()
        [1.414214]
    """
    apart = np.subtract(draws, centre[..., None], out=scratch)
    return np.asarray(np.sqrt(np.vecdot(apart, apart) / max(draws.shape[-1] - 1, 1)))


def path_energy(distances: Floats, scratch: Floats | None = None) -> Floats:
    """Energy score of paths from unsorted distances ``draw - outcome``, shape ``(K, B, S)`` to ``(B,)``.

    ``mean |x_i - y| - mean |x_i - x_j| / 2`` over pairs of draws at most `FURTHEST_PAIR` places apart: unbiased,
    because the order of draws is random (Gneiting and Raftery 2007, eq. 22; `scores.energy.energy_score`).

    Args:
        distances: Shape ``(K, B, S)``, contiguous.
        scratch: Shape ``(2, B, S)``, contiguous; written over.

    Example:
        >>> path_energy(np.array([[[0.0, 3.0]], [[0.0, 4.0]]])).tolist()  # (0 + 5) / 2 - 5 / 2
        [0.0]
    """
    n_rows, n_draws = distances.shape[1:]
    # Flat, so that memory is walked in one go; differences across two forecasts are left out of the sums.
    flat = distances.reshape(-1, n_rows * n_draws)
    squared, part = np.empty((2, n_rows * n_draws)) if scratch is None else scratch.reshape(2, -1)
    score = _lengths(flat, squared, part).reshape(n_rows, n_draws).mean(axis=-1)
    apart = range(1, min(FURTHEST_PAIR, n_draws - 1) + 1)
    spread = np.zeros(n_rows)
    for far in apart:
        lengths = _lengths(flat, squared, part, far)
        spread += lengths.reshape(n_rows, n_draws)[:, :-far].sum(axis=-1)
    if apart:
        score -= 0.5 * spread / sum(n_draws - far for far in apart)
    return np.asarray(score)


def _lengths(flat: Floats, squared: Floats, part: Floats, far: int = 0) -> Floats:
    """Root of the sum over ``K`` of squares, or of squared differences between places ``far`` apart, in ``squared``."""
    stop = squared.size - far
    for k, step in enumerate(flat):
        target = part if k else squared
        if far:
            np.subtract(step[far:], step[:stop], out=target[:stop])
            np.multiply(target[:stop], target[:stop], out=target[:stop])
        else:
            np.multiply(step, step, out=target)
        if k:
            squared[:stop] += part[:stop]
    np.sqrt(squared[:stop], out=squared[:stop])
    return squared
