"""One bar through the whole stack of a timeframe in one compiled call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from forecast_pipeline.models.s4.compiled_step import ParameterViews
from forecast_pipeline.models.s4.parameter_stamp import parameter_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

    from forecast_pipeline.models.s4.block import S4Block


@dataclass(frozen=True, slots=True, eq=False)
class CompiledStack:
    """Copies of all parameters between a bar and the normalised output, laid side by side.

    Attributes:
        homes: Where the parameters are, as of `parameter_stamp`.
        stamp: Of the parameters that were copied.
        dtype: Of bars and parameters.
        arguments: What the compiled function takes behind bars, states and totals.
        function: The compiled function.
    """

    homes: list[dict[str, nn.Parameter | None]]
    stamp: list[int]
    dtype: torch.dtype
    arguments: tuple[Any, ...]
    function: Any

    @classmethod
    def of(cls, entry: nn.Linear, blocks: Sequence[S4Block], norm: nn.LayerNorm) -> Self | None:
        """The stack; call it without gradients, in ``eval()``.

        Args:
            entry: Columns to channels.
            blocks: At least one, alike in shape.
            norm: Of the outputs.

        Returns:
            Nothing if parameters are of mixed types, on another device or not plain.
        """
        homes = [each._parameters for part in (entry, *blocks, norm) for each in part.modules()]  # noqa: SLF001
        dtype, stamp = entry.weight.dtype, parameter_stamp(homes)
        ends = ParameterViews.of((entry.weight, entry.bias, norm.weight, norm.bias))
        steps = [step for step in (block.compiled_step(dtype) for block in blocks) if step is not None]
        if ends is None or len(steps) < len(blocks):
            return None
        from forecast_pipeline.models.s4.kernel import step_stack

        entry_weight, *vectors = ends.arrays
        arguments = (
            np.stack([step.table for step in steps]),
            np.array([*(step.epsilon for step in steps), norm.eps]),
            np.stack([np.concatenate([*step.views.arrays[:3], step.views.arrays[4]]) for step in steps]),
            np.stack([step.views.arrays[3] for step in steps]),
            entry_weight.copy(),
            np.stack(vectors),
        )
        return cls([home for home in homes if home], stamp, dtype, arguments, step_stack)

    def is_current(self) -> bool:
        """Whether parameters are still the ones that were copied."""
        return self.stamp == parameter_stamp(self.homes)

    def push(self, bar: Tensor, states: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        """Take a bar.

        Args:
            bar: Shape ``(B, F)``.
            states: Shape ``(n_layers, B, H, n)``, contiguous, moved in place.
            total: Sum of earlier outputs, shape ``(B, H)``, float64.

        Returns:
            The normalised output and the new sum, shapes ``(B, H)``.
        """
        last, summed = self.function(bar.contiguous().numpy(), states.numpy(), total.numpy(), *self.arguments)
        return torch.from_numpy(last), torch.from_numpy(summed)
