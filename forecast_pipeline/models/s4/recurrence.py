"""One step of a state space in constant time: poles in place, and for S4 a rank one that couples them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from forecast_pipeline.models.s4.discretisation import DiscretePoles

    Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Feedback:
    """Rank one of a step: ``x - column (2 Re sum_n row_n x_n)``.

    Attributes:
        row: Shape ``(H, N)``, float64, as of `real_row`.
        column: Shape ``(H, n)``, complex128.
    """

    row: Tensor
    column: Tensor


@dataclass(frozen=True, slots=True)
class RecurrentStep:
    """``x = pole x - column (2 Re row x) + drive u``, ``y = 2 Re sum_n read_n x_n``.

    A single step is all overhead of single operations, so that here, where nothing is trained, poles are complex.

    Attributes:
        pole: Shape ``(H, n)``, complex128.
        drive: Shape ``(H, n)``, complex128.
        read: ``C``, shape ``(H, N)``, float64, as of `real_row`.
        feedback: What couples the poles; nothing in a diagonal state space.
    """

    pole: Tensor
    drive: Tensor
    read: Tensor
    feedback: Feedback | None = None

    def __call__(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take one input.

        Args:
            u: Shape ``(B, H)``, real.
            state: Shape ``(B, H, n)``, complex128.

        Returns:
            Outputs of shape ``(B, H)``, float64, and the state afterwards.
        """
        after = torch.addcmul(self.drive * u[..., None], state, self.pole)
        if self.feedback is not None:
            coupled = _applied(self.feedback.row, state)
            after = torch.addcmul(after, self.feedback.column, coupled[..., None], value=-1)
        return _applied(self.read, after), after

    def table(self) -> npt.NDArray[np.float64]:
        """All numbers of the step in one array, real and imaginary parts apart, as a compiled loop likes them.

        Returns:
            Shape ``(H, 6, n)``: pole, drive, read; with feedback ``(H, 10, n)``: also its row and its column.

        Example:
            >>> one = torch.ones(1, 1, dtype=torch.complex128)
            >>> RecurrentStep(2 * one, 1j * one, real_row(one)).table().ravel().tolist()
            [2.0, 0.0, 0.0, 1.0, 2.0, -0.0]
        """
        numbers = [self.pole, self.drive, _in_turn(self.read)]
        if self.feedback is not None:
            numbers += [_in_turn(self.feedback.row), self.feedback.column]
        table: npt.NDArray[np.float64] = (
            torch.stack([part for each in numbers for part in torch.view_as_real(each).unbind(-1)], dim=1)
            .detach()
            .numpy()
        )
        return table


def real_row(weights: Tensor) -> Tensor:
    """``2 Re(w x)`` as a product of real numbers, on ``(Re x, Im x)`` in turn.

    Args:
        weights: Shape ``(H, n)``, complex.

    Returns:
        Shape ``(H, N)``.

    Example:
        >>> real_row(torch.tensor([[1.0 + 3.0j]])).tolist()
        [[2.0, -6.0]]
    """
    return 2.0 * torch.view_as_real(weights.conj().resolve_conj()).flatten(-2)


def diagonal_step(poles: DiscretePoles, read: Pair) -> RecurrentStep:
    """The step of a diagonal state space.

    Args:
        poles: Shape ``(H, n)``; their gains have taken in any ``B``.
        read: ``C``, shapes ``(H, n)``.

    Returns:
        Without feedback.
    """
    return RecurrentStep(torch.complex(*poles.pole()), torch.complex(*poles.gain), real_row(torch.complex(*read)))


def rank_one_step(eigenvalues: Pair, rank_one: Pair, drive: Pair, read: Pair, dt: Tensor) -> RecurrentStep:
    """One bilinear step of ``A = diag(Lambda) - P P*`` without any matrix.

    ``(I - dt/2 A)^-1 (I + dt/2 A)`` is ``2 (I - dt/2 A)^-1 - I``, and Woodbury inverts diagonal plus rank one: with
    ``D = 1 / (1 - dt/2 Lambda)`` the inverse is ``D - dt/2 D P P* D / (1 + dt/2 P* D P)``.

    Args:
        eigenvalues: ``Lambda``, shapes ``(H, n)``, float64.
        rank_one: ``P``, shapes ``(H, n)``, float64.
        drive: ``B``, shapes ``(H, n)``, float64.
        read: ``C``, shapes ``(H, n)``, float64.
        dt: Shape ``(H,)``, float64.

    Returns:
        With feedback.

    Gu et al. 2022, *S4*, appendix C.2.
    """
    half = 0.5 * dt[:, None]
    inverse = 1.0 / (1.0 - half * torch.complex(*eigenvalues))
    p, b = torch.complex(*rank_one), torch.complex(*drive)
    row = real_row(p.conj() * inverse)
    column = half * inverse * p / (1.0 + half * _applied(row, p)[:, None])
    pushed = 2.0 * half * (inverse * b - column * _applied(row, b)[:, None])
    feedback = Feedback(row, 2.0 * column)
    return RecurrentStep(2.0 * inverse - 1.0, pushed, real_row(torch.complex(*read)), feedback)


def _in_turn(row: Tensor) -> Tensor:
    """A real row, whose numbers meet real and imaginary parts in turn, as complex numbers."""
    return torch.view_as_complex(row.view(*row.shape[:-1], -1, 2))


def _applied(row: Tensor, state: Tensor) -> Tensor:
    applied: Tensor = torch.linalg.vecdot(torch.view_as_real(state).flatten(-2), row)
    return applied
