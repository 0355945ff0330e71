"""Section 4: which rows each fold learned from and was tested on, drawn to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests.page import data_plots
from forecast_pipeline.backtests.page.blocks import Missing, Table
from forecast_pipeline.backtests.page.cells import plain
from forecast_pipeline.backtests.page.drawing import canvas_figure
from forecast_pipeline.backtests.wording import bars, counted

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
        f"{counted(len(plan), 'fold')} on the calendar, to scale, and the gap before the last test "
        "enlarged: nothing is learned from purge and embargo. Bars are trading time, so a weekend widens a gap."
    )
    diagram = canvas_figure(
        "splits",
        "Train and test of each fold, to scale",
        caption,
        height,
        lambda canvas: data_plots.splits(canvas, plan),
    )
    horizons = source.facts.get("horizons_bars")
    return {"diagram": diagram, "folds": fold_table(plan, max(horizons) if horizons else None)}


def fold_table(plan: list[Mapping[str, Any]], longest_bars: int | None = None) -> Table:
    """Every key of the plan as a column.

    Args:
        plan: As recorded, a mapping a fold.
        longest_bars: The longest horizon, to whose labels ``label_end``, ``n_eff`` and what was dropped belong.
    """
    found = dict.fromkeys(name for row in plan for name in row)
    names = [name for name in _ORDER if name in found] + [name for name in found if name not in _ORDER]
    rows = [(False, tuple(plain(row.get(name)) for name in names)) for row in plan]
    purges = [row.get("purge_bars") for row in plan]
    first = purges[0]
    is_one = purges.count(first) == len(purges)
    purge = bars(first) if isinstance(first, int) and is_one else "the recorded number of bars"
    caption = f"{counted(len(plan), 'fold')}, each tested once, with {purge} purged before each test."
    wished = [_head(name) for name in _WISHED if name not in found]
    where = f"of the longest horizon, {bars(longest_bars)}" if longest_bars else "of the longest horizon"
    notes = ["Times are UTC.", f"Label end, n_eff (disjoint labels) and rows dropped for missing values are {where}."]
    if wished:
        notes.append(f"Not recorded: {', '.join(wished)}.")
    heads = tuple(
        f"n_eff at {bars(longest_bars)}" if name == "n_eff" and longest_bars else _head(name) for name in names
    )
    return Table(caption, heads, rows, tuple(notes))


def _head(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))
