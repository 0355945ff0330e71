"""Resources: the state folder, handed out as a domain object."""

from pathlib import Path

import dagster as dg

from forecast_pipeline.core.home import Home
from forecast_pipeline.defs.settings import PipelineSettings, home_from_environment, read_settings


class HomeResource(dg.ConfigurableResource[None]):
    """The state folder of the pipeline.

    Attributes:
        path: Folder; empty means the environment variable ``FORECAST_HOME``, else ``data``.
    """

    path: str = ""

    def open(self) -> Home:
        """The folder as a domain object."""
        return Home(Path(self.path).resolve()) if self.path else home_from_environment()

    def settings(self) -> PipelineSettings:
        """Settings kept in the folder, or the defaults."""
        return read_settings(self.open())
