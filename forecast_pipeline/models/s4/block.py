"""A residual block around a state space layer, which can be trained on sequences and streamed one bar at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from forecast_pipeline.models.s4.layer import S4Layer

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.s4.settings import S4Settings


class S4Block(nn.Module):
    """``u + dropout(layer(norm(u)))``, normalised over channels, so that each step is its own business.

    Inputs are ``(B, H, L)``, channels before steps: FFTs run along the last axis. Causal unless the settings say
    ``bidirectional``.

    Attributes:
        norm: Layer norm over the ``H`` channels of a step.
        layer: The state space.
        dropout: Of single numbers, before the sum.

    Args:
        n_channels: ``H``.
        settings: Choices of the layer.
        dropout: Probability.

    Example:
        >>> import torch
        >>> from forecast_pipeline.models.s4.settings import S4Settings
        >>> block = S4Block(3, S4Settings(state_size=4)).eval()
        >>> u = torch.randn(2, 3, 5)
        >>> with torch.no_grad():
        ...     y, state = block.step(u[..., 0], block.initial_state(2))
        ...     bool(torch.allclose(y, block(u)[..., 0], atol=1e-5))
        True
    """

    def __init__(self, n_channels: int, settings: S4Settings | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(n_channels)
        self.layer = S4Layer(n_channels, settings)
        self.dropout = nn.Dropout(dropout)

    def forward(self, u: Tensor) -> Tensor:
        """A whole sequence.

        Args:
            u: Shape ``(B, H, L)``, oldest first.

        Returns:
            Shape ``(B, H, L)``.

        Raises:
            InvalidConfiguration: If ``u`` has another number of axes or channels.
        """
        y: Tensor = self.dropout(self.layer(self._normal(u)))
        return u + y

    def advance(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """A whole sequence that goes on from a state, for instance to warm up a stream.

        Args:
            u: Shape ``(B, H, L)``, oldest first.
            state: Shape ``(B, H, n)`` before it.

        Returns:
            Outputs of shape ``(B, H, L)`` and the state after them.

        Raises:
            InvalidConfiguration: If the layer is bidirectional or the shape of ``u`` is wrong.
        """
        y, state = self.layer.advance(self._normal(u), state)
        return u + self.dropout(y), state

    def step(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One input in constant time, without dropout; call it without gradients, in ``eval()``.

        Args:
            u: Shape ``(B, H)``.
            state: Shape ``(B, H, n)``.

        Returns:
            Outputs of shape ``(B, H)`` and the state afterwards.

        Raises:
            InvalidConfiguration: If the layer is bidirectional.
        """
        y, state = self.layer.step(self.norm(u), state)
        return u + y, state

    def initial_state(self, n_rows: int) -> Tensor:
        """The state of having seen nothing, shape ``(B, H, n)``.

        Args:
            n_rows: ``B``.
        """
        return self.layer.initial_state(n_rows)

    def _normal(self, u: Tensor) -> Tensor:
        normal: Tensor = self.norm(u.transpose(1, 2))
        return normal.transpose(1, 2)
