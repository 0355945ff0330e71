"""The kernel of diagonal plus rank one from its generating function: Cauchy sums, Woodbury and an inverse FFT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from forecast_pipeline.models.s4.powers import contract, product

if TYPE_CHECKING:
    from torch import Tensor

    Pair = tuple[Tensor, Tensor]


def rank_one_kernel(
    eigenvalues: Pair, rank_one: Pair, drive: Pair, truncated_read: Pair, dt: Tensor, length: int, dtype: torch.dtype
) -> Tensor:
    """Kernel of the bilinear step of ``A = diag(Lambda) - P P*``, in real arithmetic but for the FFT itself.

    The generating function is ``sum_l K[l] w^l = 2 / (1 + w) C (g - A)^-1 B`` with ``g = 2 (1 - w) / (dt (1 + w))``; at
    ``w = exp(-2 i phi)`` everything is multiplied by ``1 + w = 2 cos(phi) exp(-i phi)``, so that no frequency is
    singular, neither ``w = -1``.

    Args:
        eigenvalues: ``Lambda``, shapes ``(H, n)``.
        rank_one: ``P``, shapes ``(H, n)``.
        drive: ``B``, shapes ``(H, n)``.
        truncated_read: ``C (I - transition^L)``, shapes ``(D, H, n)``.
        dt: Shape ``(H,)``.
        length: ``L``, the one that ``truncated_read`` was made for.
        dtype: float32 or float64, of the sums and of the result. Distances to a pole are float64 always: they are small
            differences near a resonance.

    Returns:
        Shape ``(D, H, L)``.

    Gu et al. 2022, *S4*, algorithm 1 and appendix C.3.
    """
    n_kernels = truncated_read[0].shape[0]
    phi = torch.arange(length // 2 + 1, dtype=torch.float64, device=dt.device) * (torch.pi / length)
    sine, cosine = 2.0 * torch.sin(phi), torch.cos(phi)  # (F,)
    poles = tuple(dt.double()[:, None] * part.double() for part in eigenvalues)
    # Rows of what is summed over poles: read and P against drive, then read and P against P.
    left = tuple(
        torch.cat([read.double(), sign * p.double()[None]])
        for read, p, sign in zip(truncated_read, rank_one, (1.0, -1.0), strict=True)
    )  # (D + 1, H, n), the last is conj(P)
    weights = [product((left[0], left[1]), (right[0].double(), right[1].double())) for right in (drive, rank_one)]
    summed = _cauchy(
        (torch.cat([weights[0][0], weights[1][0]]), torch.cat([weights[0][1], weights[1][1]])),
        (poles[0], poles[1]),
        sine,
        cosine,
        dtype,
    )  # (2 D + 2, H, F)
    half_step = 0.5 * dt.to(dtype)[:, None]
    real, imag = (half_step * part for part in summed)
    cosine, sine = cosine.to(dtype), torch.sin(phi).to(dtype)
    driven = (real[: n_kernels + 1], imag[: n_kernels + 1])
    coupled = (real[n_kernels + 1 :], imag[n_kernels + 1 :])
    # Woodbury: r00 - 2 cos r01 r10 / (1 + 2 cos r11)
    below_real, below_imag = 1.0 + 2.0 * cosine * coupled[0][-1], 2.0 * cosine * coupled[1][-1]
    over = 2.0 * cosine / (below_real**2 + below_imag**2)
    ratio = product((driven[0][-1] * over, driven[1][-1] * over), (below_real, -below_imag))
    taken = product((coupled[0][:-1], coupled[1][:-1]), ratio)
    turned = product((driven[0][:-1] - taken[0], driven[1][:-1] - taken[1]), (2.0 * cosine, 2.0 * sine))
    kernel: Tensor = torch.fft.irfft(torch.complex(*turned), n=length)
    return kernel


def _cauchy(weights: Pair, poles: Pair, sine: Tensor, cosine: Tensor, dtype: torch.dtype) -> Pair:
    """``sum_n v_n / (i sine - cosine pole_n)`` plus the same of all conjugates, shapes ``(W, H, F)``.

    A conjugate pair is ``(2 i sine Re v - 2 cosine Re(v conj(pole))) / ((i sine - cosine pole) (i sine - cosine
    conj(pole)))``; the reciprocal below is shared by all weights, so that the sums are products of matrices.
    """
    n_weights, n_channels, _ = weights[0].shape
    size = torch.hypot(*poles)[..., None] * cosine  # (H, n, F)
    real = ((size - sine) * (size + sine)).to(dtype)
    imag = (-2.0 * poles[0][..., None] * (sine * cosine)).to(dtype)
    over = 1.0 / (real * real + imag * imag)
    reciprocal = torch.cat([real * over, -imag * over], dim=2)  # (H, n, 2 F)
    along = weights[0] * poles[0] + weights[1] * poles[1]  # Re(v conj(pole))
    numerators = torch.cat([along, weights[0]]).transpose(0, 1).to(dtype)  # (H, 2 W, n)
    sums = contract(numerators, reciprocal).view(n_channels, 2, n_weights, 2, -1).permute(1, 3, 2, 0, 4)
    sine, cosine = 2.0 * sine.to(dtype), 2.0 * cosine.to(dtype)
    return -cosine * sums[0, 0] - sine * sums[1, 1], sine * sums[1, 0] - cosine * sums[0, 1]
