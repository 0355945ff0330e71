"""Settings of training that every neural family has, under the specification's names where it has them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from forecast_pipeline.models.accelerator import AcceleratorParameters


class NeuralParameters(AcceleratorParameters):
    """How a neural family is trained and drawn from.

    Attributes:
        epochs: Most epochs of each stage of training; early stopping ends most stages before.
        refit_epochs: Most epochs of a stage that starts from the weights of the fold before.
        batch_size: Rows of a gradient step.
        learning_rate: Largest step size of the optimiser; it falls to nothing along a cosine.
        denoiser_learning_rate: The same for the denoiser: what paths share beyond their scale is little, and large
            steps find noise before it.
        weight_decay: Decoupled weight decay.
        patience: Epochs without a better validation loss after which a stage ends.
        ema_decay: Decay of the averaged weights that are validated and kept; lowered where steps are few.
        gradient_clip: Largest norm of a gradient.
        dropout: Share of indicators and hidden units dropped while training.
        lambda_crps: Weight of the fair CRPS of the direct head beside its likelihood.
        is_symmetric: Whether a path and its mirror image are taken as equally likely, as baselines do that centre.
        T: Diffusion steps in training.
        sampling_steps: Diffusion steps of a draw.
        sampler: How noise is taken away; by default the one that keeps tails best on targets with a known score.
        accelerator: Device to train and draw on; ``auto`` takes a GPU where there is one.
        num_workers: Processes that prepare batches; 0 prepares them in the training process.
        save_top_k: Checkpoints of a stage that are kept beside the last.
    """

    epochs: int = Field(default=60, ge=1)
    refit_epochs: int = Field(default=6, ge=1)
    batch_size: int = Field(default=256, ge=2)
    learning_rate: float = Field(default=0.0005, gt=0)
    denoiser_learning_rate: float = Field(default=0.0001, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    patience: int = Field(default=8, ge=1)
    ema_decay: float = Field(default=0.999, ge=0, lt=1)
    gradient_clip: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    lambda_crps: float = Field(default=0.1, ge=0)
    is_symmetric: bool = True
    T: int = Field(default=1000, ge=2)
    sampling_steps: int = Field(default=20, ge=1)
    sampler: Literal["ddpm", "ddim", "dpm_solver", "dpm_solver_sde"] = "dpm_solver"
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    num_workers: int = Field(default=0, ge=0)
    save_top_k: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.sampling_steps > self.T:
            raise ValueError(f"sampling_steps must be at most T={self.T}, was {self.sampling_steps}")
        return self

    @property
    def mixes_precision(self) -> bool:
        """Whether mixed precision is on."""
        return self.use_amp or self.use_nvidia_opts

    @property
    def compiles(self) -> bool:
        """Whether networks are compiled."""
        return self.compile_model or self.use_nvidia_opts

    @property
    def fuses(self) -> bool:
        """Whether optimiser steps are fused."""
        return self.use_fused_optimizer or self.use_nvidia_opts
