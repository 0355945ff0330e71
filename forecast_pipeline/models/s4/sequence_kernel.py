"""What both kernels promise: a convolution to train with, the same as a recurrence, both remembered at evaluation."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.parameter_stamp import parameter_stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from torch import Tensor

    from forecast_pipeline.models.s4.recurrence import RecurrentStep
    from forecast_pipeline.models.s4.settings import S4Settings

    Pair = tuple[Tensor, Tensor]

Value = TypeVar("Value")


class SequenceKernel(nn.Module, ABC):
    """Linear, time-invariant and causal: ``H`` channels, each with its own state of ``N`` real numbers.

    Without gradients and outside training, kernels and steps are computed once for given parameter *values* and length;
    any change of a value, ``train()`` or a move to another device or type lets them go. They are never saved. A stream
    compares values when it begins; while it runs, a write through ``.data`` is not noticed, any other is.

    Attributes:
        n_channels: ``H``.
        state_size: ``N``.
        n_kernels: ``D``.
        log_dt: Shape ``(H,)``, logarithm of the step.
    """

    log_dt: nn.Parameter

    def __init__(self, n_channels: int, settings: S4Settings) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.state_size = settings.state_size
        self.n_kernels = settings.n_kernels
        low, high = torch.log(torch.tensor([settings.dt_min, settings.dt_max])).tolist()
        self.log_dt = nn.Parameter(low + (high - low) * torch.rand(n_channels))
        self._values: list[Tensor] = []
        self._remembered: dict[str, tuple[int, object]] = {}
        self._stream: tuple[list[int], RecurrentStep] | None = None

    @property
    def dtype(self) -> torch.dtype:
        """Of kernels: float64 where parameters are, float32 in every other case."""
        return torch.float64 if self.log_dt.dtype == torch.float64 else torch.float32

    def forward(self, length: int) -> Tensor:
        """Kernels, in float32 or float64 also under autocast.

        Args:
            length: ``L``, at least 1.

        Returns:
            Shape ``(D, H, L)``.

        Raises:
            InvalidConfiguration: If ``length`` is less than 1.
        """
        if length < 1:
            raise InvalidConfiguration(
                "a sequence must have at least one step", was=str(length), do="give a longer one"
            )
        return self._remember("kernel", length, lambda: self._kernel(length))

    def step(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the recurrence, in constant time; call it without gradients, in ``eval()``.

        Args:
            u: Shape ``(B, H)``.
            state: Shape ``(B, H, n)`` from `initial_state` or an earlier step.

        Returns:
            Outputs of shape ``(B, H)``, float64, and the state afterwards.

        Raises:
            InvalidConfiguration: If the layer is bidirectional.
        """
        return self.recurrence()(u, state)  # complex128, which autocast leaves alone

    def recurrence(self) -> RecurrentStep:
        """What `step` applies: the same object for as long as no parameter changes.

        Raises:
            InvalidConfiguration: If the layer is bidirectional.
        """
        self._refuse_two_sided()
        stamp = parameter_stamp([self._parameters])
        if self._stream is not None and self._stream[0] == stamp and self._is_evaluation:
            return self._stream[1]
        recurrence = self._remember("step", 1, self._step)
        self._stream = (stamp, recurrence) if self._is_evaluation else None
        return recurrence

    def advance(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """What an earlier state adds to the outputs of a whole sequence, and the state after it.

        Args:
            u: Shape ``(B, H, L)``.
            state: Shape ``(B, H, n)`` before it.

        Returns:
            Outputs owed to the earlier state, shape ``(B, H, L)``, float64, and the state afterwards.

        Raises:
            InvalidConfiguration: If the layer is bidirectional.
        """
        self._refuse_two_sided()
        with torch.autocast(u.device.type, enabled=False):
            return self._advance(u, state)

    def initial_state(self, n_rows: int) -> Tensor:
        """The state of having seen nothing.

        It is complex128 whatever the parameters are: a state lives through thousands of steps, and few numbers do.

        Args:
            n_rows: ``B``.

        Returns:
            Zeros of shape ``(B, H, n)``.
        """
        self._stream = None
        shape = (n_rows, self.n_channels, self.state_size // 2)
        return torch.zeros(shape, dtype=torch.complex128, device=self.log_dt.device)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's signature
        """Switch the mode and forget what was remembered."""
        self._forget()
        return super().train(mode)

    @abstractmethod
    def dynamics(self) -> list[nn.Parameter]:
        """Parameters that say how a state moves, and need small steps and no weight decay."""

    @abstractmethod
    def _kernel(self, length: int) -> Tensor: ...

    @abstractmethod
    def _step(self) -> RecurrentStep: ...

    @abstractmethod
    def _advance(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]: ...

    @property
    def _is_evaluation(self) -> bool:
        return not (self.training or torch.is_grad_enabled())

    def _remember(self, name: str, length: int, compute: Callable[[], Value]) -> Value:
        if self._is_evaluation:
            values = list(self.parameters())
            # Values are compared, because nothing tells that somebody wrote through ``.data``, as weight averages do.
            if len(values) != len(self._values) or not all(map(torch.equal, values, self._values)):
                self._forget()
                self._values = [value.detach().clone() for value in values]
            known = self._remembered.get(name)
            if known is not None and known[0] == length:
                return known[1]  # type: ignore[return-value]
        with torch.autocast(self.log_dt.device.type, enabled=False):
            value = compute()
        if self._is_evaluation:
            self._remembered[name] = (length, value)
        return value

    def _forget(self) -> None:
        self._values, self._remembered, self._stream = [], {}, None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's
        self._forget()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_values": [], "_remembered": {}, "_stream": None}

    def _refuse_two_sided(self) -> None:
        if self.n_kernels > 1:
            raise InvalidConfiguration(
                "a layer that streams must be causal",
                was="bidirectional",
                why="its outputs wait for inputs that are not there yet",
                do="set bidirectional to false",
            )


def complex_normal(*shape: int) -> Tensor:
    """Complex numbers of unit variance as pairs in the last axis, so that optimisers see real parameters.

    Args:
        shape: Of the complex numbers.

    Returns:
        Shape ``(*shape, 2)``.

    Example:
        >>> tuple(complex_normal(3, 4).shape)
        (3, 4, 2)
    """
    return torch.randn(*shape, 2) * math.sqrt(0.5)
