"""Parameters of networks with state spaces in groups for the optimiser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.models.s4.parameter_groups import parameter_groups

if TYPE_CHECKING:
    from typing import Any

    from torch import nn


def state_space_groups(module: nn.Module, learning_rate: float, weight_decay: float) -> list[dict[str, Any]]:
    """Groups of the learning parameters: weights with decay, single numbers without, poles and steps slowly without.

    Args:
        module: Any network.
        learning_rate: Of all but poles and steps, which take 1e-3 at most.
        weight_decay: Of weights.

    Example:
        >>> from forecast_pipeline.models.s4.layer import S4DLayer
        >>> groups = state_space_groups(S4DLayer(2), 1e-2, 0.1)
        >>> [(group["name"], group["lr"], group["weight_decay"]) for group in groups]
        [('weights', 0.01, 0.1), ('single', 0.01, 0.0), ('dynamics', 0.001, 0.0)]
    """
    made: list[dict[str, Any]] = []
    for group in parameter_groups(module, learning_rate, weight_decay):
        if group["name"] == "dynamics":
            made.append(group)
            continue
        weights = [each for each in group["params"] if each.ndim > 1]
        single = [each for each in group["params"] if each.ndim <= 1]
        made.append({**group, "name": "weights", "params": weights})
        made.append({**group, "name": "single", "params": single, "weight_decay": 0.0})
    return [group for group in made if group["params"]]
