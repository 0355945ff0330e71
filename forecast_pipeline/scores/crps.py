"""Continuous ranked probability score of samples (fair estimator), of their tails, and of a normal law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_VALUES_PER_BLOCK = 100_000  # 0.8 MB of doubles: the sorted copy stays in the cache


def crps_from_draws(draws: npt.ArrayLike, outcome: npt.ArrayLike, *, draws_axis: int = 0) -> Floats:
    """Fair CRPS of each row, lower is better, in the unit of the target.

    ``mean|x - y| - sum_i (2i - N - 1) x_(i) / (N (N - 1))`` with sorted draws ``x_(i)``:
    the *fair* estimator [1]_, unbiased for the CRPS of the distribution the draws came
    from. The plain estimator divides by N² and favours more draws. One draw scores as
    its absolute error. Single estimates may be slightly negative; their mean is not biased.

    Args:
        draws: Shape ``(S, B)``, or ``(B, S)`` with ``draws_axis=1``; need not be sorted.
        outcome: Shape ``(B,)``.
        draws_axis: Axis that counts the draws.

    Returns:
        Shape ``(B,)``; NaN in rows with a NaN among draws or outcome.

    Raises:
        ValueError: If the shapes do not fit or there are no draws.

    Example:
        >>> crps_from_draws([[0.0], [1.0], [3.0]], [1.0]).tolist()  # 1 - 6/6
        [0.0]

    .. [1] C. Ferro, *Quarterly Journal of the Royal Meteorological Society* 140, 2014.
    """
    by_row, observed = rows_of_draws(draws, outcome, draws_axis)
    n_draws = by_row.shape[1]
    scores = np.empty(observed.size)
    weights = 2.0 * np.arange(1, n_draws + 1) - n_draws - 1.0
    rows_per_block = max(1, _VALUES_PER_BLOCK // n_draws)
    for first in range(0, observed.size, rows_per_block):
        block = slice(first, first + rows_per_block)
        # Distances from the outcome keep the digits that prices near 1 would lose.
        distance = by_row[block] - observed[block, None]  # (b, S)
        score = np.abs(distance).mean(axis=1)
        if n_draws > 1:
            score -= np.sort(distance, axis=1) @ weights / (n_draws * (n_draws - 1))
        scores[block] = score
    return scores


def tail_crps(
    draws: npt.ArrayLike,
    outcome: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    tail: Literal["both", "left", "right"] = "both",
    draws_axis: int = 0,
) -> Floats:
    """Threshold-weighted fair CRPS: only what happens beyond the threshold counts.

    The CRPS of ``v(draws)`` and ``v(outcome)`` with the chaining function of the tail [1]_:
    ``z - clip(z, -t, t)`` for both, ``min(z, t)`` for the left, ``max(z, t)`` for the right one.
    Choosing only rows with extreme outcomes instead would reward forecasters of disaster.

    Args:
        draws: Shape ``(S, B)``, or ``(B, S)`` with ``draws_axis=1``.
        outcome: Shape ``(B,)``.
        threshold: A number or shape ``(B,)``, known when the forecast was issued; at least 0 for both tails.
        tail: Beyond ``±threshold``, below it, or above it.
        draws_axis: Axis that counts the draws.

    Returns:
        Shape ``(B,)``; NaN in rows with a NaN among draws, outcome or threshold.

    Raises:
        ValueError: If the shapes do not fit, there are no draws, or both tails have a negative threshold.

    Example:
        >>> tail_crps([[0.5], [-0.5]], [3.0], 2.0).tolist()  # only the outcome lies in a tail, by 1
        [1.0]

    .. [1] S. Allen, D. Ginsbourger, J. Ziegel, *SIAM/ASA Journal on Uncertainty Quantification* 11, 2023.
    """
    by_row, observed = rows_of_draws(draws, outcome, draws_axis)
    limit = np.broadcast_to(np.asarray(threshold, dtype=np.float64), observed.shape)
    if tail == "both" and np.any(limit < 0.0):
        raise ValueError(f"threshold of both tails must be at least 0, was {float(np.nanmin(limit))}")

    def chained(values: Floats, at: Floats) -> Floats:
        if tail == "both":
            return np.asarray(values - np.clip(values, -at, at))
        return np.minimum(values, at) if tail == "left" else np.maximum(values, at)

    scores = np.empty(observed.size)
    rows_per_block = max(1, _VALUES_PER_BLOCK // by_row.shape[1])
    for first in range(0, observed.size, rows_per_block):
        block = slice(first, first + rows_per_block)
        beyond = chained(by_row[block], limit[block, None])
        scores[block] = crps_from_draws(beyond, chained(observed[block], limit[block]), draws_axis=1)
    return scores


def gaussian_crps(mean: Floats, sd: Floats, outcome: Floats) -> Floats:
    """Exact CRPS of a normal forecast, the absolute error where its standard deviation is 0.

    ``s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))`` with ``z = (y - m) / s`` (Gneiting and Raftery 2007, eq. 21).

    Args:
        mean: Shape ``(B,)``.
        sd: Shape ``(B,)``, at least 0.
        outcome: Shape ``(B,)``.

    Returns:
        Shape ``(B,)``; NaN where an argument is, or where ``sd`` is negative.

    Example:
        >>> gaussian_crps(np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 2.0])).round(6).tolist()
        [0.233695, 2.0]
    """
    from scipy import special

    error = outcome - mean
    has_spread = sd > 0.0
    z = np.divide(error, sd, out=np.zeros_like(error), where=has_spread)
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    spread = sd * (z * (2.0 * special.ndtr(z) - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi))
    return np.where(has_spread, spread, np.where(sd == 0.0, np.abs(error), np.nan))


def rows_of_draws(draws: npt.ArrayLike, outcome: npt.ArrayLike, draws_axis: int) -> tuple[Floats, Floats]:
    """Draws as ``(B, S)`` and outcomes as ``(B,)``, in double precision.

    Raises:
        ValueError: If the shapes do not fit or there are no draws.

    Example:
        >>> rows_of_draws([[1, 2, 3]], [0, 0, 0], draws_axis=0)[0].shape
        (3, 1)
    """
    sampled, observed = np.asarray(draws, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if sampled.ndim != 2 or observed.ndim != 1 or draws_axis not in (0, 1):  # noqa: PLR2004 - (S, B)
        raise ValueError(f"draws must be (S, B) and outcome (B,), were {sampled.shape} and {observed.shape}")
    by_row = sampled.T if draws_axis == 0 else sampled
    if by_row.shape[0] != observed.size or by_row.shape[1] == 0:
        raise ValueError(
            f"draws must hold at least one draw for each of {observed.size} outcomes, "
            f"had shape {sampled.shape} with draws on axis {draws_axis}"
        )
    return by_row, observed
