"""The diffusion head: all increments of a path denoised at once, or each horizon by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from forecast_pipeline.models.diffusion.denoiser import DiffusionModel
from forecast_pipeline.models.diffusion.radial import RadialDenoiser
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from forecast_pipeline.models.sssd.parameters import SSSDParameters

CosineNoiseScheduler = NoiseSchedule
"""The specification's name of the cosine schedule."""


class HorizonEmbeddings(nn.Module):
    """A learned vector for each horizon, and what a context says to each of them.

    Attributes:
        vectors: Shape ``(K, horizon_dim)``.

    Args:
        n_horizons: ``K``.
        horizon_dim: Length of a vector.
        n_context: Length of the context.

    Example:
        >>> tuple(HorizonEmbeddings(10, 32, 64)(torch.zeros(5, 64)).shape)
        (5, 10)
    """

    def __init__(self, n_horizons: int, horizon_dim: int, n_context: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(n_horizons, horizon_dim) * horizon_dim**-0.5)
        self.asked = nn.Linear(n_context, horizon_dim)

    def forward(self, context: Tensor) -> Tensor:
        """Product of each horizon's vector with the projected context, shape ``(B, K)``."""
        said: Tensor = self.asked(context) @ self.vectors.T
        return said

    def beside(self, context: Tensor) -> Tensor:
        """The context with each horizon's vector beside it, shape ``(B, K, n_context + horizon_dim)``."""
        n_rows, n_horizons = context.shape[0], self.vectors.shape[0]
        rows = context[:, None, :].expand(n_rows, n_horizons, -1)
        return torch.cat([rows, self.vectors.expand(n_rows, -1, -1)], dim=-1)


class DiffusionHead(nn.Module):
    """Predicts v or epsilon of noisy normal scores of paths, given a context.

    ``joint`` sees all ``C K`` scores at once: horizons are sums of increments, so they cannot contradict each other.
    ``per_horizon`` sees the ``C`` scores of one horizon's own increment and, as one more number, the horizon's
    cumulative return, which may contradict the sum of the increments (`consistency_loss`). It is the specification's,
    kept to compare with: its increments are independent of each other given the context.

    Args:
        settings: Sizes and mode.
        n_channels: Channels of a path ``C``.
        horizons: Ends of the increments in bars, ``K`` of them.
    """

    shares: Tensor

    def __init__(self, settings: SSSDParameters, n_channels: int, horizons: Sequence[int]) -> None:
        super().__init__()
        self.is_joint = settings.head_mode == "joint"
        self.n_channels, self.n_horizons = n_channels, len(horizons)
        self.schedule = CosineNoiseScheduler(settings.T, settings.parameterization)
        self.embeddings = HorizonEmbeddings(self.n_horizons, settings.horizon_dim, settings.context_dim)
        n_dims = n_channels * self.n_horizons if self.is_joint else n_channels + 1
        n_more = self.n_horizons if self.is_joint else settings.horizon_dim
        width, n_blocks, n_context = settings.denoiser_width, settings.denoiser_blocks, settings.context_dim + n_more
        self.denoiser: RadialDenoiser | DiffusionModel
        if self.is_joint and settings.parameterization == "v":
            # Increments share shocks of volatility, so that the size of a path says much of its score.
            self.denoiser = RadialDenoiser(n_dims, n_context, width=width, n_blocks=n_blocks)
        else:
            self.denoiser = DiffusionModel(n_dims, n_context, width=width, n_blocks=n_blocks, schedule=self.schedule)
        self.register_buffer("shares", cumulative_shares(horizons), persistent=False)

    def noise_shape(self, n_rows: int) -> tuple[int, ...]:
        """Shape of the noise of ``n_rows`` paths."""
        if self.is_joint:
            return (n_rows, self.n_channels * self.n_horizons)
        return (n_rows, self.n_horizons, self.n_channels + 1)

    def values(self, scores: Tensor) -> Tensor:
        """What is noised of scores of shape ``(B, C, K)``, shape `noise_shape`."""
        if self.is_joint:
            return scores.flatten(1)
        return torch.cat([scores, (scores[:, 0] @ self.shares)[:, None]], dim=1).transpose(1, 2)

    def scores(self, values: Tensor) -> Tensor:
        """Scores of shape ``(B, C, K)`` of what `values` gave, or of draws like it."""
        if self.is_joint:
            return values.view(-1, self.n_channels, self.n_horizons)
        return values[..., : self.n_channels].transpose(1, 2)

    def conditioned(self, context: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """``denoise(noisy, step)`` for rows of this context, shape ``(B, n_context)`` or ``(1, n_context)``."""
        if self.is_joint:
            return self.denoiser.conditioned(torch.cat([context, self.embeddings(context)], dim=1))
        denoise = self.denoiser.conditioned(self.embeddings.beside(context))
        return lambda noisy, step: denoise(noisy, step if step.ndim == 0 else step[:, None])

    def contradiction(self, predicted: Tensor, noisy: Tensor, step: Tensor) -> Tensor:
        """`consistency_loss` of the clean values that a prediction implies; 0 in joint mode."""
        if self.is_joint:
            return predicted.new_zeros(())
        clean = self.schedule.clean_from(predicted, noisy, step)
        return consistency_loss(clean[..., 0], clean[..., -1], self.shares)


def cumulative_shares(horizons: Sequence[int]) -> Tensor:
    """``S`` with ``cumulative = scores @ S``, of unit variance where the scores of increments are independent.

    Increment ``j`` counts with the root of its bars over those to horizon ``k``, for ``j <= k``.

    Args:
        horizons: Ends of the increments in bars, increasing.

    Returns:
        Shape ``(K, K)``.

    Example:
        >>> cumulative_shares([9, 25]).mul(100).round().int().tolist()
        [[100, 60], [0, 80]]
    """
    ends = torch.tensor(horizons, dtype=torch.float32)
    widths = torch.diff(ends, prepend=ends.new_zeros(1))
    return torch.triu((widths[:, None] / ends).sqrt())


def consistency_loss(increments: Tensor, cumulative: Tensor, shares: Tensor) -> Tensor:
    """Mean squared contradiction between cumulative returns and the sums of the increments that make them up.

    Args:
        increments: Shape ``(B, K)``, scores of increments.
        cumulative: Shape ``(B, K)``, scores of cumulative returns.
        shares: Shape ``(K, K)``, of `cumulative_shares`.

    Returns:
        A single value, 0 if and only if nothing contradicts.

    Example:
        >>> shares = cumulative_shares([9, 25])
        >>> round(consistency_loss(torch.ones(1, 2), torch.tensor([[1.0, 0.4]]), shares).item(), 3)  # (1.4 - 0.4)^2 / 2
        0.5
    """
    return (cumulative - increments @ shares).square().mean()


def weights_of(horizon_weights: Sequence[float], n_horizons: int) -> Tensor:
    """Weights of horizons with mean 1, shape ``(K,)``.

    Example:
        >>> weights_of((), 2).tolist(), weights_of((1.0, 3.0), 2).tolist()
        ([1.0, 1.0], [0.5, 1.5])
    """
    given = torch.tensor(horizon_weights, dtype=torch.float32) if horizon_weights else torch.ones(n_horizons)
    return given * (n_horizons / math.fsum(given.tolist()))
