"""Settings of the SSSD family, under the specification's names where it has them."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models.accelerator import AttentionParameters
from forecast_pipeline.models.neural.parameters import NeuralParameters

SPECIFIED_NAMES = {"diffusion_steps_train": "T", "diffusion_steps_inference": "sampling_steps"}
"""Names of the specification for settings that all neural families have."""


class SSSDParameters(AttentionParameters, NeuralParameters):
    """Defaults are a small configuration that two processor cores train in minutes.

    ``configs/sssd/default_config.yaml`` holds the specification's own sizes.

    Attributes:
        timeframes: Timeframes of the encoder; those that the rows offer where left empty. Those faster than the bars
            of the rows do not exist and are left out.
        window_bars: Newest closed bars of each timeframe that are encoded.
        window_bars_by_timeframe: Other numbers for single timeframes.
        hidden_width: Channels of the state spaces.
        s4_state_dim: State of a channel, even.
        s4_layers: State space blocks of a timeframe.
        s4_kernel: ``s4d``, diagonal, or ``dplr``, diagonal plus rank one.
        s4_initialisation: Where poles start; ``dplr`` has ``legs`` only.
        s4_discretisation: ``auto`` is ``zoh`` for ``s4d`` and ``bilinear`` for ``dplr``, which has no other.
        column_dropout: Share of a timeframe's columns that are dropped from whole windows while training.
        context_dim: Length of a timeframe's token and of the context.
        attention_layers: Layers of attention between timeframes.
        attention_heads: Heads of a layer; they divide ``context_dim``.
        horizon_dim: Length of a horizon's learned embedding.
        horizon_weights: Weight of each horizon's loss; equal where left empty.
        head_mode: ``joint`` denoises all increments at once; ``per_horizon`` each by itself, as the specification.
        consistency_weight: Weight of contradictions between horizons, which only ``per_horizon`` can have.
        denoiser_width: Width of the denoiser.
        denoiser_blocks: Residual blocks of the denoiser.
        loss_weight: Weight of noise levels in the diffusion loss.
        parameterization: What the denoiser predicts.
        diffusion_steps_train: The specification's name of ``T``.
        diffusion_steps_inference: The specification's name of ``sampling_steps``.
        encoder_epochs: Most epochs of the stage that trains the encoder, by far the slowest; ``epochs`` bounds the
            other one.
    """

    timeframes: tuple[str, ...] = ()
    window_bars: int = Field(default=64, ge=1)
    window_bars_by_timeframe: dict[str, int] = Field(default_factory=dict)
    hidden_width: int = Field(default=32, ge=1)
    s4_state_dim: int = Field(default=16, ge=2, multiple_of=2)
    s4_layers: int = Field(default=1, ge=1)
    s4_kernel: Literal["s4d", "dplr"] = "s4d"
    s4_initialisation: Literal["legs", "lin", "inv", "real", "quad"] = "legs"
    s4_discretisation: Literal["auto", "zoh", "bilinear"] = "auto"
    column_dropout: float = Field(default=0.5, ge=0, lt=1)
    context_dim: int = Field(default=64, ge=2)
    attention_layers: int = Field(default=1, ge=1)
    attention_heads: int = Field(default=4, ge=1)
    horizon_dim: int = Field(default=32, ge=1)
    horizon_weights: tuple[float, ...] = ()
    head_mode: Literal["joint", "per_horizon"] = "joint"
    consistency_weight: float = Field(default=0.0, ge=0)
    denoiser_width: int = Field(default=128, ge=8)
    denoiser_blocks: int = Field(default=3, ge=1)
    loss_weight: Literal["plain", "min_snr", "log_snr"] = "plain"
    parameterization: Literal["v", "epsilon"] = "v"
    diffusion_steps_train: int | None = None
    diffusion_steps_inference: int | None = None
    encoder_epochs: int = Field(default=6, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _one_number_of_steps(cls, values: Any) -> Any:  # noqa: ANN401 - whatever is to become settings
        if not isinstance(values, dict):
            return values
        made = dict(values)
        for specified, own in SPECIFIED_NAMES.items():
            wanted = made.get(specified)
            if wanted is not None and made.setdefault(own, wanted) != wanted:
                raise ValueError(f"{specified} is another name of {own}: they must be equal, was {wanted}, {made[own]}")
        return made

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        known = list(Timeframe)
        unknown = [name for name in (*self.timeframes, *self.window_bars_by_timeframe) if name not in known]
        if unknown:
            raise ValueError(f"timeframes must be among {' '.join(known)}, was {' '.join(unknown)}")
        if any(bars < 1 for bars in self.window_bars_by_timeframe.values()):
            raise ValueError(f"windows must have at least 1 bar, was {self.window_bars_by_timeframe}")
        if self.context_dim % self.attention_heads:
            raise ValueError(f"attention_heads must divide context_dim={self.context_dim}, was {self.attention_heads}")
        if any(not weight >= 0.0 for weight in self.horizon_weights) or (
            self.horizon_weights and not sum(self.horizon_weights) > 0.0
        ):
            raise ValueError(f"horizon_weights must not be negative, nor all 0, was {self.horizon_weights}")
        if self.consistency_weight > 0.0 and self.head_mode == "joint":
            raise ValueError("consistency_weight must be 0 with head_mode joint, whose horizons cannot contradict")
        if self.s4_kernel == "dplr" and (self.s4_initialisation != "legs" or self.s4_discretisation == "zoh"):
            raise ValueError("s4_kernel dplr must have s4_initialisation legs and s4_discretisation bilinear or auto")
        return self

    def window_length(self, minutes: int) -> int:
        """Bars of the window of a timeframe given by the minutes of its bars.

        Example:
            >>> SSSDParameters(window_bars=9, window_bars_by_timeframe={"1h": 5}).window_length(60)
            5
        """
        own = {Timeframe(name).minutes: bars for name, bars in self.window_bars_by_timeframe.items()}
        return own.get(minutes, self.window_bars)

    @property
    def prefers_flash(self) -> bool:
        """Whether attention asks for flash first."""
        return self.use_flash_attention or self.use_nvidia_opts
