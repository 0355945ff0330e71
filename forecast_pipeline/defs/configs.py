"""Run configuration of the assets, derived from the domain classes so that a default stands once."""

from typing import Any, Literal, TypeVar, get_args, get_origin

import dagster as dg
from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from forecast_pipeline.core.configuration import Configuration

SettingsT = TypeVar("SettingsT", bound=Configuration)


def config_of(*classes: type[Configuration], name: str) -> type[dg.Config]:
    """Dagster configuration with the fields and defaults of domain classes.

    Args:
        classes: Domain classes; where two have a field of one name, the later one's counts.
        name: Name of the class to make; Dagster shows it.
    """
    fields: dict[str, Any] = {}
    for each in classes:
        for field_name, field in each.model_fields.items():
            fields[field_name] = (_plain_type(field.annotation), _plain_default(field, each, field_name))
    return create_model(name, __base__=dg.Config, **fields)


def chosen(config: dg.Config) -> dict[str, Any]:
    """What a run sets differently from the defaults."""
    return config.model_dump(exclude_defaults=True)


def applied(settings: SettingsT, config: dg.Config) -> SettingsT:
    """Settings with what a run sets on top."""
    names = type(settings).model_fields
    own = {key: value for key, value in chosen(config).items() if key in names}
    return type(settings).parse(_merged(settings.model_dump(exclude_unset=True), own))


def _merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Nested settings with what a run sets on top, key by key."""
    merged = dict(values)
    for key, change in changes.items():
        known = merged.get(key)
        merged[key] = _merged(known, change) if isinstance(known, dict) and isinstance(change, dict) else change
    return merged


def _plain_type(annotation: Any) -> Any:  # noqa: ANN401 - any type annotation
    """The nearest type that Dagster can show and check: tuples become lists, literals text."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return list[_plain_type(arguments[0])]  # type: ignore[misc]  # built at run time
    if origin is dict:
        return dict[str, _plain_type(arguments[1])]  # type: ignore[misc]  # built at run time
    if origin is Literal:
        return str
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return config_of(annotation, name=annotation.__name__)  # type: ignore[arg-type]  # a Configuration
    return annotation


def _plain_default(field: FieldInfo, owner: type[Configuration], name: str) -> Any:  # noqa: ANN401
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        default = _plain_type(field.annotation)()
    plain = list(default) if isinstance(default, tuple) else default
    return Field(default=plain, description=_description(owner, name))


def _description(owner: type[Configuration], name: str) -> str:
    """What the nearest class that describes a field says of it in its ``Attributes`` section."""
    return next(filter(None, (_described(each.__doc__ or "", name) for each in owner.__mro__)), "")


def _described(text: str, name: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    for position, line in enumerate(lines):
        if line.startswith(f"{name}:"):
            found = [line.removeprefix(f"{name}:").strip()]
            for more in lines[position + 1 :]:
                if not more or more.split(" ")[0].endswith(":"):
                    break
                found.append(more)
            return " ".join(found)
    return ""
