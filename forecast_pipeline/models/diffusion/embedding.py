"""A diffusion step as a vector that a network can tell from its neighbours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from torch import Tensor

_LONGEST_PERIOD = 10_000.0  # Vaswani et al. 2017, section 3.5


class SinusoidalEmbedding(nn.Module):
    """Cosines and sines of the step at geometrically spaced frequencies (Vaswani et al. 2017, section 3.5).

    Args:
        width: Number of values, even, at least 2.

    Raises:
        InvalidConfiguration: If the width is odd or too small.

    Example:
        >>> SinusoidalEmbedding(4)(torch.tensor(0)).tolist()
        [1.0, 1.0, 0.0, 0.0]
    """

    frequencies: Tensor

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        if width < 2 or width % 2:  # noqa: PLR2004 - a cosine and a sine
            raise InvalidConfiguration("width of the time embedding must be even and at least 2", was=str(width))
        half = width // 2
        exponents = torch.arange(half, dtype=torch.float32) / half
        self.register_buffer("frequencies", torch.exp(-math.log(_LONGEST_PERIOD) * exponents), persistent=False)

    def forward(self, step: Tensor) -> Tensor:
        """Embed steps of any shape; returns that shape with ``width`` behind it."""
        angles = step[..., None].to(self.frequencies.dtype) * self.frequencies
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class TimeEmbedding(nn.Module):
    """Sinusoids of the step through two dense layers of the same width, SiLU between them.

    Args:
        width: Number of values, even.

    Raises:
        InvalidConfiguration: If the width is odd or too small.

    Example:
        >>> TimeEmbedding(8)(torch.tensor([0, 999])).shape
        torch.Size([2, 8])
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            SinusoidalEmbedding(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
        )

    def forward(self, step: Tensor) -> Tensor:
        """Embed steps of any shape; returns that shape with ``width`` behind it."""
        embedded: Tensor = self.layers(step)
        return embedded
