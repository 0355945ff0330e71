"""Alarms of an autoencoder that carries nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.diffusion.losses import kl_divergence

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.latent_diffusion.vae import VAE

ACTIVE_VARIANCE = 0.01
"""Variance over data of a posterior mean above which a dimension is active (Burda, Grosse and Salakhutdinov 2016)."""


class LatentUse(NamedTuple):
    """What the dimensions of a latent carry.

    Attributes:
        active_fraction: Share of dimensions whose posterior mean moves with the data.
        kl: Mean Kullback-Leibler divergence of each dimension in nats.
    """

    active_fraction: float
    kl: tuple[float, ...]


def latent_use(vae: VAE, paths: Tensor, context: Tensor) -> LatentUse:
    """Measure the latent on paths of shape ``(B, C, K)``."""
    with torch.no_grad():
        mean, log_variance = vae.encode(paths, context)
        is_active = mean.var(dim=0) > ACTIVE_VARIANCE
        kl = kl_divergence(mean, log_variance).mean(dim=0)
    return LatentUse(float(is_active.float().mean()), tuple(round(float(each), 4) for each in kl))


def check_latent_use(use: LatentUse, min_active_fraction: float) -> None:
    """Refuse a latent most of whose dimensions are the prior.

    Raises:
        TrainingFailed: If fewer than ``min_active_fraction`` of the dimensions are active.
    """
    if use.active_fraction < min_active_fraction:
        largest = sorted(use.kl, reverse=True)[:4]
        raise TrainingFailed(
            f"at least {min_active_fraction:.0%} of the {len(use.kl)} latent dimensions must be active",
            was=f"{use.active_fraction:.0%}, with KL of {', '.join(f'{each:.3f}' for each in largest)} nats at most",
            why="a collapsed latent makes every forecast the climatology of the decoder",
            do="lower lambda_kl, raise free_bits or kl_warmup, or lower z_dim",
        )
