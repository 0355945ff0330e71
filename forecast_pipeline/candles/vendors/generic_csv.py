"""Any CSV whose columns are named in its header or in the options: the dialect is declared, never guessed twice."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.vendors.delimited import CLOCK_ROLES, NUMBER_ROLES, Layout, header_layout, refusal
from forecast_pipeline.candles.vendors.dukascopy_csv import side_in
from forecast_pipeline.candles.vendors.text_source import delivered_text, parsed_text
from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import ParsedSource, SourceOptions

_MUST = "a header that names its columns, such as timestamp,open,high,low,close, or --columns"
_ROLES = (*CLOCK_ROLES, *NUMBER_ROLES, "skip")
_ZONED = re.compile(r"\b(UTC|GMT)\b|utc", re.IGNORECASE)


class GenericCsv:
    """Reader of CSV files with a header, or with columns declared in the options; ticks or candles."""

    name = "csv"
    summary = "any CSV with a header or --columns, ticks or candles; clock from the stamps, measured, or --timezone"

    def unlike(self, head: Head) -> str:
        """Why its columns are not known."""
        layout = header_layout(head.first_line)
        if layout is None:
            return "no header that names its columns"
        return "" if layout.is_complete else "a header without a clock, prices, or bid and ask"

    def resolved(self, path: Path, symbol: str, options: SourceOptions) -> SourceOptions:  # noqa: ARG002
        """The options with the side that the file name tells."""
        return options if options.price_side else options.model_copy(update={"price_side": side_in(path.stem)})

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        first = delivered_text(path).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        layout = _layout(first, options)
        if layout is None or not layout.is_complete:
            raise refusal(path.name, _MUST, 1, first)
        clock = LocalClock("UTC") if layout.n_header and _ZONED.search(first) else None
        return parsed_text(path, options, layout, must=_MUST, side="unspecified", clock=clock)


def _layout(first: str, options: SourceOptions) -> Layout | None:
    found = header_layout(first, options.separator)
    if options.columns is not None:
        roles = tuple(role.strip() for role in options.columns.split(","))
        unknown = [role for role in roles if role not in _ROLES]
        if unknown or len({*roles} - {"skip"}) != len([role for role in roles if role != "skip"]):
            raise InvalidConfiguration(f"columns must be some of {' '.join(_ROLES)}, each once", was=options.columns)
        separator = options.separator or _separator(first)
        n_header = 0 if _starts_with_data(first, roles, separator) else 1
        found = Layout(separator=separator, roles=roles, n_header=n_header, has_quotes='"' in first)
    if found is None:
        return None
    return replace(found, decimal_comma=options.decimal_comma, stamp_format=options.stamp_format)


def _separator(line: str) -> str:
    return max((";", "\t", ",", "|"), key=line.count)


def _starts_with_data(line: str, roles: tuple[str, ...], separator: str) -> bool:
    """Whether the first clock column of the first line holds digits."""
    values = line.replace('"', "").split(separator)
    position = next((n for n, role in enumerate(roles) if role in CLOCK_ROLES), 0)
    return position < len(values) and bool(re.match(r"\s*\d", values[position]))
