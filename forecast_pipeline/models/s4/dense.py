"""Diagonal plus rank one as small real matrices: one bilinear step, and many by doubling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    Pair = tuple[Tensor, Tensor]


def bilinear_step(eigenvalues: Pair, rank_one: Pair, drive: Pair, dt: Tensor) -> tuple[Tensor, Tensor]:
    """Transition and drive of one bilinear step of ``A = diag(Lambda) - P P*``, in real coordinates.

    A kept half ``x`` of a conjugate pair stands as ``(Re x, Im x)``; on these ``P P*``, which couples the halves, is
    twice the outer product of ``(Re P, Im P)`` with itself.

    Args:
        eigenvalues: ``Lambda``, shapes ``(H, n)``.
        rank_one: ``P``, shapes ``(H, n)``.
        drive: ``B``, shapes ``(H, n)``.
        dt: Shape ``(H,)``.

    Returns:
        Shapes ``(H, N, N)`` and ``(H, N)``, float64.

    Gu et al. 2022, *S4*, equation 3.
    """
    real, imag = (torch.diag_embed(part.double()) for part in eigenvalues)
    p = torch.cat(rank_one, dim=-1).double()
    turning = torch.cat([torch.cat([real, -imag], dim=-1), torch.cat([imag, real], dim=-1)], dim=-2)
    half = 0.5 * dt.double()[:, None, None] * (turning - 2.0 * p[..., None] * p[..., None, :])
    one = torch.eye(p.shape[-1], dtype=torch.float64, device=p.device)
    pushed = dt.double()[:, None, None] * torch.cat(drive, dim=-1).double()[..., None]
    solved = torch.linalg.solve(one - half, torch.cat([one + half, pushed], dim=-1))
    return solved[..., :-1], solved[..., -1]


def row_of(read: Pair) -> Tensor:
    """``C`` as a real row on states ``(Re x, Im x)``: ``2 Re(C x)``.

    Args:
        read: Real and imaginary part, shapes ``(..., n)``.

    Returns:
        Shape ``(..., N)``.

    Example:
        >>> row_of((torch.ones(1), torch.ones(1))).tolist()
        [2.0, -2.0]
    """
    return torch.cat([2.0 * read[0], -2.0 * read[1]], dim=-1)


def pair_of(row: Tensor) -> Pair:
    """The inverse of `row_of`.

    Args:
        row: Shape ``(..., N)``.

    Returns:
        Real and imaginary part, shapes ``(..., n)``.

    Example:
        >>> [part.item() for part in pair_of(torch.tensor([2.0, -2.0]))]
        [1.0, 1.0]
    """
    real, imag = row.chunk(2, dim=-1)
    return 0.5 * real, -0.5 * imag


def truncated_read(read: Tensor, transition: Tensor, length: int) -> Tensor:
    """``C (I - transition^L)``: what a generating function of ``L`` terms has to read to give exactly these terms.

    Args:
        read: ``C``, shape ``(..., H, N)``.
        transition: Shape ``(H, N, N)``.
        length: ``L``.

    Returns:
        Shape ``(..., H, N)``.

    Gu et al. 2022, *S4*, lemma C.3 and algorithm 1, line 1.
    """
    late = torch.linalg.matrix_power(transition, length)
    return read - torch.einsum("...hi,hij->...hj", read, late)


def whole_read(truncated: Tensor, transition: Tensor, length: int) -> Tensor:
    """The inverse of `truncated_read`, for the recurrence.

    Args:
        truncated: ``C (I - transition^L)``, shape ``(..., H, N)``.
        transition: Shape ``(H, N, N)``, stable.
        length: ``L``.

    Returns:
        Shape ``(..., H, N)``.
    """
    one = torch.eye(transition.shape[-1], dtype=transition.dtype, device=transition.device)
    left = (one - torch.linalg.matrix_power(transition, length)).transpose(-1, -2)
    solved: Tensor = torch.linalg.solve(left, truncated[..., None])
    return solved[..., 0]


def free_response(read: Tensor, transition: Tensor, state: Tensor, length: int) -> Tensor:
    """What is still to come out of a state if no further input arrives: ``read transition^(l+1) x``.

    Args:
        read: ``C``, shape ``(H, N)``.
        transition: Shape ``(H, N, N)``.
        state: Shape ``(B, H, n)``, complex128.
        length: ``L``.

    Returns:
        Shape ``(B, H, L)``, float64.
    """
    first = torch.einsum("hi,hij->hj", read, transition)
    return torch.einsum("hln,bhn->bhl", _orbit(transition, first, length), _parts(state))


def state_after(transition: Tensor, drive: Tensor, u: Tensor, state: Tensor) -> Tensor:
    """The state after many inputs.

    Args:
        transition: Shape ``(H, N, N)``.
        drive: Shape ``(H, N)``.
        u: Shape ``(B, H, L)``.
        state: Shape ``(B, H, n)`` before them, complex128.

    Returns:
        Shape ``(B, H, n)``, complex128.
    """
    length = u.shape[-1]
    reached = _orbit(transition.transpose(-1, -2), drive, length)  # (H, L, N), newest first
    forced = torch.einsum("bhl,hln->bhn", u.double().flip(-1), reached)
    late = torch.linalg.matrix_power(transition, length)
    return torch.complex(*(torch.einsum("hij,bhj->bhi", late, _parts(state)) + forced).chunk(2, dim=-1))


def _parts(state: Tensor) -> Tensor:
    return torch.cat([state.real, state.imag], dim=-1)


def _orbit(transition: Tensor, first: Tensor, length: int) -> Tensor:
    """Rows ``first transition^l`` for ``l < length``, shape ``(H, L, N)``, twice as many in each round."""
    rows, power = first[:, None], transition
    while rows.shape[1] < length:
        rows = torch.cat([rows, rows @ power], dim=1)
        power = power @ power
    return rows[:, :length]
