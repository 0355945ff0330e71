"""Settings of a whole pipeline, read from ``settings.yaml`` in the state folder."""

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator

from forecast_pipeline.backtests.parameters import BacktestParameters
from forecast_pipeline.core.configuration import Configuration, read_yaml
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import write_atomically
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import CHOICES, PRESETS
from forecast_pipeline.models.registry import FAMILIES, family_named
from forecast_pipeline.splits.parameters import SplitParameters

SETTINGS_FILE = "settings.yaml"
HOME_VARIABLE = "FORECAST_HOME"
DEFAULT_HOME = "data"


class AutomationParameters(Configuration):
    """When the sensors act by themselves.

    Attributes:
        retrain_after_bars: New closed bars since the last training that start another.
    """

    retrain_after_bars: int = Field(default=120, ge=1)


class PipelineSettings(Configuration):
    """One section a stage; what is absent keeps its default.

    Attributes:
        features: Lookbacks.
        splits: Folds, horizons, indicators.
        models: Settings by model name; only what differs from the defaults.
        backtests: Samples and costs.
        automation: Sensors.
    """

    features: FeatureParameters = FeatureParameters()
    splits: SplitParameters = SplitParameters()
    models: dict[str, dict[str, Any]] = Field(default_factory=dict)
    backtests: BacktestParameters = BacktestParameters()
    automation: AutomationParameters = AutomationParameters()

    @field_validator("models")
    @classmethod
    def _known_models(cls, models: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, values in models.items():
            family_named(name).parameters_class().parse(values)
        return {family_named(name).name: values for name, values in models.items()}

    def feature_parameters(self, features: FeatureParameters | None = None) -> FeatureParameters:
        """Settings of the features, or those of a run, with every indicator that the folds ask for."""
        wanted = tuple(self.splits.indicator_tfs) or PRESETS.get(self.splits.indicator_preset, ())
        return (features or self.features).with_indicators(tuple(name for name in wanted if name in CHOICES))

    def model(self, name: str) -> Configuration:
        """Settings of one family."""
        return FAMILIES[name].parameters_class().parse(self.models.get(name, {}))


def home_from_environment() -> Home:
    """State folder named by ``FORECAST_HOME``, by default ``data`` in the working folder."""
    return Home(Path(os.environ.get(HOME_VARIABLE, DEFAULT_HOME)).expanduser().resolve())


def read_settings(home: Home) -> PipelineSettings:
    """Settings kept in the state folder, or the defaults.

    Raises:
        InvalidConfiguration: If the file is not valid.
    """
    path = home.root / SETTINGS_FILE
    return PipelineSettings.parse(read_yaml(path)) if path.exists() else PipelineSettings()


def keep_settings(home: Home, settings: PipelineSettings) -> Path:
    """Write settings into the state folder, so that every later run uses them."""
    path = home.root / SETTINGS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = settings.model_dump(mode="json", exclude_unset=True)
    write_atomically(path, yaml.safe_dump(chosen, sort_keys=True).encode())
    return path
