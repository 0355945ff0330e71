"""Parameters of a network in two groups, because poles and steps of a state space want neither decay nor haste."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.models.s4.sequence_kernel import SequenceKernel

if TYPE_CHECKING:
    from torch import nn

FASTEST_DYNAMICS = 1e-3
"""Largest learning rate of ``A`` and ``dt``; Gu et al. 2022 (S4D), appendix B."""


def parameter_groups(module: nn.Module, learning_rate: float, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimiser: what moves a state, without weight decay and at 1e-3 at most, and everything else.

    Args:
        module: Any network; kernels are found in it. Parameters that take no gradient are left out.
        learning_rate: Of everything else.
        weight_decay: Of everything else.

    Returns:
        First the rest, then ``A``, ``dt`` (and ``P``, ``B`` of ``dplr``) as groups with ``params``, ``lr``,
        ``weight_decay`` and ``name``; a group without parameters is left out.

    Example:
        >>> from forecast_pipeline.models.s4.layer import S4DLayer
        >>> groups = parameter_groups(S4DLayer(2), 1e-2, 0.1)
        >>> [(group["name"], group["lr"], group["weight_decay"], len(group["params"])) for group in groups]
        [('rest', 0.01, 0.1, 4), ('dynamics', 0.001, 0.0, 3)]
    """
    moving = {
        id(parameter) for each in module.modules() if isinstance(each, SequenceKernel) for parameter in each.dynamics()
    }
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    rest = [parameter for parameter in trained if id(parameter) not in moving]
    dynamics = [parameter for parameter in trained if id(parameter) in moving]
    slow = min(learning_rate, FASTEST_DYNAMICS)
    groups = [
        {"name": "rest", "params": rest, "lr": learning_rate, "weight_decay": weight_decay},
        {"name": "dynamics", "params": dynamics, "lr": slow, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
