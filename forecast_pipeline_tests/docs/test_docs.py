"""The pages say what the code does: every command, setting, column and link, and nothing that is private."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest
import typer
import yaml
from pydantic import BaseModel

from forecast_pipeline.backtests.schema import FORECASTS
from forecast_pipeline.cli.main import app
from forecast_pipeline.core.schema import BARS, CANDLES, QUARANTINE
from forecast_pipeline.definitions import build_definitions
from forecast_pipeline.defs.settings import PipelineSettings
from forecast_pipeline.features.catalogue.page import features_page
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.parameters import FeatureParameters, IndicatorParameters
from forecast_pipeline.features.presets import PRESETS
from forecast_pipeline.forecasts.champion import SIGNIFICANCE
from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.models.reserved import RESERVED, DeepParameters
from forecast_pipeline.splits.assemble import MARKET_COLUMNS
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.splits.plan import MIN_TEST_ROWS, MIN_TRAIN_ROWS, MIN_VALIDATION_ROWS
from forecast_pipeline.splits.standardise import CLIP_STD
from forecast_pipeline.splits.target_scale import DECAYS
from forecast_pipeline.splits.targets import MAX_STALE_MINUTES
from forecast_pipeline_tests.docs.neural_tables import DEFAULTS, default_file, neural_table

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted({*DOCS.rglob("*.md"), *(ROOT / "deploy").rglob("*.md"), *ROOT.glob("*.md"), ROOT / "data" / "README.md"})
PAGE_IDS = [str(page.relative_to(ROOT)) for page in PAGES]

SPECIFICATION = [
    "symbol",
    "timeframe",
    "days_history",
    "warmup_bars",
    "val_frac",
    "algo",
    "alpha",
    "l1_ratio",
    "n_estimators",
    "max_depth",
    "pca_components",
    "patch_len",
    "z_dim",
    "hidden_channels",
    "n_down",
    "T",
    "epochs",
    "batch_size",
    "learning_rate",
    "atr_n",
    "rsi_n",
    "bb_n",
    "hurst_window",
    "rv_window",
    "min_feature_coverage",
    "indicator_tfs",
    "optimization_method",
    "population_size",
    "generations",
    "mutation_rate",
    "crossover_rate",
    "use_nvidia_opts",
    "use_amp",
    "precision",
    "compile_model",
    "use_fused_optimizer",
    "use_flash_attention",
    "gradient_accumulation_steps",
]
"""Names of the specification's complete parameter reference, in its order."""

CONSTANTS = "Constants that are not settings"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PRIVATE = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|tmp|root|home/\w+|Users)/"),
    "a TODO without the number of its issue": re.compile(r"\bTODO\b(?!\s*\(?#\d)"),
    "an unfinished passage": re.compile(r"lorem ipsum|\bFIXME\b|\bXXX\b|\bTBD\b", re.IGNORECASE),
}


def page(name: str) -> str:
    """Text of a page of the documentation."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """What stands between a heading and the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(title)}$\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no heading {title!r}"
    return found.group(1)


def first_table(text: str) -> list[str]:
    """Names in code marks in the first column of the first table, in order."""
    rows: list[str] = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append(line)
        elif rows:
            break
    return list(chain.from_iterable(re.findall(r"`([^`]+)`", row.split("|")[1]) for row in rows[2:]))


def in_first_columns(text: str) -> set[str]:
    """Names in code marks in the first column of any table."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return set(chain.from_iterable(re.findall(r"`([^`]+)`", cell) for cell in cells))


def settings_fields(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Names of all settings of a section, nested ones with a dot."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if kind is not IndicatorParameters and isinstance(kind, type) and issubclass(kind, BaseModel):
            names += settings_fields(kind, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def commands_of(group, prefix: str = "") -> dict[str, typer.main.TyperCommand]:
    """Every command by its words; a group that does something by itself counts as one."""
    found = {}
    for name, command in group.commands.items():
        words = f"{prefix}{name}"
        if hasattr(command, "commands"):
            found |= commands_of(command, f"{words} ")
        if not hasattr(command, "commands") or command.invoke_without_command:
            found[words] = command
    return found


COMMANDS = commands_of(typer.main.get_command(app))
SECTIONS = {
    name: field.annotation
    for name, field in PipelineSettings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented_with_all_its_options(name: str) -> None:
    rows = [line for line in page("operations.md").splitlines() if re.match(rf"\| `{name}(?: [A-Z…]+)*`", line)]

    assert len(rows) == 1
    options = [option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")]
    assert [option for option in options if f"`{option}`" not in rows[0]] == []


def test_no_command_is_documented_that_does_not_exist() -> None:
    text = "\n".join(each.read_text(encoding="utf-8") for each in PAGES)

    called = re.findall(
        r"forecast-pipeline ([a-z]+)\b", "\n".join(re.findall(r"`[^`\n]+`|^```.*?^```", text, re.MULTILINE | re.DOTALL))
    )
    assert sorted(set(called) - {name.split()[0] for name in COMMANDS}) == []
    assert "build" in called


def test_there_are_sections_and_commands_to_look_at() -> None:
    assert set(SECTIONS) == {"features", "splits", "backtests", "automation"}
    assert len(COMMANDS) > 5
    assert len(PAGES) > 20


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_every_setting_has_a_row_in_the_parameters_page(name: str) -> None:
    documented = in_first_columns(page("parameters.md"))

    assert [field for field in settings_fields(SECTIONS[name]) if field not in documented] == []
    assert f"`{name}`" in page("parameters.md")


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_setting_of_a_family_has_a_row_in_the_parameters_page(name: str) -> None:
    documented = in_first_columns(page("parameters.md"))

    assert [field for field in FAMILIES[name].parameters_class().model_fields if field not in documented] == []


@pytest.mark.parametrize("name", SPECIFICATION)
def test_every_parameter_of_the_specification_has_a_row(name: str) -> None:
    assert name in in_first_columns(page("parameters.md"))


def test_defaults_of_reserved_parameters_are_the_codes() -> None:
    text = page("parameters.md")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", text, re.MULTILINE))

    expected = {n: str(f.default).lower() for each in RESERVED for n, f in each.model_fields.items()}
    assert {n: str(yaml.safe_load(rows[n])).lower() for n in expected} == expected


def test_the_table_of_neural_settings_is_the_classes() -> None:
    """Mend it with: python forecast_pipeline_tests/docs/neural_tables.py."""
    assert neural_table() in page("parameters.md")


def test_the_file_of_defaults_is_the_classes() -> None:
    """Mend it with: python forecast_pipeline_tests/docs/neural_tables.py."""
    assert DEFAULTS.read_text(encoding="utf-8") == default_file()
    settings = PipelineSettings.parse(yaml.safe_load(default_file()))
    assert settings.model("latent_diffusion") == FAMILIES["latent_diffusion"].parameters_class()()


def test_the_file_of_the_specification_has_its_sizes_and_is_taken() -> None:
    values = yaml.safe_load((DEFAULTS.parent / "specification.yaml").read_text(encoding="utf-8"))

    chosen = PipelineSettings.parse(values).model("latent_diffusion").model_dump()
    assert values["models"]["latent_diffusion"] == {n: f.default for n, f in DeepParameters.model_fields.items()}
    assert {name: chosen[name] for name in DeepParameters.model_fields} == values["models"]["latent_diffusion"]


@pytest.mark.parametrize("model", [FeatureParameters, SplitParameters], ids=lambda m: m.__name__)
def test_numeric_defaults_are_the_codes(model: type[BaseModel]) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", page("parameters.md"), re.MULTILINE))

    expected = {n: f.default for n, f in model.model_fields.items() if isinstance(f.default, int | float)}
    assert {n: float(rows[n]) for n in expected} == expected


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("Candles", list(CANDLES)),
        ("Quarantine", [name for name in QUARANTINE if name not in CANDLES]),
        ("Bars", list(BARS)),
        ("Matrix", list(MARKET_COLUMNS)),
        ("Out-of-sample forecasts", list(FORECASTS)),
    ],
    ids=["candles", "quarantine", "bars", "matrix", "forecasts"],
)
def test_the_schema_page_lists_exactly_the_columns_in_order(title: str, columns: list[str]) -> None:
    assert first_table(section(page("schemas.md"), title)) == columns


def test_the_features_page_is_what_the_catalogue_says() -> None:
    """Mend it with: make features-page."""
    assert page("features.md") == features_page()


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_the_features_page_has_a_row_for_every_indicator(name: str) -> None:
    rows = [line for line in page("features.md").splitlines() if line.startswith(f"| `{name}` |")]

    assert len(rows) == 1
    assert rows[0].count("|") == 7


def test_the_number_of_indicators_that_the_pages_name_is_that_of_the_catalogue() -> None:
    named = re.findall(r"all (\d+) indicators", page("timing.md"))

    assert named == [str(len(PRESETS["all"]))]


@pytest.mark.parametrize("path", PAGES, ids=PAGE_IDS)
def test_every_internal_link_resolves(path: Path) -> None:
    targets = [
        target for target in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))) if "://" not in target
    ]

    missing = [target for target in targets if not (path.parent / target.split("#")[0]).exists()]
    assert missing == []


def test_every_page_is_reachable_from_the_index() -> None:
    index = DOCS / "README.md"
    seen, waiting = set(), [index]
    while waiting:
        path = waiting.pop()
        if path in seen or path.suffix != ".md" or not path.is_file():
            continue
        seen.add(path)
        links = LINK.findall(path.read_text(encoding="utf-8"))
        waiting += [(path.parent / target.split("#")[0]).resolve() for target in links if "://" not in target]

    assert sorted(path.name for path in DOCS.rglob("*.md") if path not in seen) == []


@pytest.mark.parametrize("path", PAGES, ids=PAGE_IDS)
def test_pages_hold_nothing_private_or_unfinished(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert {what: found.group() for what, banned in PRIVATE.items() if (found := banned.search(text))} == {}


@pytest.mark.parametrize("path", PAGES, ids=PAGE_IDS)
def test_paths_of_modules_named_in_the_pages_exist(path: Path) -> None:
    named = re.findall(
        r"`((?:core|candles|bars|features|splits|models|scores|backtests|forecasts|defs|cli)/[\w/]+\.py)`",
        path.read_text(encoding="utf-8"),
    )

    assert [name for name in named if not (ROOT / "forecast_pipeline" / name).exists()] == []


def test_constants_named_in_the_parameters_page_are_the_codes() -> None:
    rows = dict(re.findall(r"^\| ([^|`]+?) \| ([^|]+?) \|", section(page("parameters.md"), CONSTANTS), re.MULTILINE))

    assert (
        rows["least train, validation and test rows of a fold"]
        == f"{MIN_TRAIN_ROWS}, {MIN_VALIDATION_ROWS}, {MIN_TEST_ROWS}"
    )
    assert rows["cut of standardised inputs"] == f"±{CLIP_STD:g} standard deviations"
    assert rows["decays tried for the ex-ante scale"] == f"{DECAYS[0]:g} to {DECAYS[-1]:g}"
    assert rows["significance of the gate and the report"] == f"{SIGNIFICANCE:g}"
    assert rows["oldest close that still ends a label"] == f"{MAX_STALE_MINUTES} minutes or one slot"


def test_every_asset_job_sensor_and_schedule_is_documented() -> None:
    definitions, text = build_definitions(), page("operations.md")

    keys = {key.to_user_string() for key in definitions.resolve_all_asset_keys()}
    named = {each.name for kind in ("jobs", "sensors", "schedules") for each in getattr(definitions, kind) or ()}
    assert len(keys) > 10
    assert sorted(name for name in keys | named if f"`{name}`" not in text) == []


def test_the_example_settings_are_valid() -> None:
    example = re.search(r"```yaml\n(.*?)```", page("parameters.md"), re.DOTALL)

    assert example is not None
    settings = PipelineSettings.parse(yaml.safe_load(example.group(1)))
    assert settings.splits.horizon == 24


def test_the_changelog_has_unreleased_on_top_with_its_results() -> None:
    headings = re.findall(r"^#+ .+$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert headings[:2] == ["# Changelog", "## Unreleased"]
    released = next((n for n, h in enumerate(headings[2:], 2) if h.startswith("## ")), len(headings))
    assert "### Results" in headings[2:released]


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    names = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))

    assert [name[:4] for name in names] == [f"{n:04d}" for n in range(1, len(names) + 1)]
    assert [name for name in names if f"({name})" not in page("decisions/README.md")] == []
    for name in names:
        text = page(f"decisions/{name}")
        assert text.startswith(f"# {name[:4]} ")
        assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Consequence"))
