"""S4 as a module: diagonal plus rank one, started at HiPPO-LegS, its kernel from the generating function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from forecast_pipeline.models.s4.dense import (
    bilinear_step,
    free_response,
    pair_of,
    row_of,
    state_after,
    truncated_read,
    whole_read,
)
from forecast_pipeline.models.s4.hippo import nplr_legs
from forecast_pipeline.models.s4.rank_one import rank_one_kernel
from forecast_pipeline.models.s4.recurrence import RecurrentStep, rank_one_step
from forecast_pipeline.models.s4.sequence_kernel import SequenceKernel, complex_normal
from forecast_pipeline.models.s4.settings import S4Settings

if TYPE_CHECKING:
    from torch import Tensor

    Pair = tuple[Tensor, Tensor]


class DPLRKernel(SequenceKernel):
    """Bilinear step of ``A = diag(Lambda) - P P*``, ``K[l] = C dA^l dB``.

    ``P P*`` is never negative, so that poles stay stable while ``Re Lambda`` is negative.

    Attributes:
        log_decay: Shape ``(H, n)``, ``log(-Re Lambda)``.
        frequency: Shape ``(H, n)``, ``Im Lambda``.
        rank_one: Shape ``(H, n, 2)``, ``P``.
        drive: Shape ``(H, n, 2)``, ``B``.
        truncated: Shape ``(D, H, n, 2)``, ``C (I - dA^L)`` for ``L = kernel_length``, as in S4.
        kernel_length: ``L`` of these coefficients.

    Args:
        n_channels: ``H``.
        settings: Choices.

    Example:
        >>> tuple(DPLRKernel(3, S4Settings(kernel="dplr", state_size=4, kernel_length=8))(5).shape)
        (1, 3, 5)

    Gu, Goel, Ré 2022, *Efficiently Modeling Long Sequences with Structured State Spaces*.
    """

    def __init__(self, n_channels: int, settings: S4Settings | None = None) -> None:
        settings = S4Settings(kernel="dplr") if settings is None else settings
        super().__init__(n_channels, settings)
        self.kernel_length = settings.kernel_length
        normal = nplr_legs(self.state_size)
        eigenvalues, rank_one, drive = (
            torch.from_numpy(each).repeat(n_channels, 1) for each in (normal.eigenvalues, normal.rank_one, normal.drive)
        )
        self.log_decay = nn.Parameter(torch.log(-eigenvalues.real).float())
        self.frequency = nn.Parameter(eigenvalues.imag.float())
        self.rank_one = nn.Parameter(torch.view_as_real(rank_one).float())
        self.drive = nn.Parameter(torch.view_as_real(drive).float())
        read = complex_normal(self.n_kernels, n_channels, self.state_size // 2)
        with torch.no_grad():
            row = truncated_read(row_of(_pair(read)), self._dense()[0], self.kernel_length)
        self.truncated = nn.Parameter(torch.stack(pair_of(row), dim=-1).float())

    def dynamics(self) -> list[nn.Parameter]:
        """``dt``, ``A`` with its rank one, and ``B``."""
        return [self.log_dt, self.log_decay, self.frequency, self.rank_one, self.drive]

    def _eigenvalues(self) -> Pair:
        return -torch.exp(self.log_decay.double()), self.frequency.double()

    def _dense(self) -> Pair:
        dt = torch.exp(self.log_dt.double())
        return bilinear_step(self._eigenvalues(), _pair(self.rank_one), _pair(self.drive), dt)

    def _kernel(self, length: int) -> Tensor:
        truncated, n_terms = _pair(self.truncated), max(length, self.kernel_length)
        if n_terms > self.kernel_length:
            transition = self._dense()[0]
            row = whole_read(row_of(truncated), transition, self.kernel_length)
            truncated = pair_of(truncated_read(row, transition, n_terms))
        kernel = rank_one_kernel(
            self._eigenvalues(),
            _pair(self.rank_one),
            _pair(self.drive),
            truncated,
            torch.exp(self.log_dt.double()),
            n_terms,
            self.dtype,
        )
        return kernel[..., :length]

    def _row(self, transition: Tensor) -> Tensor:
        return whole_read(row_of(_pair(self.truncated[0])), transition, self.kernel_length)

    def _step(self) -> RecurrentStep:
        read = pair_of(self._row(self._dense()[0]))
        dt = torch.exp(self.log_dt.double())
        return rank_one_step(self._eigenvalues(), _pair(self.rank_one), _pair(self.drive), read, dt)

    def _advance(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        transition, drive = self._dense()
        response = free_response(self._row(transition), transition, state, u.shape[-1])
        return response, state_after(transition, drive, u, state)


def _pair(numbers: Tensor) -> Pair:
    real, imag = numbers.double().unbind(-1)
    return real, imag
