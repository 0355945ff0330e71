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
    "n_restarts": 1,
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
