"""What could have been found: power of the test of an information coefficient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_LEAST_ROWS = 4  # Fisher's standard error is 1 / sqrt(n - 3)


def power_of_ic(ic: npt.ArrayLike, n_eff: float, size: float = 0.05) -> Floats:
    """Probability that a two-sided test at ``size`` finds an information coefficient.

    Fisher's transform: ``Phi(d - z) + Phi(-d - z)`` with ``d = artanh(ic) sqrt(n_eff - 3)``.

    Args:
        ic: True correlation of forecast and outcome, any shape.
        n_eff: Effective number of independent rows.
        size: Chance of a false finding.

    Returns:
        The shape of ``ic``, in ``[size, 1]``; NaN for fewer than 4 rows.

    Example:
        >>> power_of_ic([0.0, 0.05, 0.1], 1000).round(2).tolist()
        [0.05, 0.35, 0.89]
    """
    from scipy import special

    shift = np.arctanh(np.asarray(ic, dtype=np.float64))
    if not n_eff >= _LEAST_ROWS:
        return np.full(shift.shape, np.nan)
    shift = shift * math.sqrt(n_eff - 3.0)
    reach = special.ndtri(1.0 - size / 2.0)
    return np.asarray(special.ndtr(shift - reach) + special.ndtr(-shift - reach))


def smallest_detectable_ic(n_eff: float, power: float = 0.8, size: float = 0.05) -> float:
    """Information coefficient that is found with the given power; the inverse of `power_of_ic`.

    The chance of a finding with the wrong sign, below ``size / 2``, is not counted.

    Returns:
        In ``(0, 1)``; NaN for fewer than 4 rows.

    Example:
        >>> round(smallest_detectable_ic(1000), 3)
        0.088
    """
    from scipy import special

    if not n_eff >= _LEAST_ROWS:
        return math.nan
    reach = float(special.ndtri(1.0 - size / 2.0) + special.ndtri(power))
    return math.tanh(reach / math.sqrt(n_eff - 3.0))
