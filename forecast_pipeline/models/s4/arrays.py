"""The mathematics of S4 and S4D as pure functions of complex arrays, numpy or torch, for tests and for the curious.

Arguments keep the letters of the papers. Arrays may be numpy or torch; what comes back is of the kind of the first one,
float64 for double precision and float32 for single. Arguments of shape ``(n,)`` are shared by all channels.
"""
# ruff: noqa: N803 - the letters of the papers

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from forecast_pipeline.models.s4.dense import bilinear_step, pair_of, row_of, truncated_read, whole_read
from forecast_pipeline.models.s4.diagonal import diagonal_kernel
from forecast_pipeline.models.s4.discretisation import DiscretePoles, discretise
from forecast_pipeline.models.s4.powers import product
from forecast_pipeline.models.s4.rank_one import rank_one_kernel
from forecast_pipeline.models.s4.recurrence import diagonal_step, rank_one_step

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.s4.recurrence import RecurrentStep

    Array = Any  # a numpy array, a torch tensor, or a number
    Pair = tuple[Tensor, Tensor]


def s4d_kernel(
    A: Array, C: Array, dt: Array, length: int, discretisation: str = "zoh", B: Array | None = None
) -> Array:
    """Kernel of a diagonal state space, ``K[l] = 2 Re sum_n C_n gain_n B_n pole_n^l``.

    Args:
        A: Shape ``(H, n)`` or ``(n,)``, complex, real parts negative.
        C: Shape ``(H, n)``, complex.
        dt: Shape ``(H,)`` or a number.
        length: ``L``.
        discretisation: ``zoh`` or ``bilinear``.
        B: Shape ``(H, n)`` or ``(n,)``, complex; one if left out.

    Returns:
        Shape ``(H, L)``, real.

    Raises:
        InvalidConfiguration: If the discretisation is unknown.

    Example:
        >>> s4d_kernel(np.array([[-0.5 + 0j]]), np.array([[1.0 + 0j]]), 1.0, 2).round(4).tolist()
        [[1.5739, 0.9546]]

    Gu et al. 2022 (S4D), equation 6; ``dt``, ``zoh`` and ``bilinear`` as in `discretisation.discretise`.
    """
    n_channels = _tensor(C).shape[0]
    poles = discretise(*_pair(A, n_channels), _steps(dt, n_channels), discretisation)
    read = _pair(C, n_channels)
    if B is not None:
        read = product(read, _pair(B, n_channels))
    kernel = diagonal_kernel(poles, (read[0][None], read[1][None]), length, _real_dtype(C))[0]
    return _like(kernel, A)


def s4d_recurrence(
    A: Array, C: Array, dt: Array, u: Array, discretisation: str = "zoh", B: Array | None = None
) -> tuple[Array, Array]:
    """The diagonal state space one input after the other, from a state of zero, float64.

    Args:
        A: As for `s4d_kernel`.
        C: As for `s4d_kernel`.
        dt: As for `s4d_kernel`.
        u: Shape ``(B, H, L)``, oldest first.
        discretisation: ``zoh`` or ``bilinear``.
        B: As for `s4d_kernel`.

    Returns:
        Outputs of shape ``(B, H, L)`` and the state afterwards, shape ``(B, H, n)``, complex128.

    Raises:
        InvalidConfiguration: If the discretisation is unknown.

    Example:
        >>> one = np.ones((1, 1), complex)
        >>> s4d_recurrence(-0.5 * one, one, 1.0, np.array([[[1.0, 0.0]]]))[0].round(4).tolist()
        [[[1.5739, 0.9546]]]
    """
    n_channels = _tensor(C).shape[0]
    poles = discretise(*_pair(A, n_channels), _steps(dt, n_channels), discretisation)
    read = _pair(C, n_channels)
    if B is not None:
        poles = DiscretePoles(poles.log_modulus, poles.phase, product(poles.gain, _pair(B, n_channels)))
    return _run(diagonal_step(poles, read), u)


def diagonal_discretised(A: Array, B: Array, dt: Array, discretisation: str = "zoh") -> tuple[Array, Array]:
    """Discrete poles and drive of a diagonal state space.

    Args:
        A: Shape ``(H, n)`` or ``(n,)``, complex.
        B: Shape ``(H, n)`` or ``(n,)``, complex.
        dt: Shape ``(H,)`` or a number.
        discretisation: ``zoh`` or ``bilinear``.

    Returns:
        ``dA`` and ``dB`` of shape ``(H, n)``, complex128.

    Raises:
        InvalidConfiguration: If the discretisation is unknown.

    Example:
        >>> one = np.ones((1, 1), complex)
        >>> diagonal_discretised(-2.0 * one, one, 0.5, "bilinear")[0].round(4).tolist()
        [[(0.3333+0j)]]
    """
    n_channels = _n_channels(dt, A, B)
    poles = discretise(*_pair(A, n_channels), _steps(dt, n_channels), discretisation)
    drive = product(poles.gain, _pair(B, n_channels))
    return _like(torch.complex(*poles.pole()), A), _like(torch.complex(*drive), A)


def dplr_kernel(Lambda: Array, P: Array, B: Array, C: Array, dt: Array, length: int) -> Array:
    """Kernel of the bilinear step of ``A = diag(Lambda) - P P*`` (and conjugates), ``K[l] = C dA^l dB``.

    Args:
        Lambda: Shape ``(n,)`` or ``(H, n)``, complex, real parts negative.
        P: Shape ``(n,)`` or ``(H, n)``, complex.
        B: Shape ``(n,)`` or ``(H, n)``, complex.
        C: Shape ``(H, n)``, complex: the one of the recurrence, not what the algorithm stores.
        dt: Shape ``(H,)`` or a number.
        length: ``L``.

    Returns:
        Shape ``(H, L)``, real.

    Example:
        >>> one = np.ones((1, 1), complex)
        >>> dplr_kernel(-0.5 * one, 0 * one, one, one, 1.0, 2).round(4).tolist()
        [[1.6, 0.96]]

    Gu et al. 2022, *S4*, algorithm 1.
    """
    n_channels = _tensor(C).shape[0]
    read = _pair(dplr_generating_coefficients(Lambda, P, B, C, dt, length), n_channels)
    kernel = rank_one_kernel(
        _pair(Lambda, n_channels),
        _pair(P, n_channels),
        _pair(B, n_channels),
        (read[0][None], read[1][None]),
        _steps(dt, n_channels),
        length,
        _real_dtype(C),
    )
    return _like(kernel[0], Lambda)


def dplr_generating_coefficients(
    Lambda: Array, P: Array, B: Array, C: Array, dt: Array, length: int, *, invert: bool = False
) -> Array:
    """``C (I - dA^L)``, which the generating function of ``L`` terms reads.

    Args:
        Lambda: As for `dplr_kernel`.
        P: As for `dplr_kernel`.
        B: As for `dplr_kernel`.
        C: As for `dplr_kernel`.
        dt: As for `dplr_kernel`.
        length: ``L``.
        invert: Take ``C`` as these coefficients and return the ``C`` they were made of.

    Returns:
        Shape ``(H, n)``, complex128.

    Example:
        >>> one = np.ones((1, 1), complex)
        >>> dplr_generating_coefficients(-2.0 * one, 0 * one, one, one, 1.0, 3).tolist()
        [[(1+0j)]]
    """
    n_channels = _tensor(C).shape[0]
    transition, _ = _dense(Lambda, P, B, dt, n_channels)
    row = row_of(_pair(C, n_channels))
    row = whole_read(row, transition, length) if invert else truncated_read(row, transition, length)
    return _like(torch.complex(*pair_of(row)), Lambda)


def dplr_discretised(Lambda: Array, P: Array, B: Array, dt: Array) -> tuple[Array, Array]:
    """Real transition and drive of one bilinear step on states ``(Re x, Im x)``.

    Args:
        Lambda: Shape ``(n,)`` or ``(H, n)``, complex.
        P: Shape ``(n,)`` or ``(H, n)``, complex.
        B: Shape ``(n,)`` or ``(H, n)``, complex.
        dt: Shape ``(H,)`` or a number.

    Returns:
        Shapes ``(H, N, N)`` and ``(H, N)``, float64.

    Example:
        >>> one = np.ones((1, 1), complex)
        >>> dplr_discretised(-2.0 * one, 0 * one, one, 0.5)[0].round(4).tolist()
        [[[0.3333, 0.0], [0.0, 0.3333]]]
    """
    n_channels = _n_channels(dt, Lambda, P, B)
    transition, drive = _dense(Lambda, P, B, dt, n_channels)
    return _like(transition, Lambda), _like(drive, Lambda)


def dplr_recurrence(Lambda: Array, P: Array, B: Array, C: Array, dt: Array, u: Array) -> tuple[Array, Array]:
    """Diagonal plus rank one, one input after the other, from a state of zero, float64.

    Args:
        Lambda: As for `dplr_kernel`.
        P: As for `dplr_kernel`.
        B: As for `dplr_kernel`.
        C: As for `dplr_kernel`.
        dt: As for `dplr_kernel`.
        u: Shape ``(B, H, L)``, oldest first.

    Returns:
        Outputs of shape ``(B, H, L)`` and the state afterwards, shape ``(B, H, n)``, complex128.

    Example:
        >>> one = np.ones((1, 1), complex)
        >>> dplr_recurrence(-0.5 * one, 0 * one, one, one, 1.0, np.array([[[1.0, 0.0]]]))[0].round(4).tolist()
        [[[1.6, 0.96]]]
    """
    n_channels = _tensor(C).shape[0]
    eigenvalues, rank_one, drive, read = (_pair(each, n_channels) for each in (Lambda, P, B, C))
    return _run(rank_one_step(eigenvalues, rank_one, drive, read, _steps(dt, n_channels)), u)


def _run(step: RecurrentStep, u: Array) -> tuple[Array, Array]:
    inputs = _tensor(u).double()
    state = step.pole.new_zeros(inputs.shape[0], *step.pole.shape)
    outputs = []
    for pushed in inputs.unbind(-1):
        y, state = step(pushed, state)
        outputs.append(y)
    return _like(torch.stack(outputs, dim=-1), u), _like(state, u)


def _dense(Lambda: Array, P: Array, B: Array, dt: Array, n_channels: int) -> Pair:
    pairs = (_pair(Lambda, n_channels), _pair(P, n_channels), _pair(B, n_channels))
    return bilinear_step(*pairs, _steps(dt, n_channels))


def _pair(values: Array, n_channels: int) -> Pair:
    tensor = _tensor(values)
    tensor = tensor.expand(n_channels, tensor.shape[-1])
    imag = tensor.imag if tensor.is_complex() else torch.zeros_like(tensor)
    return tensor.real.double(), imag.double()


def _n_channels(dt: Array, *parameters: Array) -> int:
    return max(_tensor(dt).numel(), *(_tensor(each).shape[0] for each in parameters if _tensor(each).ndim > 1), 1)


def _steps(dt: Array, n_channels: int) -> Tensor:
    return _tensor(dt).double().reshape(-1).expand(n_channels)


def _tensor(values: Array) -> Tensor:
    return values if isinstance(values, torch.Tensor) else torch.as_tensor(np.asarray(values))


def _real_dtype(values: Array) -> torch.dtype:
    return torch.float32 if _tensor(values).dtype in (torch.complex64, torch.float32) else torch.float64


def _like(tensor: Tensor, example: Array) -> Array:
    return tensor if isinstance(example, torch.Tensor) else tensor.numpy()
