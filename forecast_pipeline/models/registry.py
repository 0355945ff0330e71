"""The table of forecasters; their modules are imported when one is asked for."""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.models.forecaster import Forecaster


@dataclass(frozen=True, slots=True)
class Family:
    """One entry of the registry.

    Attributes:
        name: Model name.
        forecaster: ``module:class`` of the forecaster, below this package.
        parameters: ``module:class`` of its settings.
        summary: One line for people.
        also_called: The specification's name, where it differs.
    """

    name: str
    forecaster: str
    parameters: str
    summary: str
    also_called: str | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether it is what models are measured against."""
        return self.forecaster.startswith("baselines.")

    @property
    def is_tabular(self) -> bool:
        """Whether it predicts from one row of the matrix, and is fitted in seconds."""
        return self.forecaster.startswith("tabular.")

    @property
    def is_neural(self) -> bool:
        """Whether it is a network that is trained in steps, and takes minutes."""
        return not (self.is_baseline or self.is_tabular)

    def forecaster_class(self) -> type[Forecaster]:
        """Import and return the forecaster."""
        return _load(self.forecaster)  # type: ignore[return-value]

    def parameters_class(self) -> type[Configuration]:
        """Import and return the settings class."""
        return _load(self.parameters)  # type: ignore[return-value]


_BASELINE = "baselines.driftless:BaselineParameters"
_LINEAR = "tabular.parameters:LinearParameters"
_ENTRIES = (
    Family("random_walk", "baselines.unconditional:RandomWalk", _BASELINE, "Gaussian random walk, constant variance"),
    Family("historical", "baselines.unconditional:HistoricalSimulation", _BASELINE, "joint bootstrap of the past"),
    Family("climatology", "baselines.unconditional:Climatology", _BASELINE, "bootstrap in units of the hour of week"),
    Family("ewma", "baselines.ewma:EwmaVolatility", _BASELINE, "normal with EWMA variance and intraday profile"),
    Family("ewma_fhs", "baselines.ewma:FilteredHistoricalSimulation", _BASELINE, "bootstrap in units of EWMA variance"),
    Family("garch_t", "baselines.garch:GarchT", _BASELINE, "GARCH(1,1) with t innovations, intraday profile"),
    Family("har", "baselines.har:Har", _BASELINE, "bootstrap in units of HAR variance: day, week and month"),
    Family("ridge", "tabular.families:Ridge", _LINEAR, "ridge regression with calibrated residuals"),
    Family("lasso", "tabular.families:Lasso", "tabular.parameters:LassoParameters", "lasso with calibrated residuals"),
    Family(
        "elastic_net",
        "tabular.families:ElasticNet",
        "tabular.parameters:ElasticNetParameters",
        "elastic net with calibrated residuals",
        also_called="elasticnet",
    ),
    Family(
        "forest",
        "tabular.families:Forest",
        "tabular.parameters:ForestParameters",
        "random forest with calibrated residuals",
        also_called="rf",
    ),
    Family(
        "latent_diffusion",
        "latent_diffusion.forecaster:LatentDiffusion",
        "latent_diffusion.parameters:LatentDiffusionParameters",
        "autoencoder of future paths with diffusion of its latents",
        also_called="vae_diffusion",
    ),
    Family(
        "sssd",
        "sssd.forecaster:SSSD",
        "sssd.parameters:SSSDParameters",
        "state spaces over several timeframes with diffusion of all horizons",
    ),
    Family(
        "sssd_s4",
        "sssd.imputation_forecaster:ImputationForecaster",
        "sssd.imputation_parameters:ImputationParameters",
        "residual state spaces that impute the masked future by diffusion",
    ),
)
FAMILIES: dict[str, Family] = {family.name: family for family in _ENTRIES}
BASELINES = tuple(family.name for family in _ENTRIES if family.is_baseline)
MODELS = tuple(family.name for family in _ENTRIES if not family.is_baseline)
TABULAR = tuple(family.name for family in _ENTRIES if family.is_tabular)
NEURAL = tuple(family.name for family in _ENTRIES if family.is_neural)


def family_named(name: str) -> Family:
    """The family of that name, ours or the specification's.

    Raises:
        InvalidConfiguration: If there is none; the message lists them.

    Example:
        >>> family_named("rf").name
        'forest'
    """
    aliases = {family.also_called: family for family in _ENTRIES if family.also_called}
    family = FAMILIES.get(name) or aliases.get(name)
    if family is None:
        near = difflib.get_close_matches(name, FAMILIES, n=1)
        hint = f"use {near[0]}" if near else None
        raise InvalidConfiguration(f"model must be one of {' '.join(FAMILIES)}", was=repr(name), do=hint)
    return family


def _load(path: str) -> object:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(f"forecast_pipeline.models.{module}"), name)
