"""Scores of variance forecasts that stay right when the realised variance is only a noisy proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def qlike(forecast_variance: Floats, realised_variance: Floats) -> Floats:
    """Quasi-likelihood loss of each row: ``v / f - ln(v / f) - 1``, 0 for a perfect forecast.

    Patton's normalised form [1]_: the ranking of forecasts is that of the true variance, even if
    the realised one is an unbiased noisy proxy such as a squared return. It punishes
    too low forecasts more than too high ones.

    Args:
        forecast_variance: Shape ``(B,)``, ``f``.
        realised_variance: Shape ``(B,)``, ``v``, in the same unit.

    Returns:
        Shape ``(B,)``; infinite where the forecast is not positive, NaN where the realised
        variance is not (the price did not move: no loss of this form exists).

    Example:
        >>> qlike(np.array([1.0, 2.0, 0.0]), np.array([1.0, 1.0, 1.0])).round(4).tolist()
        [0.0, 0.1931, inf]

    .. [1] A. Patton, *Journal of Econometrics* 160, 2011, eq. 24 with b = -2.
    """
    is_known = (realised_variance > 0.0) & ~np.isnan(forecast_variance)
    is_positive = is_known & (forecast_variance > 0.0)
    ratio = np.divide(realised_variance, forecast_variance, out=np.ones_like(realised_variance), where=is_positive)
    loss = np.where(is_known, np.inf, np.nan)
    loss[is_positive] = (ratio - np.log(ratio) - 1.0)[is_positive]
    return loss
