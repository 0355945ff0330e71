"""Energy score of sampled paths: the CRPS of a whole vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_VALUES_PER_BLOCK = 200_000  # the block and its differences stay in the cache


def energy_score(
    draws: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    pairs: Literal["all", "consecutive"] = "all",
    furthest: int = 1,
) -> Floats:
    """Energy score of each decision's path, lower is better, in the unit of the target.

    ``mean_i |x_i - y| - mean_(i != j) |x_i - x_j| / 2`` with Euclidean norms over the path [1]_:
    the fair estimator, unbiased for the score of the distribution that the draws came from.
    ``pairs="consecutive"`` averages ``|x_i - x_(i+1)|`` instead of all pairs: as unbiased if the
    order of the draws is random, and linear in their number. Where every decision uses the *same*
    draws, its error does not average out over decisions: raise ``furthest``.
    One draw scores as its distance.

    Args:
        draws: Shape ``(S, B, K)``, joint over the ``K`` steps of the path.
        outcome: Shape ``(B, K)``.
        pairs: Which pairs of draws estimate the spread.
        furthest: Consecutive pairs are at most this many draws apart.

    Returns:
        Shape ``(B,)``; NaN in rows with a NaN among draws or outcome.

    Raises:
        ValueError: If the shapes do not fit or there are no draws.

    Example:
        >>> energy_score([[[0.0, 0.0]], [[3.0, 4.0]]], [[0.0, 0.0]]).tolist()  # (0 + 5) / 2 - 5 / 2
        [0.0]

    .. [1] T. Gneiting and A. Raftery, *JASA* 102, 2007, eq. 22.
    """
    sampled, observed = np.asarray(draws, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if sampled.ndim != 3 or observed.ndim != 2 or sampled.shape[1:] != observed.shape or sampled.shape[0] == 0:  # noqa: PLR2004 - (S, B, K)
        raise ValueError(f"draws must be (S, B, K) and outcome (B, K), were {sampled.shape} and {observed.shape}")
    n_draws, n_rows, n_steps = sampled.shape
    scores = np.empty(n_rows)
    reach = n_draws - 1 if pairs == "all" else min(furthest, n_draws - 1)
    n_pairs = sum(n_draws - apart for apart in range(1, reach + 1))
    rows_per_block = max(1, _VALUES_PER_BLOCK // (n_draws * max(1, n_steps)))
    for first in range(0, n_rows, rows_per_block):
        block = slice(first, first + rows_per_block)
        # Steps first: the norm then adds whole planes instead of short rows.
        path = np.ascontiguousarray((sampled[:, block] - observed[block]).transpose(2, 0, 1))  # (K, S, b)
        score = _lengths(path).mean(axis=0)
        if reach:
            spread = sum(_lengths(path[:, apart:] - path[:, :-apart]).sum(axis=0) for apart in range(1, reach + 1))
            score -= 0.5 * spread / n_pairs
        scores[block] = score
    return scores


def _lengths(path: Floats) -> Floats:
    squared = np.square(path[0]) if path.shape[0] else np.zeros(path.shape[1:])
    for step in path[1:]:
        squared += step * step
    return np.asarray(np.sqrt(squared))
