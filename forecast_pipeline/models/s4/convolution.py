"""Convolution of whole sequences by FFT, padded so that nothing wraps round, float32 whatever the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

if TYPE_CHECKING:
    from torch import Tensor


def causal_convolution(u: Tensor, kernel: Tensor) -> Tensor:
    """``y[l] = sum_{j <= l} kernel[j] u[l - j]``, by an FFT of length ``2 L``.

    Args:
        u: Shape ``(..., H, L)``, oldest first. Half precision is computed in float32, because phases need the digits
            and FFTs have no bfloat16.
        kernel: Shape ``(H, L')``; what lies beyond ``L`` is not used, what is missing is zero.

    Returns:
        Shape ``(..., H, L)``, float64 where either is, else float32. A NaN anywhere in a sequence makes all of it NaN.

    Example:
        >>> u, kernel = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[1.0, 0.5, 0.25]])
        >>> causal_convolution(u, kernel).numpy().round(4).tolist()
        [[1.0, 0.5, 2.25]]
    """
    length = u.shape[-1]
    return _circular(u, kernel[..., :length])[..., :length]


def two_sided_convolution(u: Tensor, causal: Tensor, anticausal: Tensor) -> Tensor:
    """``sum_{j <= l} causal[l - j] u[j] + sum_{j > l} anticausal[j - l - 1] u[j]``.

    The second kernel begins one step ahead, so that the present counts once (state-spaces/s4, ``bidirectional``).

    Args:
        u: Shape ``(..., H, L)``.
        causal: Shape ``(H, L)``.
        anticausal: Shape ``(H, L)``.

    Returns:
        Shape ``(..., H, L)``, dtype as of `causal_convolution`.

    Example:
        >>> u, one = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[1.0, 0.0, 0.0]])
        >>> two_sided_convolution(u, one, one).numpy().round(4).tolist()
        [[1.0, 2.0, 2.0]]
    """
    length = u.shape[-1]
    # On a circle of 2 L places the last L are lags -L .. -1.
    around = torch.cat([causal[..., :length], anticausal[..., :length].flip(-1)], dim=-1)
    return _circular(u, around)[..., :length]


def _circular(u: Tensor, kernel: Tensor) -> Tensor:
    dtype = torch.float64 if torch.float64 in (u.dtype, kernel.dtype) else torch.float32
    with torch.autocast(u.device.type, enabled=False):
        result: Tensor = _CircularConvolution.apply(u.to(dtype), kernel.to(dtype))  # type: ignore[no-untyped-call]
    return result


class _CircularConvolution(torch.autograd.Function):
    """First ``L`` of a circular convolution of ``2 L`` points, with its own first derivatives.

    Torch differentiates a real FFT by a complex one of full length; derivatives of a convolution are correlations,
    which take one real FFT and one back each. In all this halves the time of training.
    """

    @staticmethod
    def forward(ctx: Any, u: Tensor, kernel: Tensor) -> Tensor:  # noqa: ANN401 - torch's context has what is put there
        n_points = 2 * u.shape[-1]
        of_u, of_kernel = torch.fft.rfft(u, n=n_points), torch.fft.rfft(kernel, n=n_points)
        ctx.save_for_backward(of_u, of_kernel)
        ctx.lengths = (u.shape[-1], kernel.shape[-1])
        y: Tensor = torch.fft.irfft(of_u * of_kernel, n=n_points)
        return y[..., : u.shape[-1]]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:  # noqa: ANN401 - as above
        of_u, of_kernel = ctx.saved_tensors
        (length, kernel_length), to_u, to_kernel = ctx.lengths, None, None
        of_grad = torch.fft.rfft(grad, n=2 * length)
        if ctx.needs_input_grad[0]:
            to_u = torch.fft.irfft(of_grad * of_kernel.conj_physical(), n=2 * length)[..., :length]
        if ctx.needs_input_grad[1]:
            # In place: a new tensor of this size costs more than the product.
            summed = of_grad.conj_physical_().mul_(of_u).sum_to_size(of_kernel.shape)
            to_kernel = torch.fft.irfft(summed.conj_physical(), n=2 * length)[..., :kernel_length]
        return to_u, to_kernel
