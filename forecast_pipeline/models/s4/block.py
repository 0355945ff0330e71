"""A residual block around a state space layer, which can be trained on sequences and streamed one bar at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from forecast_pipeline.models.s4.compiled_step import CompiledStep, can_move, can_take
from forecast_pipeline.models.s4.layer import S4Layer

if TYPE_CHECKING:
    import torch
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

    _compiled: CompiledStep | None = None

    def __init__(self, n_channels: int, settings: S4Settings | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(n_channels)
        self.layer = S4Layer(n_channels, settings)
        self._state_shape = (n_channels, self.layer.kernel.state_size // 2)
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
        if not self.training and can_move(state, self._state_shape) and can_take(u, (len(state), self._state_shape[0])):
            compiled = self.compiled_step(u.dtype)
            if compiled is not None:
                return compiled(u, state)
        y, state = self.layer.step(self.norm(u), state)
        return u + y, state

    def compiled_step(self, dtype: torch.dtype) -> CompiledStep | None:
        """The step in one call for few rows, made anew after any change; call it without gradients, in ``eval()``.

        Args:
            dtype: Of inputs.

        Returns:
            Nothing if parameters are of another type, on another device or not plain.

        Raises:
            InvalidConfiguration: If the layer is bidirectional.
        """
        # Attributes of a module are searched for, which for these few would take as long as the step itself.
        own: dict[str, Any] = self._modules
        norm, layer = own["norm"]._parameters, own["layer"]._modules  # noqa: SLF001
        recurrence, mix = layer["kernel"].recurrence(), layer["mix"]._parameters  # noqa: SLF001
        try:
            skip = own["layer"]._parameters["skip"]  # noqa: SLF001
            parameters = norm["weight"], norm["bias"], skip, mix["weight"], mix["bias"]
        except KeyError:  # another parameter computes it
            return None
        known = self._compiled
        if known is None or not known.is_of(recurrence, parameters):
            known = self._compiled = CompiledStep.of(recurrence, own["norm"].eps, parameters)
        return known if known is not None and known.views.dtype == dtype else None

    def initial_state(self, n_rows: int) -> Tensor:
        """The state of having seen nothing, shape ``(B, H, n)``.

        Args:
            n_rows: ``B``.
        """
        return self.layer.initial_state(n_rows)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_compiled": None}

    def _normal(self, u: Tensor) -> Tensor:
        normal: Tensor = self.norm(u.transpose(1, 2))
        return normal.transpose(1, 2)
