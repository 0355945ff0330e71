"""Continuous ranked probability score of a sampled distribution, by the fair estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_VALUES_PER_BLOCK = 2_000_000  # 16 MB of doubles: sorted copies stay near the cache


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
