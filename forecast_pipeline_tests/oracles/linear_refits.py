"""The linear families as they were before Gram matrices: scikit-learn refitted for every fold and every penalty.

Frozen and slow. `splits.moments`, `models.tabular.paths` and the families are compared with it.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Lasso, Ridge

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

MAX_ITERATIONS = 2_000
TOLERANCE = 1e-4


def candidates(name: str, penalties: list[float], tolerance: float, max_iterations: int, l1_ratio: float) -> list[Any]:
    """Unfitted estimators, in the order of the penalties."""
    descent = {"max_iter": max_iterations, "tol": tolerance, "precompute": True, "fit_intercept": False}
    makers = {
        "ridge": lambda alpha: Ridge(alpha=alpha, solver="cholesky", fit_intercept=False),
        "lasso": lambda alpha: Lasso(alpha=alpha, **descent),
        "elastic_net": lambda alpha: ElasticNet(alpha=alpha, l1_ratio=l1_ratio, **descent),
    }
    return [makers[name](penalty) for penalty in penalties]


def refit(
    name: str,
    train: tuple[Floats, Floats],
    validation: tuple[Floats, Floats],
    penalties: list[float],
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    l1_ratio: float = 0.5,
) -> tuple[float, Floats]:
    """Penalty with the smallest squared error on validation rows, and its weights, shape ``(p, K)``.

    Args:
        name: ``ridge``, ``lasso`` or ``elastic_net``.
        train: Standardised inputs and scaled targets, shapes ``(n, p)`` and ``(n, K)``.
        validation: The same of the validation rows.
        penalties: The strongest first; the first of equals wins.
        tolerance: Duality gap of coordinate descent.
        max_iterations: Its sweeps.
        l1_ratio: Share of the absolute penalty of the elastic net.
    """
    best, chosen = np.inf, None
    for candidate in candidates(name, penalties, tolerance, max_iterations, l1_ratio):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            candidate.fit(*train)
        predicted = candidate.predict(validation[0]).reshape(len(validation[0]), -1)
        error = float(np.mean(np.square(validation[1] - predicted)))
        if error < best:
            best, chosen = error, candidate
    if chosen is None:
        raise ValueError("validation error must be a number, was nan for every candidate")
    return float(chosen.alpha), np.atleast_2d(chosen.coef_).T
