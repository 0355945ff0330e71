"""Settings from the command line: a file, and single assignments on top."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from forecast_pipeline.core.configuration import read_yaml
from forecast_pipeline.core.errors import InvalidConfiguration, PipelineError
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import write_atomically
from forecast_pipeline.defs.settings import SETTINGS_FILE, PipelineSettings, keep_settings, read_settings


def settings_from(home: Home, file: Path | None, assignments: Sequence[str] | None) -> PipelineSettings:
    """Settings of the state folder, replaced by ``file`` and changed by ``assignments``; kept if changed.

    Raises:
        InvalidConfiguration: Naming every wrong key and value; nothing is kept.
    """
    present = read_settings(home)
    if file is None and not assignments:
        return present
    values = read_yaml(file) if file is not None else present.model_dump(mode="json", exclude_unset=True)
    for assignment in assignments or ():
        _assign(values, assignment)
    settings = PipelineSettings.parse(values)
    keep_settings(home, settings)
    return settings


@contextmanager
def kept_if_built(home: Home) -> Iterator[None]:
    """Put the settings of the state folder back as they were if the body is refused."""
    path = home.root / SETTINGS_FILE
    before = path.read_bytes() if path.exists() else None
    try:
        yield
    except PipelineError:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, before)
        raise


def _assign(values: dict[str, Any], assignment: str) -> None:
    path, separator, text = assignment.partition("=")
    *sections, name = path.strip().split(".")
    if not separator or not sections or not name:
        raise InvalidConfiguration("--set must look like splits.horizon=24", was=repr(assignment))
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InvalidConfiguration(f"{section} in {path} must be a section", was=repr(values))
    try:
        values[name] = yaml.safe_load(text)
    except yaml.YAMLError:
        raise InvalidConfiguration(f"value of {path} must be plain YAML", was=repr(text)) from None
