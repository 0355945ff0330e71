"""A block's step in one compiled call: which steps it can take, and the arrays that it takes them with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from forecast_pipeline.models.s4.recurrence import RecurrentStep

    Reals = npt.NDArray[np.floating]

MOST_ROWS = 16
"""With more of them starting an operation no longer counts, and torch has all threads."""

_PRECISIONS = (torch.float32, torch.float64)


def can_take(u: Tensor, shape: tuple[int, int]) -> bool:
    """Whether nothing about an input calls for torch: gradients, autocast, another device, many rows.

    A wrong shape or type is torch's too, which says so.

    Args:
        u: Of a step.
        shape: That it should have.

    Example:
        >>> u = torch.zeros(2, 3)
        >>> with torch.no_grad():
        ...     can_take(u, (2, 3)), can_take(u.half(), (2, 3)), can_take(u, (1, 3))
        (True, False, False)
        >>> can_take(u, (2, 3))
        False
    """
    return (
        not torch.is_grad_enabled()
        and u.is_cpu
        and u.dtype in _PRECISIONS
        and u.shape == shape
        and shape[0] <= MOST_ROWS
        and not (u.requires_grad or torch.is_autocast_enabled("cpu"))
    )


def can_move(state: Tensor, shape: tuple[int, int]) -> bool:
    """Whether a state can be moved without torch.

    Args:
        state: Before a step.
        shape: ``(H, n)`` that a row of it should have.

    Example:
        >>> can_move(torch.zeros(2, 3, 4, dtype=torch.complex128), (3, 4)), can_move(torch.zeros(2, 3, 4), (3, 4))
        (True, False)
    """
    return (
        state.is_cpu
        and state.dtype == torch.complex128
        and state.ndim == 3  # noqa: PLR2004 - rows, channels, poles
        and state.shape[1:] == shape
        and not state.requires_grad
    )


@dataclass(frozen=True, slots=True, eq=False)
class ParameterViews:
    """Arrays that show parameters, so that a value written to one is seen however it was written.

    Attributes:
        arrays: In their order, without axes of length one at the end.
        addresses: Where the values are.
        dtype: Of all of them.
    """

    arrays: tuple[Reals, ...]
    addresses: list[int]
    dtype: torch.dtype

    @classmethod
    def of(cls, parameters: Sequence[Tensor]) -> Self | None:
        """Views, or nothing where a parameter is not a plain one that an array can show.

        Args:
            parameters: At least one.

        Example:
            >>> weight = torch.ones(2, 2, 1)
            >>> views = ParameterViews.of([weight])
            >>> weight.data.mul_(3.0).shape, views.arrays[0].tolist()
            (torch.Size([2, 2, 1]), [[3.0, 3.0], [3.0, 3.0]])
        """
        dtype = parameters[0].dtype
        if dtype not in _PRECISIONS or not all(
            each.is_cpu and each.is_contiguous() and each.dtype == dtype for each in parameters
        ):
            return None
        arrays = tuple(each.detach().numpy() for each in parameters)
        flat = tuple(each[..., 0] if each.ndim > 2 else each for each in arrays)  # noqa: PLR2004 - a matrix
        return cls(flat, [each.data_ptr() for each in parameters], dtype)

    def show(self, parameters: Sequence[Tensor]) -> bool:
        """Whether these are still the ones."""
        return self.addresses == [each.data_ptr() for each in parameters]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledStep:
    """The step of a block whose parameters are where they were when it was made.

    Attributes:
        recurrence: Without gradients.
        views: Weight and bias of the norm, skip, weight and bias of the gate.
        table: Of the recurrence.
        epsilon: Of the norm.
        function: The compiled function.
    """

    recurrence: RecurrentStep
    views: ParameterViews
    table: npt.NDArray[np.float64]
    epsilon: float
    function: Any

    @classmethod
    def of(cls, recurrence: RecurrentStep, epsilon: float, parameters: Sequence[Tensor]) -> Self | None:
        """The step, or nothing where a parameter is not a plain one.

        Args:
            recurrence: Without gradients.
            epsilon: Of the norm.
            parameters: As of ``views``.
        """
        views = ParameterViews.of(parameters)
        if views is None:
            return None
        # Whoever never streams never waits for the compiler.
        from forecast_pipeline.models.s4.kernel import step_block

        return cls(recurrence, views, recurrence.table(), epsilon, step_block)

    def is_of(self, recurrence: RecurrentStep, parameters: Sequence[Tensor]) -> bool:
        """Whether it is still the step of these."""
        return self.recurrence is recurrence and self.views.show(parameters)

    def __call__(self, u: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and the state afterwards; arguments that `can_take` and `can_move` allow."""
        arguments = (self.table, self.epsilon, *self.views.arrays)
        y, after = self.function(u.contiguous().numpy(), state.contiguous().numpy(), *arguments)
        return torch.from_numpy(y), torch.from_numpy(after)
