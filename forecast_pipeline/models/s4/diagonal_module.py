"""S4D as a module: a diagonal state space whose kernel is made of real sines, cosines and exponentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from forecast_pipeline.models.s4.diagonal import diagonal_kernel, free_response, state_after
from forecast_pipeline.models.s4.discretisation import DiscretePoles, discretise
from forecast_pipeline.models.s4.initialisation import diagonal_init
from forecast_pipeline.models.s4.powers import product
from forecast_pipeline.models.s4.recurrence import RecurrentStep, diagonal_step
from forecast_pipeline.models.s4.sequence_kernel import SequenceKernel, complex_normal
from forecast_pipeline.models.s4.settings import S4Settings

if TYPE_CHECKING:
    from torch import Tensor

    Pair = tuple[Tensor, Tensor]


class S4DKernel(SequenceKernel):
    """Diagonal state space, ``K[l] = 2 Re sum_n C_n gain_n pole_n^l``.

    Attributes:
        log_decay: Shape ``(H, n)``, ``log(-Re A)``: poles stay stable whatever is learned.
        frequency: Shape ``(H, n)``, ``Im A``, radians in the time of ``dt``.
        read: Shape ``(D, H, n, 2)``, real and imaginary part of ``C``, ``B`` absorbed.
        drive: Shape ``(H, n, 2)``, ``B``, or nothing where it is absorbed.

    Args:
        n_channels: ``H``.
        settings: Choices; those of ``dplr`` are not read.

    Example:
        >>> tuple(S4DKernel(3, S4Settings(state_size=4))(5).shape)
        (1, 3, 5)

    Gu, Gupta, Goel, Ré 2022, *On the Parameterization and Initialization of Diagonal State Space Models*.
    """

    read: nn.Parameter
    drive: nn.Parameter | None

    def __init__(self, n_channels: int, settings: S4Settings | None = None) -> None:
        settings = S4Settings() if settings is None else settings
        super().__init__(n_channels, settings)
        self.rule = settings.rule
        poles, drive = (torch.from_numpy(each) for each in diagonal_init(settings.initialisation, self.state_size))
        n_pairs = len(poles)
        self.log_decay = nn.Parameter(torch.log(-poles.real).float().repeat(n_channels, 1))
        self.frequency = nn.Parameter(poles.imag.float().repeat(n_channels, 1))
        start, pairs = complex_normal(self.n_kernels, n_channels, n_pairs), torch.view_as_real(drive).float()
        if settings.trainable_drive:
            self.read, self.drive = nn.Parameter(start), nn.Parameter(pairs.repeat(n_channels, 1, 1))
        else:
            absorbed = product((start[..., 0], start[..., 1]), (pairs[..., 0], pairs[..., 1]))
            self.read = nn.Parameter(torch.stack(absorbed, dim=-1))
            self.register_parameter("drive", None)

    def dynamics(self) -> list[nn.Parameter]:
        """``dt`` and ``A``."""
        return [self.log_dt, self.log_decay, self.frequency]

    def _poles(self) -> DiscretePoles:
        decay = -torch.exp(self.log_decay.double())
        poles = discretise(decay, self.frequency, torch.exp(self.log_dt.double()), self.rule)
        if self.drive is None:
            return poles
        return DiscretePoles(poles.log_modulus, poles.phase, product(poles.gain, _pair(self.drive)))

    def _kernel(self, length: int) -> Tensor:
        return diagonal_kernel(self._poles(), _pair(self.read), length, self.dtype)

    def _step(self) -> RecurrentStep:
        return diagonal_step(self._poles(), _pair(self.read[0]))

    def _advance(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        poles = self._poles()
        response = free_response(poles, _pair(self.read[0]), state, u.shape[-1])
        return response, state_after(poles, poles.gain, u, state)


def _pair(numbers: Tensor) -> Pair:
    real, imag = numbers.double().unbind(-1)
    return real, imag
