"""One state space layer: convolution, skip, GELU, and a gate that mixes channels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.convolution import causal_convolution, two_sided_convolution
from forecast_pipeline.models.s4.diagonal_module import S4DKernel
from forecast_pipeline.models.s4.dplr_module import DPLRKernel
from forecast_pipeline.models.s4.settings import S4Settings

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.s4.sequence_kernel import SequenceKernel


class S4Layer(nn.Module):
    """``GLU(W gelu(K * u + D u) + b)`` over channels, with the exact GELU and a GLU that gates its first half.

    Attributes:
        kernel: ``K``, of the kind that the settings say.
        skip: Shape ``(H,)``, ``D``.
        mix: ``W`` of shape ``(2 H, H, 1)`` and ``b``.

    Args:
        n_channels: ``H``.
        settings: Choices.

    Example:
        >>> tuple(S4Layer(3, S4Settings(state_size=4))(torch.zeros(2, 3, 5)).shape)
        (2, 3, 5)

    Gu et al. 2022 (S4D); ``models/s4/s4d.py`` of state-spaces/s4.
    """

    kernel: SequenceKernel

    def __init__(self, n_channels: int, settings: S4Settings | None = None) -> None:
        super().__init__()
        settings = S4Settings() if settings is None else settings
        self.kernel = (DPLRKernel if settings.kernel == "dplr" else S4DKernel)(n_channels, settings)
        self.skip = nn.Parameter(torch.randn(n_channels))
        self.mix = nn.Conv1d(n_channels, 2 * n_channels, kernel_size=1)

    def forward(self, u: Tensor) -> Tensor:
        """A whole sequence, from the state of having seen nothing.

        Args:
            u: Shape ``(B, H, L)``, oldest first. A NaN makes all outputs of its row NaN.

        Returns:
            Shape ``(B, H, L)``.

        Raises:
            InvalidConfiguration: If ``u`` has another number of axes or channels.
        """
        return self._gate(self._convolved(u), u.dtype)

    def advance(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """A whole sequence that goes on from a state.

        Args:
            u: Shape ``(B, H, L)``, oldest first.
            state: Shape ``(B, H, n)`` before it.

        Returns:
            Outputs of shape ``(B, H, L)`` and the state after them.

        Raises:
            InvalidConfiguration: If the layer is bidirectional or the shape of ``u`` is wrong.
        """
        response, state = self.kernel.advance(u, state)
        convolved = self._convolved(u)
        return self._gate(convolved + response.to(convolved.dtype), u.dtype), state

    def step(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One input in constant time, equal to what `forward` gives at that place.

        Args:
            u: Shape ``(B, H)``.
            state: Shape ``(B, H, n)``.

        Returns:
            Outputs of shape ``(B, H)`` and the state afterwards.

        Raises:
            InvalidConfiguration: If the layer is bidirectional.
        """
        y, state = self.kernel.step(u, state)
        y = torch.addcmul(y.to(u.dtype), self.skip.to(u.dtype), u)
        # The library's GELU takes longer to start than these three to run.
        y = torch.addcmul(y, y, torch.erf(y * math.sqrt(0.5))).mul_(0.5)
        return functional.glu(functional.linear(y, self.mix.weight.squeeze(-1), self.mix.bias), dim=1), state

    def initial_state(self, n_rows: int) -> Tensor:
        """The state of having seen nothing, shape ``(B, H, n)``.

        Args:
            n_rows: ``B``.
        """
        return self.kernel.initial_state(n_rows)

    def _convolved(self, u: Tensor) -> Tensor:
        if u.ndim != 3 or u.shape[1] != self.kernel.n_channels:  # noqa: PLR2004 - rows, channels, steps
            raise InvalidConfiguration(
                f"inputs must have shape (rows, channels={self.kernel.n_channels}, steps)",
                was=str(tuple(u.shape)),
                do="put channels before steps",
            )
        kernels = self.kernel(u.shape[-1])
        # The skip is a kernel of lag zero, which saves passes over all of the sequence.
        present = functional.pad(self.skip.to(kernels.dtype)[:, None], (0, u.shape[-1] - 1))
        causal = kernels[0] + present
        return two_sided_convolution(u, causal, kernels[1]) if len(kernels) > 1 else causal_convolution(u, causal)

    def _gate(self, convolved: Tensor, dtype: torch.dtype) -> Tensor:
        mixed: Tensor = self.mix(functional.gelu(convolved).to(dtype))  # (B, 2 H, L)
        return functional.glu(mixed, dim=1)


class S4DLayer(S4Layer):
    """`S4Layer` with the diagonal kernel, ready to use.

    Args:
        n_channels: ``H``.
        settings: Choices, with ``kernel`` left at ``s4d``.

    Raises:
        InvalidConfiguration: If the settings ask for another kernel.

    Example:
        >>> type(S4DLayer(3, S4Settings(state_size=4)).kernel).__name__
        'S4DKernel'
    """

    def __init__(self, n_channels: int, settings: S4Settings | None = None) -> None:
        settings = S4Settings() if settings is None else settings
        if settings.kernel != "s4d":
            raise InvalidConfiguration("an S4DLayer must have kernel s4d", was=settings.kernel, do="use S4Layer")
        super().__init__(n_channels, settings)
