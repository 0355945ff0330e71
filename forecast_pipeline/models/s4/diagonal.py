"""The diagonal state space in real arithmetic: its kernel, and many steps of it from a given state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from forecast_pipeline.models.s4.powers import PowerTables, contract, product

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.s4.discretisation import DiscretePoles

    Pair = tuple[Tensor, Tensor]


def diagonal_kernel(poles: DiscretePoles, read: Pair, length: int, dtype: torch.dtype) -> Tensor:
    """What an impulse leaves behind: ``K[l] = 2 Re sum_n read_n gain_n pole_n^l``.

    Args:
        poles: Shape ``(H, n)``, with their gains.
        read: ``C``, or ``C B`` where a drive is given; real and imaginary part, shapes ``(D, H, n)``.
        length: ``L``, at least 1.
        dtype: float32 or float64.

    Returns:
        Shape ``(D, H, L)``.

    Example:
        >>> from forecast_pipeline.models.s4.discretisation import discretise
        >>> poles = discretise(torch.full((1, 1), -0.5), torch.zeros(1, 1), torch.ones(1), "zoh")
        >>> one = torch.ones(1, 1, 1, dtype=torch.float64)
        >>> diagonal_kernel(poles, (one, 0 * one), 2, torch.float64).flatten().numpy().round(4).tolist()
        [1.5739, 0.9546]

    Gu et al. 2022 (S4D), equation 6; a sum over a product of two tables is a product of matrices.
    """
    n_kernels, n_channels, _ = read[0].shape
    tables = PowerTables.of(poles, length, dtype)
    weight = product(read, poles.gain)
    coarse = product((2.0 * weight[0].to(dtype)[..., None], 2.0 * weight[1].to(dtype)[..., None]), tables.coarse)
    left = torch.cat([coarse[0], -coarse[1]], dim=2)  # (D, H, 2n, A)
    left = left.permute(1, 0, 3, 2).flatten(1, 2)  # (H, D A, 2n)
    right = torch.cat(tables.fine, dim=1)  # (H, 2n, m)
    kernel = contract(left, right).view(n_channels, n_kernels, -1)  # (H, D, A m)
    return kernel.transpose(0, 1)[..., :length]


def free_response(poles: DiscretePoles, read: Pair, state: Tensor, length: int) -> Tensor:
    """What is still to come out of a state if no further input arrives: ``2 Re sum_n C_n pole_n^(l+1) x_n``.

    Args:
        poles: Shape ``(H, n)``.
        read: ``C``, shapes ``(H, n)``.
        state: Shape ``(B, H, n)``, complex128.
        length: ``L``.

    Returns:
        Shape ``(B, H, L)``, float64.
    """
    n_rows, n_channels, _ = state.shape
    tables = PowerTables.of(poles, length, torch.float64)
    weight = product(product(read, poles.pole()), (state.real, state.imag))  # (B, H, n)
    coarse = product((2.0 * weight[0][..., None], 2.0 * weight[1][..., None]), tables.coarse)
    left = torch.cat([coarse[0], -coarse[1]], dim=2)  # (B, H, 2n, A)
    left = left.permute(1, 0, 3, 2).flatten(1, 2)  # (H, B A, 2n)
    response = contract(left, torch.cat(tables.fine, dim=1)).view(n_channels, n_rows, -1)
    return response.transpose(0, 1)[..., :length]


def state_after(poles: DiscretePoles, drive: Pair, u: Tensor, state: Tensor) -> Tensor:
    """The state after many inputs: ``pole^L x + sum_l pole^(L-1-l) drive u[l]``.

    Args:
        poles: Shape ``(H, n)``.
        drive: ``gain B``, shapes ``(H, n)``.
        u: Shape ``(B, H, L)``.
        state: Shape ``(B, H, n)`` before them, complex128.

    Returns:
        Shape ``(B, H, n)``, complex128.
    """
    n_rows, n_channels, length = u.shape
    tables = PowerTables.of(poles, length, torch.float64)
    n_pairs, n_fine = tables.fine[0].shape[1:]
    n_coarse = tables.coarse[0].shape[2]
    newest_first = torch.nn.functional.pad(u.to(torch.float64).flip(-1), (0, n_coarse * n_fine - length))
    blocks = newest_first.transpose(0, 1).reshape(n_channels, n_rows * n_coarse, n_fine)
    summed = contract(blocks, torch.cat(tables.fine, dim=1).transpose(1, 2))  # (H, B A, 2n)
    summed = summed.view(n_channels, n_rows, n_coarse, 2 * n_pairs)
    coarse = tuple(part.transpose(1, 2)[:, None] for part in tables.coarse)  # (H, 1, A, n)
    parts = product((summed[..., :n_pairs], summed[..., n_pairs:]), (coarse[0], coarse[1]))
    forced = product((parts[0].sum(2).transpose(0, 1), parts[1].sum(2).transpose(0, 1)), drive)  # (B, H, n)
    modulus, angle = torch.exp(length * poles.log_modulus), length * poles.phase
    kept = product((modulus * torch.cos(angle), modulus * torch.sin(angle)), (state.real, state.imag))
    return torch.complex(kept[0] + forced[0], kept[1] + forced[1])
