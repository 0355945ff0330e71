"""Section 4: which rows each fold learned from and was tested on, drawn to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests.page import data_plots
from forecast_pipeline.backtests.page.blocks import Missing, Table
from forecast_pipeline.backtests.page.cells import plain
from forecast_pipeline.backtests.page.drawing import canvas_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.page.sections.source import Context, Source

# A card keeps its keys in the order of the alphabet; a reader wants the order of time.
_ORDER = (
    *("fold", "mode", "train_start", "validation_start", "train_end", "test_start", "test_end", "label_end"),
    *("n_train", "n_validation", "n_test", "n_eff", "purge_bars", "embargo_bars"),
    *("dropped_by_purge", "dropped_by_embargo", "dropped_nan"),
)
_WORDS = {"dropped_nan": "dropped, missing values", "n_eff": "n_eff"}
_WISHED = ("validation_start", "label_end", "dropped_by_purge", "dropped_nan", "n_eff")


def context(source: Source) -> Context:
    """Diagram and table of the fold plan as it was recorded."""
    plan = list(source.facts.get("fold_plan") or [])
    if not plan:
        return {"diagram": Missing("Fold plan"), "folds": Missing("Rows of each fold")}
    height = 1.9 + 0.28 * max(len(plan), 2)
    caption = (
        f"{len(plan)} fold{'s' if len(plan) != 1 else ''} on the calendar, to scale, and the gap before the last test "
        "enlarged: nothing is learned from purge and embargo. Bars are trading time, so a weekend widens a gap."
    )
    diagram = canvas_figure(
        "splits",
        "Train and test of each fold, to scale",
        caption,
        height,
        lambda canvas: data_plots.splits(canvas, plan),
    )
    return {"diagram": diagram, "folds": fold_table(plan)}


def fold_table(plan: list[Mapping[str, Any]]) -> Table:
    """Every key of the plan as a column."""
    found = dict.fromkeys(name for row in plan for name in row)
    names = [name for name in _ORDER if name in found] + [name for name in found if name not in _ORDER]
    rows = [(False, tuple(plain(row.get(name)) for name in names)) for row in plan]
    purges = {row.get("purge_bars") for row in plan}
    purge = f"{purges.pop()} bars" if len(purges) == 1 and None not in purges else "the recorded number of bars"
    caption = f"{len(plan)} folds, each tested once, with {purge} purged before each test."
    wished = [_head(name) for name in _WISHED if name not in found]
    notes = ("Times are UTC.", f"Not recorded: {', '.join(wished)}.") if wished else ("Times are UTC.",)
    return Table(caption, tuple(_head(name) for name in names), rows, notes)


def _head(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))
