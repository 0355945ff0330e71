"""The house itself: small modules with a charter, no forbidden habit, folders that are the stages."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "forecast_pipeline"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGES = ("candles", "bars", "features", "splits", "models", "backtests", "forecasts")

FORBIDDEN = {
    r"(?<![\w.])print\(": (),
    r"^\s*assert ": (),
    r"import pickle|pickle\.load|joblib\.load": (),
    r"weights_only=False": (),
    r"datetime\.now|utcnow": ("core/clock.py",),
    r"shift\(-": ("splits/assemble.py",),  # the next open values trades and is never an input
    r"\.(ffill|forward_fill|backward_fill)\(": (),
    r"\bnp\.random\.(seed|rand|randn|normal)\b": (),
    r"os\.environ": ("defs/settings.py", "defs/instance.py", "cli/workplace.py", "cli/download.py"),
    r"\b252\b": (),
    r"except Exception": ("models/storage.py", "models/neural/checkpoint_files.py"),
    r"from dagster|import dagster": None,
}


def test_modules_are_small():
    lengths = [len(path.read_text().splitlines()) for path in MODULES]

    assert statistics.median(lengths) <= 120
    assert max(lengths) <= 350


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_has_a_charter_of_one_sentence(path):
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert docstring.split("\n\n")[0].rstrip().endswith(".")


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_module_has_a_forbidden_habit(pattern):
    allowed = FORBIDDEN[pattern]
    found = []
    for path in MODULES:
        name = str(path.relative_to(PACKAGE))
        is_exempt = name.startswith(("defs/", "definitions")) if allowed is None else name in allowed
        if not is_exempt and re.search(pattern, path.read_text(), flags=re.MULTILINE):
            found.append(name)

    # The command line may build definitions, but only through the package that knows Dagster.
    assert found == []


def test_stage_names_are_the_folder_names():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}

    assert folders == {*STAGES, "core", "scores", "verification", "defs", "cli"}


def test_a_deferred_annotation_never_stands_in_defs():
    """Dagster reads annotations of assets when it loads."""
    offenders = [
        path.name
        for path in (PACKAGE / "defs").rglob("*.py")
        if "from __future__ import annotations" in path.read_text()
    ]

    assert offenders == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "defs" / "assets").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_asset_bodies_are_thin(path):
    """At most ten statements, and no arithmetic."""
    for node in ast.walk(ast.parse(path.read_text())):
        is_asset = isinstance(node, ast.FunctionDef) and any("asset" in ast.unparse(d) for d in node.decorator_list)
        if not is_asset:
            continue
        inner = list(ast.walk(node))
        statements = [n for n in inner if isinstance(n, ast.stmt) and n is not node]
        arithmetic = [n for n in inner if isinstance(n, ast.BinOp) and not isinstance(n.op, ast.BitOr)]
        assert len(statements) <= 10, node.name
        assert arithmetic == [], node.name
