"""Settings of the latent diffusion family."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from forecast_pipeline.models.neural.parameters import NeuralParameters


class LatentDiffusionParameters(NeuralParameters):
    """The specification's names; defaults are a small configuration that two processor cores train in minutes.

    ``configs/latent_diffusion/specification.yaml`` holds the specification's own sizes.

    Attributes:
        patch_len: Bars of context.
        z_dim: Latent dimensions of a future path.
        hidden_channels: Channels of the convolutional encoders.
        n_down: Stride-2 blocks of the context encoder; 2 to this power may not exceed ``patch_len``.
        context_dim: Length of the context vector.
        denoiser_width: Width of the denoiser.
        denoiser_blocks: Residual blocks of the denoiser.
        lambda_v: Weight of the velocity loss.
        lambda_kl: Largest weight of the KL divergence, reached after its warm-up.
        lambda_recon: Weight of the reconstruction likelihood.
        kl_warmup: Share of the VAE's steps in which the KL weight rises from 0.
        free_bits: Nats of a latent dimension that the KL divergence leaves free.
        loss_weight: Weight of noise levels in the velocity loss.
        parameterization: What the denoiser predicts.
        training_mode: ``two_stage`` trains the VAE first; ``joint`` trains both at once, with a stopped gradient.
        min_active_fraction: Least share of latent dimensions that must carry something; below it training fails.
    """

    patch_len: int = Field(default=64, ge=2)
    z_dim: int = Field(default=16, ge=1)
    hidden_channels: int = Field(default=32, ge=4)
    n_down: int = Field(default=4, ge=1)
    context_dim: int = Field(default=64, ge=4)
    denoiser_width: int = Field(default=96, ge=8)
    denoiser_blocks: int = Field(default=2, ge=1)
    lambda_v: float = Field(default=1.0, gt=0)
    lambda_kl: float = Field(default=0.05, ge=0)
    lambda_recon: float = Field(default=1.0, gt=0)
    kl_warmup: float = Field(default=0.2, ge=0, le=1)
    free_bits: float = Field(default=0.05, ge=0)
    loss_weight: Literal["plain", "min_snr", "log_snr"] = "plain"
    parameterization: Literal["v", "epsilon"] = "v"
    training_mode: Literal["two_stage", "joint"] = "two_stage"
    min_active_fraction: float = Field(default=0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _patch_holds_blocks(self) -> Self:
        if 2**self.n_down > self.patch_len:
            raise ValueError(f"2**n_down must be at most patch_len={self.patch_len}, was {2**self.n_down}")
        return self
