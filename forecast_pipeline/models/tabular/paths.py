"""Weights of the linear families for all penalties, from the normal equations alone."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.splits.moments import NormalEquations

    Floats = npt.NDArray[np.float64]

MAX_ITERATIONS = 2_000
TOLERANCE = 1e-4
"""Duality gap at which coordinate descent stops, in sums of squared targets."""


def ridge_path(equations: NormalEquations, penalties: Sequence[float]) -> Floats:
    """Weights that minimise ``|y - X w|^2 + penalty |w|^2``, shape ``(A, p, K)`` (Hoerl and Kennard 1970).

    By Cholesky's decomposition; where rounding leaves the matrix without one, in its eigenvectors.

    Args:
        equations: ``X'X`` and ``X'Y``.
        penalties: ``A`` positive penalties.

    Example:
        >>> from forecast_pipeline.splits.moments import NormalEquations
        >>> equations = NormalEquations(np.array([[2.0]]), np.array([[3.0]]))
        >>> ridge_path(equations, [1.0, 4.0]).ravel().round(9).tolist()
        [1.0, 0.5]
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    gram, cross = equations
    path = np.empty((len(penalties), *cross.shape))
    for a, penalty in enumerate(penalties):
        regular = gram.copy()
        regular.flat[:: gram.shape[0] + 1] += penalty
        try:
            path[a] = cho_solve(cho_factor(regular, overwrite_a=True, check_finite=False), cross, check_finite=False)
        except LinAlgError:
            values, vectors = np.linalg.eigh(gram)
            path[a] = vectors @ ((vectors.T @ cross) / (np.maximum(values, 0.0) + penalty)[:, None])
    return path


def penalised_path(
    equations: NormalEquations, penalties: Sequence[float], squares: Floats, n_rows: int, l1_ratio: float
) -> Floats:
    """Weights of lasso and elastic net by coordinate descent, shape ``(A, p, K)``.

    They minimise ``|y - X w|^2 / (2 n) + penalty (l1_ratio |w|_1 + (1 - l1_ratio) |w|^2 / 2)``, each starting from
    the weights of the next stronger penalty (Friedman, Hastie and Tibshirani 2010). The rows are replaced by
    ``p + 1`` others with the same ``X'X``, ``X'y`` and ``y'y``, on which the descent takes the same steps.

    Args:
        equations: ``X'X`` and ``X'Y``.
        penalties: ``A`` penalties, the strongest first.
        squares: Shape ``(K,)``, ``y'y`` of each target.
        n_rows: Rows behind the equations.
        l1_ratio: Share of the absolute penalty.

    Example:
        >>> from forecast_pipeline.splits.moments import NormalEquations
        >>> equations = NormalEquations(np.array([[2.0]]), np.array([[3.0]]))
        >>> penalised_path(equations, [0.5], np.array([9.0]), n_rows=2, l1_ratio=1.0).ravel().round(9).tolist()
        [1.0]
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    gram, cross = equations
    design, responses = compressed(equations, squares)
    per_row = np.asarray(penalties) * n_rows / design.shape[0]
    path = np.empty((len(penalties), *cross.shape))
    for k in range(cross.shape[1]):
        with warnings.catch_warnings():
            # Coordinate descent stops early at weak penalties; validation judges what it reached.
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, weights, _ = enet_path(
                design,
                responses[:, k],
                l1_ratio=l1_ratio,
                alphas=per_row,
                precompute=gram,
                Xy=cross[:, k].copy(),
                max_iter=MAX_ITERATIONS,
                tol=TOLERANCE,
            )
        path[:, :, k] = weights.T
    return path


def compressed(equations: NormalEquations, squares: Floats) -> tuple[Floats, Floats]:
    """``p + 1`` rows and targets at most with the moments given: ``X'X``, ``X'Y`` and the diagonal of ``Y'Y``.

    In the eigenvectors of ``X'X``, of which those that rounding made are left out; the last row has no inputs and
    the part of the targets that the inputs do not explain.
    """
    values, vectors = np.linalg.eigh(equations.gram)
    is_real = values > values[-1] * values.size * np.finfo(float).eps
    root, vectors = np.sqrt(values[is_real]), vectors[:, is_real]
    responses = (vectors.T @ equations.cross) / root[:, None]
    rest = np.sqrt(np.maximum(squares - np.sum(np.square(responses), axis=0), 0.0))
    design = np.vstack([(vectors * root).T, np.zeros((1, values.size))])
    return np.asfortranarray(design), np.vstack([responses, rest])
