"""Whether parameters are still the ones that something was computed from, told without looking at their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch.nn import Parameter


def parameter_stamp(homes: Iterable[Mapping[str, Parameter | None]]) -> list[int]:
    """Where values are and how often they were written to: equal stamps mean that nothing that torch tells has changed.

    Of a step that takes tens of microseconds a comparison of all values would be a good part. A write through ``.data``
    into the same storage leaves no trace.

    Args:
        homes: ``_parameters`` of modules: a parameter that is put in the place of another one is found there.

    Returns:
        Two numbers for each parameter.

    Example:
        >>> import torch
        >>> module = torch.nn.Linear(2, 1)
        >>> before = parameter_stamp([module._parameters])
        >>> with torch.no_grad():
        ...     _ = module.bias.add_(1.0)
        >>> before == parameter_stamp([module._parameters]), len(before)
        (False, 4)
    """
    try:
        return [
            number
            for home in homes
            for each in home.values()
            if each is not None
            for number in (each.data_ptr(), each._version)  # noqa: SLF001 - nothing public tells
        ]
    except RuntimeError:  # made under inference_mode, where writes are not counted
        return [
            number
            for home in homes
            for each in home.values()
            if each is not None
            for number in (each.data_ptr(), 0 if each.is_inference() else each._version)  # noqa: SLF001
        ]
