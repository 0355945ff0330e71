"""SSSD settings from a YAML file of the specification's sections, checked key by key."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from forecast_pipeline.core.configuration import Configuration, read_yaml
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.sssd.parameters import SSSDParameters

if TYPE_CHECKING:
    from typing import Any

DEFAULT_CONFIG = "configs/sssd/default_config.yaml"


class TimeframeSection(Configuration):
    """One timeframe of the encoder.

    Attributes:
        window_bars: Newest closed bars that are encoded.
    """

    window_bars: int = Field(ge=1)


class ModelSection(Configuration):
    """Sizes of the networks, under the names of `SSSDParameters`."""

    hidden_width: int | None = None
    s4_state_dim: int | None = None
    s4_layers: int | None = None
    s4_kernel: Literal["s4d", "dplr"] | None = None
    s4_initialisation: Literal["legs", "lin", "inv", "real", "quad"] | None = None
    s4_discretisation: Literal["auto", "zoh", "bilinear"] | None = None
    context_dim: int | None = None
    attention_layers: int | None = None
    attention_heads: int | None = None
    horizon_dim: int | None = None
    head_mode: Literal["joint", "per_horizon"] | None = None
    consistency_weight: float | None = None
    denoiser_width: int | None = None
    denoiser_blocks: int | None = None
    dropout: float | None = None
    column_dropout: float | None = None
    is_symmetric: bool | None = None


class DiffusionSection(Configuration):
    """Noise: how much, what is predicted, and how it is taken away."""

    diffusion_steps_train: int | None = None
    diffusion_steps_inference: int | None = None
    sampler: Literal["ddpm", "ddim", "dpm_solver", "dpm_solver_sde"] | None = None
    parameterization: Literal["v", "epsilon"] | None = None
    loss_weight: Literal["plain", "min_snr", "log_snr"] | None = None


class HorizonSection(Configuration):
    """Ends of forecasts.

    Attributes:
        minutes: Minutes ahead, increasing.
        weights: Weight of the loss of each; equal where left out.
    """

    minutes: tuple[int, ...] = Field(min_length=1)
    weights: tuple[float, ...] = ()


class TrainingSection(Configuration):
    """How the networks are trained, under the names of `SSSDParameters`."""

    epochs: int | None = None
    encoder_epochs: int | None = None
    refit_epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    denoiser_learning_rate: float | None = None
    weight_decay: float | None = None
    patience: int | None = None
    ema_decay: float | None = None
    gradient_clip: float | None = None
    gradient_accumulation_steps: int | None = None
    lambda_crps: float | None = None
    accelerator: Literal["auto", "cpu", "gpu"] | None = None
    num_workers: int | None = None
    save_top_k: int | None = None
    use_nvidia_opts: bool | None = None
    use_amp: bool | None = None
    precision: Literal["fp16", "bf16", "fp32"] | None = None
    compile_model: bool | None = None
    use_fused_optimizer: bool | None = None
    use_flash_attention: bool | None = None


class SSSDConfig(Configuration):
    """A whole file.

    Attributes:
        timeframes: Sections by name of the timeframe.
        model: Sizes.
        diffusion: Noise.
        horizons: Ends of forecasts and their weights.
        training: Training.
    """

    timeframes: dict[str, TimeframeSection] = Field(default_factory=dict)
    model: ModelSection = ModelSection()
    diffusion: DiffusionSection = DiffusionSection()
    horizons: HorizonSection
    training: TrainingSection = TrainingSection()

    @property
    def parameters(self) -> SSSDParameters:
        """The settings of the family that the sections say; what they leave out keeps its default.

        Raises:
            InvalidConfiguration: If they contradict each other.
        """
        values: dict[str, Any] = {}
        for section in (self.model, self.diffusion, self.training):
            values |= {name: value for name, value in section.model_dump().items() if value is not None}
        values["timeframes"] = tuple(self.timeframes)
        values["window_bars_by_timeframe"] = {name: each.window_bars for name, each in self.timeframes.items()}
        values["horizon_weights"] = self.horizons.weights
        return SSSDParameters.parse(values)

    def horizons_bars(self, slot_minutes: int) -> tuple[int, ...]:
        """Horizons in bars of so many minutes, as a split takes them.

        Raises:
            InvalidConfiguration: If a horizon is no whole number of bars.
        """
        odd = [minutes for minutes in self.horizons.minutes if minutes % slot_minutes]
        if odd:
            raise InvalidConfiguration(
                f"horizons must be whole bars of {slot_minutes} minutes",
                was=f"{', '.join(map(str, odd))} minutes",
                do="take a faster base timeframe, or leave these horizons out",
            )
        return tuple(minutes // slot_minutes for minutes in self.horizons.minutes)


def load_sssd_config(path: Path | None = None) -> SSSDConfig:
    """Read and check a file; the specification's own sizes if none is given.

    Args:
        path: YAML with the sections ``timeframes``, ``model``, ``diffusion``, ``horizons`` and ``training``.

    Raises:
        InvalidConfiguration: If it is no YAML, a key is unknown, or values contradict each other.

    Example:
        >>> config = load_sssd_config()
        >>> config.parameters.s4_state_dim, config.parameters.s4_layers, config.parameters.T
        (64, 4, 1000)
    """
    values = read_yaml(Path(str(files("forecast_pipeline") / DEFAULT_CONFIG)) if path is None else path)
    config = SSSDConfig.parse(values)
    horizons = config.horizons
    if list(horizons.minutes) != sorted(set(horizons.minutes)) or horizons.minutes[0] < 1:
        raise InvalidConfiguration("horizons.minutes must be positive and increasing", was=str(list(horizons.minutes)))
    if horizons.weights and len(horizons.weights) != len(horizons.minutes):
        raise InvalidConfiguration(
            f"horizons.weights must be as many as the {len(horizons.minutes)} minutes", was=str(len(horizons.weights))
        )
    _ = config.parameters  # says now what would be said at training
    return config
