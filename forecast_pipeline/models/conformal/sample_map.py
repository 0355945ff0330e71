"""Draws of a forecast carried along with its quantiles, ranks kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def map_draws(draws: Floats, raw: Floats, calibrated: Floats) -> Floats:
    """Send each raw quantile to its calibrated one, what lies between in proportion, and the tails along.

    The map of a row is piecewise linear and never decreases, so the order of its draws,
    and with it the dependence between horizons, stays as it was. Beyond the outermost
    levels draws move by as much as the outermost quantile.

    Args:
        draws: Shape ``(S, B)``.
        raw: Shape ``(B, Q)``, non-decreasing along ``Q``.
        calibrated: Shape ``(B, Q)``, non-decreasing along ``Q``.

    Returns:
        Shape ``(S, B)``. A row with a NaN quantile comes back as it was.

    Example:
        >>> draws = np.array([[-3.0], [-1.0], [0.5], [2.0]])
        >>> map_draws(draws, np.array([[-1.0, 0.0, 1.0]]), np.array([[-2.0, 0.0, 2.0]]))[:, 0].tolist()
        [-4.0, -2.0, 1.0, 3.0]
    """
    mapped = np.array(draws, dtype=np.float64)
    for row in range(draws.shape[1]):
        knots, images = raw[row], calibrated[row]
        if np.isnan(knots).any() or np.isnan(images).any():
            continue
        values = mapped[:, row]
        below, above = values < knots[0], values > knots[-1]
        inside = np.interp(values, knots, images)
        mapped[:, row] = np.where(
            below, values + (images[0] - knots[0]), np.where(above, values + (images[-1] - knots[-1]), inside)
        )
    return mapped
