"""Settings with which any family is fitted in a fraction of a second, for tests that fit it again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.models.registry import family_named

if TYPE_CHECKING:
    from forecast_pipeline.core.configuration import Configuration

SMALL: dict[str, Any] = {
    "n_estimators": 6,
    "max_rows_per_tree": 400,
    "n_penalties": 4,
    "epochs": 1,
    "encoder_epochs": 1,
    "network_epochs": 1,
    "n_restarts": 1,
    "patch_len": 8,
    "n_down": 2,
    "z_dim": 4,
    "hidden_channels": 8,
    "context_dim": 8,
    "denoiser_width": 16,
    "denoiser_blocks": 1,
    "sampling_steps": 2,
    "min_active_fraction": 0.0,
    "window_bars": 4,
    "hidden_width": 8,
    "s4_state_dim": 4,
    "attention_heads": 2,
    "horizon_dim": 4,
    "residual_channels": 4,
    "residual_blocks": 1,
    "step_width": 8,
}
"""Values of the settings that cost time; a family takes those that it has."""


def small_parameters(family: str, n_components: int = 0) -> Configuration:
    """Settings of a family that cost little.

    Args:
        family: Name of the family.
        n_components: Principal components, where the family takes any.

    Example:
        >>> small_parameters("forest").model_dump()["n_estimators"]
        6
    """
    settings = family_named(family).parameters_class()
    wanted = SMALL | {"pca_components": n_components}
    return settings.parse({name: value for name, value in wanted.items() if name in settings.model_fields})
