"""How commands print: tables for people, JSON for programs."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

# Into a pipe, rich would wrap at 80 characters; a table that is read later should keep its lines.
PIPE_WIDTH = 160
CONSOLE = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
ERRORS = Console(stderr=True, soft_wrap=True)


def print_json(value: object) -> None:
    """Print one JSON document; instants as ISO text, undefined numbers as null."""
    CONSOLE.print(json.dumps(_plain(value), indent=2, allow_nan=False), markup=False, highlight=False, soft_wrap=True)


def print_rows(rows: Sequence[Mapping[str, Any]], title: str, *, as_json: bool) -> None:
    """Print rows as a table, or as JSON."""
    if as_json:
        print_json(list(rows))
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ["nothing"]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*[_cell(value) for value in row.values()])
    CONSOLE.print(table)


def print_records(records: Sequence[Mapping[str, Any]], title: str, *, as_json: bool) -> None:
    """Print records of many fields one field a line, or as JSON."""
    if as_json:
        print_json(list(records))
        return
    for record in records:
        CONSOLE.print(title, style="italic")
        width = max(len(name) for name in record)
        for name, value in record.items():
            CONSOLE.print(f"  {name:<{width}}  {_cell(value)}", highlight=False, markup=False, soft_wrap=True)


def print_frame(frame: pl.DataFrame, title: str, *, as_json: bool) -> None:
    """Print a frame as a table, or as JSON."""
    print_rows(list(frame.iter_rows(named=True)), title, as_json=as_json)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value a command returns
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
