"""Settings of the SSSD^S4 family."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from forecast_pipeline.models.neural.parameters import NeuralParameters


class ImputationParameters(NeuralParameters):
    """Defaults are a small network for processor cores; the paper's has 36 blocks, 256 channels and 64 states.

    Attributes:
        window_bars: Past bars that are observed.
        residual_channels: Residual and skip channels.
        residual_blocks: Residual blocks, each with two S4 layers.
        step_width: Length of the embedding of the diffusion step; 512 in the paper.
        s4_state_dim: State of a channel, even.
        s4_kernel: ``s4d``, diagonal, or ``dplr``, diagonal plus rank one as in the paper.
        is_bidirectional: Whether S4 layers see both sides of a place, as in the paper.
        context_dim: Width of the scale head's own layer.
        beta_schedule: Noise on a line as in the paper, or along a cosine.
        parameterization: What the network itself gives: ``epsilon`` as in the paper, or ``v``, of which epsilon is
            made. The loss is that of epsilon either way.
        T: Diffusion steps in training; 200 in the paper.
        sampling_steps: Diffusion steps of a draw; its marginals are measured and set right afterwards.
        denoiser_learning_rate: Largest step size for the residual network.
        network_epochs: Most epochs of the stage that trains the residual network, by far the slowest; ``epochs``
            bounds the other one.
    """

    window_bars: int = Field(default=24, ge=1)
    residual_channels: int = Field(default=16, ge=1)
    residual_blocks: int = Field(default=2, ge=1)
    step_width: int = Field(default=64, ge=2)
    s4_state_dim: int = Field(default=16, ge=2, multiple_of=2)
    s4_kernel: Literal["s4d", "dplr"] = "s4d"
    is_bidirectional: bool = True
    context_dim: int = Field(default=32, ge=1)
    beta_schedule: Literal["linear", "cosine"] = "linear"
    parameterization: Literal["v", "epsilon"] = "v"
    T: int = Field(default=200, ge=2)
    sampling_steps: int = Field(default=10, ge=1)
    denoiser_learning_rate: float = Field(default=0.0005, gt=0)
    network_epochs: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _keeps_signal_apart(self) -> Self:
        if self.beta_schedule == "linear" and self.T * 0.01 < 1.0:
            raise ValueError(
                f"T must be at least 100 with beta_schedule linear, whose noise grows with it, was {self.T}"
            )
        return self
