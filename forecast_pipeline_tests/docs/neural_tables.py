"""The table of neural settings in docs/parameters.md and the file of defaults, from the classes; run to write both."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from forecast_pipeline.defs.configs import _description
from forecast_pipeline.models.registry import NEURAL, family_named
from forecast_pipeline.models.reserved import RESERVED

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "parameters.md"
DEFAULTS = ROOT / "forecast_pipeline" / "configs" / "latent_diffusion" / "default.yaml"
NOT_READ = "\N{EN DASH}"
HEAD = f"| parameter | specification | {' | '.join(NEURAL)} | meaning here |\n|{'---|' * (len(NEURAL) + 3)}"
INTRODUCTION = """\
# Every setting of latent_diffusion at its default: a small configuration that two processor cores train in minutes.
# forecast-pipeline build --models latent_diffusion --config <this file> takes it for a whole state folder.
# docs/parameters.md says what each means; a test holds this file to the code.
"""


def neural_table() -> str:
    """A row a setting: the specification's default, each family's, and what the class says of it."""
    classes = {name: family_named(name).parameters_class() for name in NEURAL}
    specified = {name: field.default for each in RESERVED for name, field in each.model_fields.items()}
    names = dict.fromkeys(field for each in classes.values() for field in each.model_fields)
    rows = []
    for name in names:
        readers = [each for each in classes.values() if name in each.model_fields]
        cells = [_cell(classes[family], name) for family in NEURAL]
        meanings = dict.fromkeys(filter(None, (_meaning(each, name) for each in readers)))
        first = _shown(specified[name]) if name in specified else NOT_READ
        rows.append(f"| `{name}` | {first} | {' | '.join(cells)} | {' '.join(list(meanings)[:1])} |")
    return "\n".join([HEAD, *rows])


def default_file() -> str:
    """All settings of latent_diffusion as YAML that ``build --config`` takes."""
    values = family_named("latent_diffusion").parameters_class()().model_dump(mode="json")
    return INTRODUCTION + yaml.safe_dump({"models": {"latent_diffusion": values}}, sort_keys=False)


def _cell(settings, name):
    if name not in settings.model_fields:
        return NOT_READ
    return _shown(settings.model_fields[name].get_default(call_default_factory=True))


def _shown(value):
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value)


def _meaning(settings, name):
    return _description(settings, name).replace("``", "`").replace("|", "\\|")


def main() -> None:
    """Write both."""
    text = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(r"^\| parameter \| specification \|.*?(?=\n\n)", re.MULTILINE | re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: neural_table(), text, count=1), encoding="utf-8")
    DEFAULTS.write_text(default_file(), encoding="utf-8")


if __name__ == "__main__":
    main()
