"""``ForexDiffusionLit``: context encoder, direct head, VAE and denoiser, and the losses of each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from forecast_pipeline.models.diffusion.denoiser import DiffusionModel
from forecast_pipeline.models.diffusion.losses import free_bits, gaussian_nll, kl_divergence
from forecast_pipeline.models.diffusion.radial import RadialDenoiser
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
from forecast_pipeline.models.diffusion.steps import loss_weight, stratified_steps
from forecast_pipeline.models.latent_diffusion.context_encoder import ContextEncoder
from forecast_pipeline.models.latent_diffusion.vae import VAE
from forecast_pipeline.models.neural.direct_losses import direct_losses
from forecast_pipeline.models.neural.scale_head import ScaleHead
from forecast_pipeline.models.neural.stage_module import DIFFUSION, DIRECT, StageModule

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt

    from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
    from forecast_pipeline.models.neural.batches import Batch

AUTOENCODER, JOINT = "vae", "joint"


class ForexDiffusionLit(StageModule):
    """The networks of the family, trained in stages.

    ``direct`` trains encoder and scale head on increments; ``vae`` the autoencoder of normal scores of future paths;
    ``diffusion`` the denoiser of its standardised latents, with the autoencoder at rest; ``joint`` the last two at
    once, where the velocity loss sees the latent with a stopped gradient, or the encoder would shrink it.

    Args:
        settings: Sizes and weights.
        seed: Seed of all noise.
        n_channels: Channels of a patch.
        n_features: Variance and clock features.
        n_slow: Indicators.
        weights: Shape ``(V, K)``, the starting variance mixture.
        path_channels: Channels of a future path.
    """

    def __init__(
        self,
        settings: LatentDiffusionParameters,
        seed: int,
        *,
        n_channels: int,
        n_features: int,
        n_slow: int,
        weights: npt.NDArray[np.float64],
        path_channels: int,
    ) -> None:
        super().__init__(settings, seed)
        self.own = settings
        size = settings.context_dim
        self.encoder = ContextEncoder(
            n_channels,
            settings.patch_len,
            n_features,
            n_slow,
            hidden=settings.hidden_channels,
            n_down=settings.n_down,
            n_context=size,
            dropout=settings.dropout,
        )
        self.head = ScaleHead(weights, size)
        # A latent longer than the path would lie on a thin sheet, which a denoiser cannot follow.
        self.z_dim = min(settings.z_dim, path_channels * weights.shape[1])
        self.vae = VAE(path_channels, weights.shape[1], self.z_dim, size, settings.hidden_channels)
        self.schedule = NoiseSchedule(settings.T, settings.parameterization)
        width, n_blocks = settings.denoiser_width, settings.denoiser_blocks
        if settings.parameterization == "epsilon":
            self.denoiser: nn.Module = DiffusionModel(
                self.z_dim, size, width=width, n_blocks=n_blocks, schedule=self.schedule
            )
        else:
            self.denoiser = RadialDenoiser(self.z_dim, size, width=width, n_blocks=n_blocks)
        self.latent_mean: Tensor
        self.latent_std: Tensor
        self.register_buffer("latent_mean", torch.zeros(self.z_dim))
        self.register_buffer("latent_std", torch.ones(self.z_dim))

    def trained(self) -> Iterable[nn.Module]:
        """Networks of the present stage."""
        return {
            DIRECT: (self.encoder, self.head),
            AUTOENCODER: (self.vae,),
            DIFFUSION: (self.denoiser,),
            JOINT: (self.vae, self.denoiser),
        }[self.stage]

    def context(self, batch: Batch) -> Tensor:
        """Context of each row, shape ``(B, n_context)``."""
        context: Tensor = self.encoder(batch["patch"], batch["features"], batch["slow"])
        return context

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of the present stage."""
        if self.stage == DIRECT:
            return direct_losses(self.head, batch, self.context(batch), generator, lambda_crps=self.own.lambda_crps)
        paths, context = batch["scores"], batch["context"]
        paths = self.mirrored_by_chance(paths, generator)
        if self.stage == DIFFUSION:
            velocity = self._velocity_loss(paths, context, generator)
            return {"loss": self.own.lambda_v * velocity, "v": velocity}
        return self._autoencoder_losses(paths, context, generator)

    def standardise_latents(self, paths: Tensor, context: Tensor) -> None:
        """Measure the latents of training paths, so that the denoiser sees unit variance (latent scale)."""
        with torch.no_grad():
            mean, log_variance = self.vae.encode(paths, context)
            second = (mean.square() + log_variance.exp()).mean(dim=0)
            self.latent_mean.copy_(mean.mean(dim=0))
            spread = (second - mean.mean(dim=0).square()).clamp_min(1e-6).sqrt()
            self.latent_std.copy_(spread)

    def _autoencoder_losses(self, paths: Tensor, context: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        noise = torch.randn((paths.shape[0], self.z_dim), generator=generator).to(paths)
        decoded, mean, log_variance, latent = self.vae(paths, context, noise)
        reconstruction = gaussian_nll(paths - decoded.location, decoded.log_scale).mean(dim=0).sum()
        kl = kl_divergence(mean, log_variance).mean(dim=0)
        rise = 1.0 if not self.training or self.own.kl_warmup == 0 else min(self.progress / self.own.kl_warmup, 1.0)
        loss = self.own.lambda_recon * reconstruction
        loss = loss + self.own.lambda_kl * rise * free_bits(kl, self.own.free_bits)
        parts = {"reconstruction": reconstruction, "kl": kl.sum()}
        if self.stage == JOINT:
            if self.training:
                self._follow_latents(latent.detach())
            velocity = self._velocity_loss_of(self._standardised(latent.detach()), context, generator)
            parts["v"] = velocity
            loss = loss + self.own.lambda_v * velocity
        return {"loss": loss, **parts}

    def _velocity_loss(self, paths: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        with torch.no_grad():
            mean, log_variance = self.vae.encode(paths, context)
            noise = torch.randn(mean.shape, generator=generator).to(mean)
            latent = self._standardised(mean + torch.exp(0.5 * log_variance) * noise)
        return self._velocity_loss_of(latent, context, generator)

    def _velocity_loss_of(self, latent: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        n_rows = latent.shape[0]
        step = stratified_steps(n_rows, self.schedule.n_steps, torch.rand(n_rows, generator=generator)).to(
            latent.device
        )
        noise = torch.randn(latent.shape, generator=generator).to(latent)
        predicted = self.denoiser(self.schedule.noised(latent, noise, step), step, context)
        weight = loss_weight(self.schedule, step, self.own.loss_weight).to(latent)
        squared = (predicted.float() - self.schedule.target(latent, noise, step)).square().mean(dim=1)
        weighted: Tensor = (weight * squared).mean()
        return weighted

    def _standardised(self, latent: Tensor) -> Tensor:
        standardised: Tensor = (latent - self.latent_mean) / self.latent_std
        return standardised

    def _follow_latents(self, latent: Tensor) -> None:
        """Running mean and deviation of latents that still move, in joint training."""
        share = 0.02
        self.latent_mean.lerp_(latent.mean(dim=0), share)
        self.latent_std.lerp_(latent.std(dim=0).clamp_min(1e-3), share)
