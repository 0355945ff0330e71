"""Frozen configuration classes and the one loader that reads them from YAML."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path


class Configuration(BaseModel):
    """Base of every settings class: frozen, unknown keys refused, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    @classmethod
    def parse(cls, values: dict[str, Any]) -> Self:
        """Build the settings, or say everything that is wrong with them.

        Raises:
            InvalidConfiguration: Naming each key, what it must be and what it was.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            faults = [_describe(cls, fault) for fault in error.errors()]
            raise InvalidConfiguration("; ".join(faults)) from None


def _describe(model: type[BaseModel], fault: Any) -> str:  # noqa: ANN401 - pydantic's error record
    where = ".".join(str(part) for part in fault["loc"]) or "settings"
    if fault["type"] != "extra_forbidden":
        detail = fault["msg"].removeprefix("Value error, ")
        return f"{where}: {detail}" + ("" if fault["type"] == "value_error" else f", was {fault['input']!r}")
    owner: Any = model
    for part in fault["loc"][:-1]:
        field = getattr(owner, "model_fields", {}).get(str(part))
        owner = field.annotation if field else None
    names = list(getattr(owner, "model_fields", {}))
    near = difflib.get_close_matches(str(fault["loc"][-1]), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(names)}"
    return f"{where} is not a setting; {hint}"


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice and guesses less: ``1:30`` and ``no`` are text, as in YAML 1.2."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and the type are PyYAML's
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":int", ":float"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise InvalidConfiguration("a key must be given once", was=f"{', '.join(twice)} twice{node.start_mark}")
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
for _tag, _pattern, _firsts in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    # The first resolver that matches decides, so that whole numbers stay whole.
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_firsts))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of settings; only plain values, no tags, no repeated key.

    Raises:
        InvalidConfiguration: If the file is missing, is not YAML, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"settings file {path} must be readable text", was=str(error)) from None
    try:
        values = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader that is stricter still
    except yaml.YAMLError as error:
        raise InvalidConfiguration(
            f"settings file {path} must be plain YAML", was=" ".join(str(error).split())
        ) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InvalidConfiguration(f"settings file {path} must hold sections and keys", was=type(values).__name__)
    return values
