"""From frames to cells of text: a column knows its head, what it needs and how it is written."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests.page.blocks import NOT_RECORDED, Cells, Missing, Table
from forecast_pipeline.backtests.wording import between, number, p_text, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

Row = dict[str, Any]
MANY_ROWS = 24
_BASELINE = "is_baseline"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        head: What stands above it, with the unit.
        needs: Columns of the frame; without one of them the column is left out.
        text: From a row to its cell.
    """

    head: str
    needs: tuple[str, ...]
    text: Callable[[Row], str]


def word(head: str, name: str) -> Column:
    """Text, a whole number, a date or yes and no, as they are."""
    return Column(head, (name,), lambda row: plain(row[name]))


def fixed(head: str, name: str, digits: int, factor: float = 1.0) -> Column:
    """A number with fixed digits."""
    return Column(head, (name,), lambda row: number(_scaled(row[name], factor), digits))


def share(head: str, name: str, digits: int = 1) -> Column:
    """A fraction as a percentage."""
    return Column(head, (name,), lambda row: percent(row[name], digits))


def p_value(head: str, name: str) -> Column:
    """A p-value without false precision."""
    return Column(head, (name,), lambda row: p_text(row[name]))


def interval(head: str, names: tuple[str, str, str], digits: int, factor: float = 1.0) -> Column:
    """A number with its interval."""
    return Column(head, names, lambda row: between(*_three(row, names, factor), digits))


def extent(head: str, names: tuple[str, str]) -> Column:
    """Two fractions as a range of percentages."""
    return Column(head, names, lambda row: " to ".join(percent(row[name]) for name in names))


def table(
    frame: pl.DataFrame,
    caption: str,
    columns: Iterable[Column],
    notes: Sequence[str] = (),
    focus: Callable[[Row], bool] | None = None,
) -> Table:
    """A table of a frame; columns that the frame does not have are left out.

    Args:
        frame: Rows in the order to be shown.
        caption: The conclusion, as a sentence.
        columns: What to show.
        notes: Notes below.
        focus: Rows that stay visible if there are more than `MANY_ROWS`; the rest is folded.
    """
    shown = [column for column in columns if set(column.needs) <= set(frame.columns)]
    front: list[Cells] = []
    folded: list[Cells] = []
    for row in frame.iter_rows(named=True):
        cells = (bool(row.get(_BASELINE)), tuple(column.text(row) for column in shown))
        is_front = focus is None or frame.height <= MANY_ROWS or focus(row)
        (front if is_front else folded).append(cells)
    if not front:
        front, folded = folded, []
    return Table(caption, tuple(column.head for column in shown), front, tuple(notes), folded)


def whole_table(
    frame: pl.DataFrame | None, what: str, caption: str, notes: Sequence[str] = (), *, why: str = NOT_RECORDED
) -> Table | Missing:
    """Every column of a frame, written by the unit in its name; or the words that it is missing."""
    if frame is None or frame.is_empty():
        return Missing(what, why)
    names = [name for name in frame.columns if name != _BASELINE]
    return table(frame, caption, [by_name(name) for name in names], notes)


def by_name(name: str) -> Column:
    """Column whose head and digits follow from the unit in its name.

    Example:
        >>> by_name("width_90_bps").head, by_name("missing_fraction").text({"missing_fraction": 0.25})
        ('width 90, bps', '25.0 %')
    """
    for suffix, unit, digits, factor in _UNITS:
        if name.endswith(suffix):
            head = f"{name.removesuffix(suffix).replace('_', ' ')}{unit}"
            if suffix == "_fraction":
                return share(head, name)
            return _typed(head, name, digits, factor)
    head = name.replace("_", " ")
    if "p_value" in name or name in {"p", "p_adjusted"}:
        return p_value(head, name)
    if name in _RETURNS:
        return _typed(f"{head}, %", name, 2, 100.0)
    return _typed(head, name, 3, 1.0)


def model_name(row: Row) -> str:
    """Name of a model, said to be a baseline where it is one."""
    return f"{row['model']} (baseline)" if row.get(_BASELINE) else str(row["model"])


HORIZON = Column("horizon, bars", ("horizon_bars",), lambda row: str(row["horizon_bars"]))
MODEL = Column("model", ("model",), model_name)


def plain_or(value: object, otherwise: str, text: Callable[[Any], str] | None = None) -> str:
    """A value as text, or other words where there is none.

    Example:
        >>> plain_or(None, "not asked"), plain_or(True, "not asked")
        ('not asked', 'yes')
    """
    return otherwise if value is None else (text or plain)(value)


def plain(value: object) -> str:
    """Any value as text; instants in UTC without the offset that every one of them has.

    Example:
        >>> plain("2024-01-02T03:00:00+00:00"), plain(None), plain(True)
        ('2024-01-02 03:00', 'not recorded', 'yes')
    """
    if value is None:
        return NOT_RECORDED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return number(value, 3)
    text = str(value)
    return text.replace("T", " ").removesuffix("+00:00").removesuffix(":00") if "T" in text[8:12] else text


_UNITS: tuple[tuple[str, str, int, float], ...] = (
    ("_bps", ", bps", 3, 1.0),
    ("_pips", ", pips", 2, 1.0),
    ("_fraction", "", 1, 1.0),
    ("_minutes", ", minutes", 0, 1.0),
    ("_hours", ", hours", 1, 1.0),
    ("_days", ", days", 1, 1.0),
    ("_bars", ", bars", 1, 1.0),
    ("_utc", ", UTC", 0, 1.0),
)
# Summed log returns of one unit, shown in percent.
_RETURNS = frozenset(
    {"gross", "net", "cost", "net_at_double_cost", "net_delayed", "max_drawdown", "depth", "worst_day"}
)


def _typed(head: str, name: str, digits: int, factor: float) -> Column:
    def text(row: Row) -> str:
        value = row[name]
        return number(value * factor, digits) if isinstance(value, float) else plain(value)

    return Column(head, (name,), text)


def _three(row: Row, names: tuple[str, str, str], factor: float) -> tuple[float, float, float]:
    value, low, high = (_scaled(row[name], factor) for name in names)
    return value, low, high


def _scaled(value: float | None, factor: float) -> float:
    return math.nan if value is None else factor * value
