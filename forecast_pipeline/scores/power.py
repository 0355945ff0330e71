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


def power_of_dm(ic: npt.ArrayLike, n_eff: float, size: float = 0.05) -> Floats:
    """Probability that Diebold and Mariano's test at ``size`` finds the gain of a mean with this IC.

    With a forecast ``m`` of correlation ``r`` with a normal outcome, scaled as it should be, the loss difference
    ``y² - (y - m)²`` has mean ``r²`` and standard deviation about ``2 r`` in units of the outcome's variance, so ``t``
    is about ``r sqrt(n) / 2``: half of what a test of the IC itself sees. The difference of the CRPS behaves alike.

    Args:
        ic: True correlation of forecast and outcome, any shape.
        n_eff: Effective number of independent rows.
        size: Chance of a false finding, two-sided.

    Returns:
        The shape of ``ic``, the probability of a rejection with the right sign; NaN for fewer than 4 rows.

    Example:
        >>> power_of_dm([0.05, 0.1, 0.2], 1000).round(2).tolist()
        [0.12, 0.35, 0.89]
    """
    from scipy import special

    values = np.asarray(ic, dtype=np.float64)
    if not n_eff >= _LEAST_ROWS:
        return np.full(values.shape, np.nan)
    return np.asarray(special.ndtr(np.abs(values) * math.sqrt(n_eff) / 2.0 - special.ndtri(1.0 - size / 2.0)))


def smallest_ic_of_dm(n_eff: float, power: float = 0.8, size: float = 0.05) -> float:
    """IC whose gain Diebold and Mariano's test finds with the given power; the inverse of `power_of_dm`.

    Returns:
        Positive; 1 at most. NaN for fewer than 4 rows.

    Example:
        >>> round(smallest_ic_of_dm(1000), 3)
        0.177
    """
    from scipy import special

    if not n_eff >= _LEAST_ROWS:
        return math.nan
    reach = float(special.ndtri(1.0 - size / 2.0) + special.ndtri(power))
    return min(1.0, 2.0 * reach / math.sqrt(n_eff))


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
