"""Weights of a network as plain arrays, the form in which artifacts keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from forecast_pipeline.core.errors import CorruptData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn


def arrays_of(network: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, copied."""
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def load_arrays(network: nn.Module, arrays: Mapping[str, object]) -> None:
    """Put arrays into a network.

    Raises:
        CorruptData: If names or shapes are not those of the network.
    """
    tensors = {name: torch.as_tensor(np.asarray(value)) for name, value in arrays.items()}
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        found = " ".join(str(error).split())[:200]
        raise CorruptData("weights must fit the network of the settings", was=found, do="train it again") from None


def fits(network: nn.Module, arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether arrays have the names and shapes of the network."""
    own = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    return own == {name: tuple(value.shape) for name, value in arrays.items()}
