"""A block's step in one compiled call: which steps it can take, and the arrays that it takes them with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from forecast_pipeline.models.s4.recurrence import RecurrentStep

    Array = npt.NDArray[np.generic]

MOST_ROWS = 16
"""With more of them starting an operation no longer counts, and torch has all threads."""

_PRECISIONS = (torch.float32, torch.float64)


def can_step(u: Tensor, state: Tensor, n_channels: int) -> bool:
    """Whether nothing about a step calls for torch: gradients, autocast, another device, many rows.

    What has a wrong shape or type is torch's too, which says so.

    Args:
        u: Inputs of a step.
        state: Before it.
        n_channels: ``H``.

    Example:
        >>> u, state = torch.zeros(2, 3), torch.zeros(2, 3, 4, dtype=torch.complex128)
        >>> with torch.no_grad():
        ...     can_step(u, state, 3), can_step(u.half(), state, 3)
        (True, False)
        >>> can_step(u, state, 3)
        False
    """
    return (
        not torch.is_grad_enabled()
        and u.is_cpu
        and state.is_cpu
        and u.dtype in _PRECISIONS
        and state.dtype == torch.complex128
        and u.ndim == 2  # noqa: PLR2004 - rows and channels
        and len(u) <= MOST_ROWS
        and u.shape == state.shape[:2]
        and u.shape[1] == n_channels
        and state.ndim == 3  # noqa: PLR2004 - rows, channels, poles
        and not (u.requires_grad or state.requires_grad or torch.is_autocast_enabled("cpu"))
    )


@dataclass(frozen=True, slots=True, eq=False)
class CompiledStep:
    """The step of a block whose parameters are where they were when it was made.

    Parameters outside the recurrence are views, so that a value written to them is seen however it was written.

    Attributes:
        recurrence: What `table` is of.
        dtype: Of inputs and of the parameters outside it.
        addresses: Of the parameters outside it.
        arguments: What the compiled function takes behind inputs and states.
        function: The compiled function.
    """

    recurrence: RecurrentStep
    dtype: torch.dtype
    addresses: list[int]
    arguments: tuple[Any, ...]
    function: Callable[..., Array]

    @classmethod
    def of(cls, recurrence: RecurrentStep, epsilon: float, parameters: Sequence[Tensor]) -> Self | None:
        """The step, or nothing where a parameter is not a plain one that an array can show.

        Args:
            recurrence: Without gradients.
            epsilon: Of the norm.
            parameters: Weight and bias of the norm, skip, weight and bias of the gate.
        """
        first = parameters[0]
        if not all(each.is_cpu and each.is_contiguous() and each.dtype == first.dtype for each in parameters):
            return None
        # Whoever never streams never waits for the compiler.
        from forecast_pipeline.models.s4.kernel import step_block  # noqa: PLC0415

        views = [each.detach().numpy() for each in parameters]
        views[3] = views[3].reshape(views[3].shape[:2])
        arguments = (recurrence.table(), epsilon, *views)
        return cls(recurrence, first.dtype, [each.data_ptr() for each in parameters], arguments, step_block)

    def is_of(self, recurrence: RecurrentStep, parameters: Sequence[Tensor]) -> bool:
        """Whether it is still the step of these; arguments as of `of`."""
        return self.recurrence is recurrence and self.addresses == [each.data_ptr() for each in parameters]

    def __call__(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and the state afterwards; arguments as `can_step` wants them."""
        after = state.clone(memory_format=torch.contiguous_format)
        return torch.from_numpy(self.move(u.contiguous().numpy(), after.numpy())), after

    def move(self, u: Array, state: Array) -> Array:
        """Outputs, with the state moved in place; contiguous arrays of the shapes and types that `can_step` wants."""
        return self.function(u, state, *self.arguments)
