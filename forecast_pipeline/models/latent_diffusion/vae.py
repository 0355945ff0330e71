"""A one-dimensional convolutional variational autoencoder of future paths, given the past."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

LEAST_LOG_SCALE = -3.0
LARGEST_LOG_SCALE = 1.5
LARGEST_LOG_VARIANCE = 6.0
LONGEST_UNHALVED = 16
START_LOG_VARIANCE = -3.0


class Decoded(NamedTuple):
    """Gaussian likelihood of a path.

    Attributes:
        location: Shape ``(B, C, K)``.
        log_scale: Shape ``(B, C, K)``.
    """

    location: Tensor
    log_scale: Tensor


class VAE(nn.Module):
    """Encoder ``(B, C, K) + context -> mean, log variance (B, z)``; decoder back to location and log scale.

    Convolutions run along the horizon grid, padded to whole strides; grids longer than `LONGEST_UNHALVED` are halved
    twice. The decoder's likelihood must be drawn from: its locations alone are too narrow where the latent is shorter
    than the path, since returns are nearly white.

    Kingma and Welling 2014; conditional as in Sohn, Lee and Yan 2015.

    Args:
        n_channels: Channels of a path ``C``.
        n_horizons: Increments of a path ``K``.
        z_dim: Latent dimensions.
        n_context: Length of the context.
        hidden: Channels of the convolutions.
    """

    def __init__(self, n_channels: int, n_horizons: int, z_dim: int, n_context: int, hidden: int) -> None:
        super().__init__()
        self.n_channels, self.n_horizons, self.z_dim = n_channels, n_horizons, z_dim
        n_halved = 2 if n_horizons > LONGEST_UNHALVED else 0
        self.length = math.ceil(n_horizons / 2**n_halved) * 2**n_halved
        inner = self.length // 2**n_halved
        self.stem = nn.Conv1d(n_channels, hidden, 3, padding=1)
        self.encoder_blocks = nn.ModuleList(_Block(hidden) for _ in range(2))
        self.down = nn.ModuleList(nn.Conv1d(hidden, hidden, 3, stride=2, padding=1) for _ in range(n_halved))
        size = n_channels * n_horizons
        # Cumulative paths beside increments: few components hold nearly all of a path's variance, not of a return's.
        self.path = nn.Linear(size, 2 * hidden)
        self.posterior_head = nn.Linear(4 * hidden, 2 * z_dim)
        joined = hidden * inner + 2 * hidden + n_context
        self.posterior = nn.Sequential(nn.Linear(joined, 4 * hidden), nn.SiLU(), self.posterior_head)
        self.entry = nn.Sequential(
            nn.Linear(z_dim + n_context, 4 * hidden), nn.SiLU(), nn.Linear(4 * hidden, hidden * inner)
        )
        self.up = nn.ModuleList(nn.ConvTranspose1d(hidden, hidden, 4, stride=2, padding=1) for _ in range(n_halved))
        self.decoder_blocks = nn.ModuleList(_Block(hidden) for _ in range(2))
        self.output = nn.Conv1d(hidden, 2 * n_channels, 3, padding=1)
        self.analysis, self.synthesis = nn.Linear(size, z_dim), nn.Linear(z_dim, size)
        self._begin_linear()

    def _begin_linear(self) -> None:
        """Start as an orthogonal projection and back, to which the convolutions add what they learn.

        So a latent of normal scores begins normal itself, and a denoiser that knows nothing yet draws the right widths.
        """
        nn.init.orthogonal_(self.analysis.weight)
        with torch.no_grad():
            self.synthesis.weight.copy_(self.analysis.weight.T)
        share = min(self.z_dim / self.analysis.in_features, 0.95)
        with torch.no_grad():
            for layer in (self.analysis, self.synthesis, self.posterior_head, self.output):
                cast("Tensor", layer.bias).zero_()
            for layer in (self.posterior_head, self.output):
                layer.weight.zero_()
            self.posterior_head.bias[self.z_dim :] = START_LOG_VARIANCE
            cast("Tensor", self.output.bias)[self.n_channels :] = 0.5 * math.log(1.0 - share)

    def encode(self, paths: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the posterior, each of shape ``(B, z)``."""
        hidden = self.stem(nn.functional.pad(paths, (0, self.length - self.n_horizons)))
        for block in self.encoder_blocks:
            hidden = block(hidden)
        for layer in self.down:
            hidden = layer(nn.functional.silu(hidden))
        summed = self.path(torch.cumsum(paths, dim=-1).flatten(1) / math.sqrt(self.n_horizons))
        joined = torch.cat([hidden.flatten(1), summed, context], dim=1)
        mean, log_variance = self.posterior(joined).chunk(2, dim=1)
        mean = mean + self.analysis(paths.flatten(1))
        return mean, log_variance.clamp(-2 * LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)

    def decode(self, latent: Tensor, context: Tensor) -> Decoded:
        """Likelihood of paths."""
        hidden = self.entry(torch.cat([latent, context], dim=1)).view(latent.shape[0], self.output.in_channels, -1)
        for layer in self.up:
            hidden = layer(nn.functional.silu(hidden))
        for block in self.decoder_blocks:
            hidden = block(hidden)
        location, log_scale = self.output(nn.functional.silu(hidden))[..., : self.n_horizons].chunk(2, dim=1)
        location = location + self.synthesis(latent).view_as(location)
        return Decoded(location, log_scale.clamp(LEAST_LOG_SCALE, LARGEST_LOG_SCALE))

    def forward(self, paths: Tensor, context: Tensor, noise: Tensor) -> tuple[Decoded, Tensor, Tensor, Tensor]:
        """Decoded likelihood, posterior mean, log variance and latent, by reparameterisation with ``noise (B, z)``."""
        mean, log_variance = self.encode(paths, context)
        latent = mean + torch.exp(0.5 * log_variance) * noise
        return self.decode(latent, context), mean, log_variance, latent


class _Block(nn.Module):
    """Normalise, activate, convolve; added to what came in."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, hidden)
        self.conv = nn.Conv1d(hidden, hidden, 3, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        added: Tensor = values + self.conv(nn.functional.silu(self.norm(values)))
        return added
