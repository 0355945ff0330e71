"""Parameters of the specification that a family does not read: checked, and refused when set.

They stand here under the specification's names and defaults so that a configuration written for the whole system is
understood; silently ignoring one would be worse than refusing it. Families that do read one have it in their own
settings, where its default may be another (docs/parameters.md).
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.accelerator import AcceleratorParameters, AttentionParameters
from forecast_pipeline.models.registry import FAMILIES


class DeepParameters(Configuration):
    """Read by neural families.

    Attributes:
        patch_len: Bars of context.
        z_dim: Latent dimensions.
        hidden_channels: Channels of the encoder.
        n_down: Stride-2 blocks of the encoder; 2 to this power may not exceed ``patch_len``.
        T: Diffusion steps in training.
        epochs: Training epochs.
        batch_size: Rows of a gradient step.
        learning_rate: Step size of the optimiser.
    """

    patch_len: int = Field(default=64, ge=2)
    z_dim: int = Field(default=128, ge=1)
    hidden_channels: int = Field(default=256, ge=1)
    n_down: int = Field(default=6, ge=1)
    T: int = Field(default=1000, ge=2)
    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=0.001, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if 2**self.n_down > self.patch_len:
            raise ValueError(f"2**n_down must be at most patch_len={self.patch_len}, was {2**self.n_down}")
        return self


class SearchParameters(Configuration):
    """Read by the search stage.

    Attributes:
        optimization_method: How hyper-parameters are searched.
        population_size: Configurations of a generation.
        generations: Generations.
        mutation_rate: Probability that a parameter mutates.
        crossover_rate: Probability that two parents mix.
    """

    optimization_method: Literal["none", "genetic-basic", "nsga2", "optuna"] = "none"
    population_size: int = Field(default=50, ge=2)
    generations: int = Field(default=100, ge=1)
    mutation_rate: float = Field(default=0.1, ge=0, le=1)
    crossover_rate: float = Field(default=0.8, ge=0, le=1)


RESERVED: tuple[type[Configuration], ...] = (
    DeepParameters,
    SearchParameters,
    AcceleratorParameters,
    AttentionParameters,
)


def unread_by(model_name: str) -> dict[str, str]:
    """Names of the specification that a family does not read, and who reads each.

    Example:
        >>> unread_by("latent_diffusion")["population_size"]
        'read by the search stage'
        >>> unread_by("ridge")["z_dim"]
        'read by latent_diffusion'
        >>> "z_dim" in unread_by("latent_diffusion")
        False
    """
    fields = {name: family.parameters_class().model_fields for name, family in FAMILIES.items()}
    readers = {}
    for each in RESERVED:
        planned = (each.__doc__ or "").splitlines()[0].rstrip(".")
        for name in each.model_fields:
            families = [family for family, own in fields.items() if name in own]
            readers[name] = f"read by {', '.join(families)}" if families else planned[0].lower() + planned[1:]
    return {name: reader for name, reader in readers.items() if name not in fields[model_name]}


def refuse_reserved(model_name: str, values: dict[str, object]) -> None:
    """Refuse parameters that the family does not read.

    Raises:
        InvalidConfiguration: Naming each, and who reads it.
    """
    readers = unread_by(model_name)
    unread = [name for name in values if name in readers]
    if unread:
        told = "; ".join(f"{name}: {readers[name]}" for name in unread)
        raise InvalidConfiguration(
            f"{model_name} must be given only parameters that it reads",
            was=told,
            why="a setting without effect would be recorded as if it had one",
            do="leave them at their defaults",
        )
