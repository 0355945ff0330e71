"""A denoiser that is told how large the whole noisy vector is, and may answer with a gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from forecast_pipeline.models.diffusion.denoiser import DiffusionModel

if TYPE_CHECKING:
    from collections.abc import Callable


class RadialDenoiser(nn.Module):
    """`DiffusionModel` of one dimension more: the log mean square goes in, a gain on the noisy vector comes out.

    Returns share shocks of volatility, so the score of a path bends with its length: for a scale mixture of normals
    it is the vector times a function of its norm. A plain network has to build that product from samples of many
    dimensions; here it is one number, and a few thousand paths are enough to learn it. Output starts at 0 as before.
    For v only: what an epsilon network passes around itself has no meaning for the added dimension.

    Args:
        n_dims: Length of the noisy vector.
        n_context: Length of the context.
        width: Width of the residual stream.
        n_blocks: Residual blocks.
        dropout: Share dropped within each block while training.

    Example:
        >>> model = RadialDenoiser(4, 3, width=16, n_blocks=1)
        >>> noisy, step, context = torch.ones(5, 4), torch.zeros(5, dtype=torch.long), torch.ones(5, 3)
        >>> tuple(model(noisy, step, context).shape)
        (5, 4)
    """

    def __init__(
        self,
        n_dims: int,
        n_context: int,
        *,
        width: int,
        n_blocks: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.network = DiffusionModel(n_dims + 1, n_context, width=width, n_blocks=n_blocks, dropout=dropout)

    def forward(self, noisy: Tensor, step: Tensor, context: Tensor) -> Tensor:
        """Predict for each row; arguments as in `DiffusionModel.forward`."""
        return self.conditioned(context)(noisy, step)

    def conditioned(self, context: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """The network with the context worked in, as `samplers.draw` takes it."""
        inner = self.network.conditioned(context)

        def denoise(noisy: Tensor, step: Tensor) -> Tensor:
            size = torch.log(noisy.square().mean(dim=-1, keepdim=True) + 1e-3)
            predicted = inner(torch.cat([noisy, size], dim=-1), step)
            return predicted[..., :-1] + predicted[..., -1:] * noisy

        return denoise
