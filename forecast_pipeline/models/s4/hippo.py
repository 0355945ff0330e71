"""HiPPO matrices: how a state of Legendre or Fourier coefficients follows its input, and their diagonal plus rank one.

Voelker et al. 2019 (LegT), Gu et al. 2020, *HiPPO* (LegS, Fourier: appendix B and D), Gu et al. 2022, *S4*, theorem 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Complexes = npt.NDArray[np.complex128]


def hippo_legs(state_size: int) -> tuple[Floats, Floats]:
    """HiPPO-LegS, Legendre polynomials over all of the past: ``x' = A x + B u``, timescale left to ``dt``.

    Args:
        state_size: ``N``, at least 1.

    Returns:
        ``A`` of shape ``(N, N)``, lower triangular, and ``B`` of shape ``(N,)``.

    Raises:
        InvalidConfiguration: If ``state_size`` is less than 1.

    Example:
        >>> a, b = hippo_legs(2)
        >>> a[1].round(4).tolist(), b.round(4).tolist()
        ([-1.7321, -2.0], [1.0, 1.7321])
    """
    n = _orders(state_size)
    root = np.sqrt(2.0 * n + 1.0)
    return -np.tril(np.outer(root, root), -1) - np.diag(n + 1.0), root


def hippo_legt(state_size: int) -> tuple[Floats, Floats]:
    """HiPPO-LegT, Legendre polynomials over a window, normalised and halved so that the window is two units of time.

    Args:
        state_size: ``N``, at least 1.

    Returns:
        ``A`` of shape ``(N, N)`` and ``B`` of shape ``(N,)``.

    Raises:
        InvalidConfiguration: If ``state_size`` is less than 1.

    Example:
        >>> a, b = hippo_legt(2)
        >>> a.round(4).tolist(), b.round(4).tolist()
        ([[-0.5, 0.866], [-0.866, -1.5]], [0.5, 0.866])
    """
    n = _orders(state_size)
    root = np.sqrt(2.0 * n + 1.0)
    alternating = (-1.0) ** (n[:, None] - n)
    sign = np.where(n[:, None] < n, alternating, 1.0)
    return -0.5 * np.outer(root, root) * sign, 0.5 * root


def hippo_fourier(state_size: int) -> tuple[Floats, Floats]:
    """HiPPO-FouT, Fourier coefficients over a window, halved as `hippo_legt` is.

    Args:
        state_size: ``N``, even: a cosine and a sine of each frequency ``0 .. N/2 - 1``.

    Returns:
        ``A`` of shape ``(N, N)`` and ``B`` of shape ``(N,)``.

    Raises:
        InvalidConfiguration: If ``state_size`` is not even and positive.

    Example:
        >>> hippo_fourier(2)[0].tolist(), hippo_fourier(2)[1].tolist()
        ([[-1.0, 0.0], [0.0, 0.0]], [1.0, 0.0])
    """
    n_pairs = _pairs(state_size)
    read = np.zeros(state_size)
    read[0::2] = np.sqrt(2.0)
    read[0] = 1.0
    turning = np.zeros((state_size, state_size))
    cosines = 2 * np.arange(n_pairs)
    turning[cosines + 1, cosines] = np.pi * np.arange(n_pairs)
    # The half of 2 pi k, and of 2 read read': both are halved once more for the timescale.
    return turning - turning.T - np.outer(read, read), read


@dataclass(frozen=True, slots=True)
class NormalPlusLowRank:
    """HiPPO-LegS as ``A = V (diag(Lambda) - P P*) V*``, one of each conjugate pair kept.

    Attributes:
        eigenvalues: ``Lambda``, shape ``(N/2,)``, real part -1/2, imaginary part negative, its most negative first.
        rank_one: ``P``, shape ``(N/2,)``, in the basis of eigenvectors.
        drive: ``B``, shape ``(N/2,)``, in the same basis.
        eigenvectors: ``V``, shape ``(N, N/2)``, columns of length one whose first entry is real and positive. The phase
            is a choice; ``B * conj(P)`` does not depend on it.
    """

    eigenvalues: Complexes
    rank_one: Complexes
    drive: Complexes
    eigenvectors: Complexes


def nplr_legs(state_size: int) -> NormalPlusLowRank:
    """Normal plus low rank form of HiPPO-LegS, from a Hermitian eigenproblem, which is well conditioned.

    Args:
        state_size: ``N``, even.

    Returns:
        The kept half.

    Raises:
        InvalidConfiguration: If ``state_size`` is not even and positive.

    Example:
        >>> nplr_legs(2).eigenvalues.round(4).tolist()
        [(-0.5-0.866j)]

    Gu et al. 2022, *S4*, theorem 1 and appendix C.1: ``A + P P'`` is ``-1/2 I`` plus a skew-symmetric matrix.
    """
    n_pairs = _pairs(state_size)
    a, b = hippo_legs(state_size)
    p = np.sqrt(np.arange(state_size) + 0.5)
    skew = a + np.outer(p, p) + 0.5 * np.eye(state_size)
    # The mean of both triangles, because eigh reads only one of them.
    frequency, vectors = np.linalg.eigh(-0.5j * (skew - skew.T))
    kept = vectors[:, :n_pairs]
    kept = kept * (np.abs(kept[0]) / kept[0])
    projected = kept.conj().T
    return NormalPlusLowRank(-0.5 + 1j * frequency[:n_pairs], projected @ p, projected @ b, kept)


def _orders(state_size: int) -> npt.NDArray[np.int64]:
    if state_size < 1:
        raise InvalidConfiguration("state_size must be at least 1", was=str(state_size), do="raise it")
    return np.arange(state_size)


def _pairs(state_size: int) -> int:
    if state_size < 1 or state_size % 2:
        raise InvalidConfiguration(
            "state_size must be even and positive",
            was=str(state_size),
            why="states come in conjugate pairs",
            do="give an even state_size",
        )
    return state_size // 2
