"""Where the poles of a diagonal state space start: lin, inv, legs, real and quad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.hippo import nplr_legs

if TYPE_CHECKING:
    import numpy.typing as npt

    Complexes = npt.NDArray[np.complex128]

Initialisation = Literal["lin", "inv", "legs", "real", "quad"]
INITIALISATIONS: tuple[str, ...] = get_args(Initialisation)

LARGEST_DRIVE = 2.0
"""Imaginary parts of the drive of ``legs`` are held within it, as state-spaces/s4 does (``diag-legs``)."""


def diagonal_init(name: str, state_size: int) -> tuple[Complexes, Complexes]:
    """Poles and drive of a diagonal state space in continuous time.

    ========  =====================================================================
    ``lin``   ``A_n = -1/2 - i pi n``: Fourier series on a window of two units
    ``inv``   ``A_n = -1/2 - i (N / pi) (N / (2n + 1) - 1)``, ``N`` the *full* size
    ``legs``  eigenvalues of the normal part of HiPPO-LegS, ``B`` in their basis
    ``real``  ``A_n = -(n + 1)``
    ``quad``  ``A_n = -1/2 - i (2n + 1)^2 / pi``
    ========  =====================================================================

    The paper writes ``+i``; the conjugate gives the same kernel. ``pi`` is exact: the public implementation rounds it
    to float32, which moves ``inv`` by up to 5e-5 at ``N = 64``.

    Args:
        name: One of the five.
        state_size: ``N``, even.

    Returns:
        ``A`` and ``B``, shapes ``(N/2,)``; ``B`` is one but for ``legs``.

    Raises:
        InvalidConfiguration: If the name is unknown or the size is not even and positive.

    Example:
        >>> diagonal_init("lin", 4)[0][1:].round(4).tolist()
        [(-0.5-3.1416j)]

    Gu, Gupta, Goel, Ré 2022, *On the Parameterization and Initialization of Diagonal State Space Models*, section 4.
    """
    if name not in INITIALISATIONS:
        raise InvalidConfiguration(
            f"initialisation must be one of {', '.join(INITIALISATIONS)}", was=repr(name), do="choose one of them"
        )
    normal = nplr_legs(state_size)  # also refuses an odd size
    n = np.arange(state_size // 2)
    if name == "legs":
        drive = normal.drive.copy()
        drive.imag = np.clip(drive.imag, -LARGEST_DRIVE, LARGEST_DRIVE)
        return normal.eigenvalues, drive
    poles = np.full(n.size, -0.5, np.complex128)
    if name == "real":
        poles.real = -(n + 1.0)
        return poles, np.ones_like(poles)
    poles.imag = {
        "lin": -np.pi * n,
        "inv": -state_size / np.pi * (state_size / (2.0 * n + 1.0) - 1.0),
        "quad": -((2.0 * n + 1.0) ** 2) / np.pi,
    }[name]
    return poles, np.ones_like(poles)
