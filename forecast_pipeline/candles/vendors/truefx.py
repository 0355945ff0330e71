"""TrueFX ticks: ``EUR/USD,20130101 22:00:00.295,1.31971,1.31999``, UTC; also with a header timestamp,bid,ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.vendors.delimited import Layout, header_layout, refusal
from forecast_pipeline.candles.vendors.protocol import SelfContained
from forecast_pipeline.candles.vendors.text_source import delivered_text, parsed_text

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import ParsedSource, SourceOptions

_MUST = "TrueFX ticks like 'EUR/USD,20130101 22:00:00.295,1.31971,1.31999'"
_LINE = re.compile(r"[A-Z]{3}/[A-Z]{3},\d{8} \d\d:\d\d:\d\d\.\d+,[\d.]+,[\d.]+")
_NATIVE = Layout(separator=",", roles=("skip", "stamp", "bid", "ask"))


class TrueFx(SelfContained):
    """Reader of TrueFX ticks (bid and ask)."""

    name = "truefx"
    summary = "TrueFX ticks, .zip or .csv; bid and ask become one-minute candles; UTC"

    def unlike(self, head: Head) -> str:
        """Why they are no TrueFX ticks."""
        return "" if _layout(head.first_line) else "neither 'EUR/USD,20130101 22:00:00.295,…' nor timestamp,bid,ask"

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        first = delivered_text(path).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        layout = _layout(first)
        if layout is None:
            raise refusal(path.name, _MUST, 1, first)
        return parsed_text(path, options, layout, must=_MUST, side="bid", clock=LocalClock("UTC"))


def _layout(line: str) -> Layout | None:
    if _LINE.fullmatch(line):
        return _NATIVE
    layout = header_layout(line)
    is_plain = layout is not None and layout.holds_ticks and layout.roles[:3] == ("stamp", "bid", "ask")
    return layout if is_plain else None
