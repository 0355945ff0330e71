"""Mixtures of measured variances: least squares without negative weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def fit_coefficients(regressors: Floats, outcomes: Floats) -> Floats:
    """Weighted least squares without negative coefficients, one problem an increment, shape ``(R, K)``.

    Args:
        regressors: Shape ``(n, R)``, not negative.
        outcomes: Shape ``(n, K)``; rows with NaN are left out.

    Example:
        >>> x = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]])
        >>> fit_coefficients(x, x @ np.array([[0.5], [0.25]])).round(9).tolist()
        [[0.5], [0.25]]
    """
    from scipy.optimize import nnls

    weight = 1.0 / np.maximum(regressors.mean(axis=1), np.finfo(float).tiny)
    n_regressors = regressors.shape[1]
    made = np.empty((n_regressors, outcomes.shape[1]))
    for k in range(outcomes.shape[1]):
        known = np.isfinite(outcomes[:, k])
        table = np.column_stack([regressors[known], outcomes[known, k]]) * weight[known, None]
        triangle = np.asarray(np.linalg.qr(table, mode="r"))  # as small as the problem, and with its minimum
        made[:, k], _ = nnls(triangle[:, :n_regressors], triangle[:, n_regressors])
    return made
