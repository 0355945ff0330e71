"""MetaTrader 4 and 5 exports: tab, semicolon or comma, header or none, UTF-16, tick volume and spread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecast_pipeline.candles.vendors.delimited import Layout, header_layout, refusal
from forecast_pipeline.candles.vendors.protocol import SelfContained
from forecast_pipeline.candles.vendors.text_source import delivered_text, parsed_text

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import ParsedSource, SourceOptions

_MUST = "MetaTrader lines like '<DATE> <TIME> <OPEN> <HIGH> <LOW> <CLOSE> …' or '2019.07.30,00:00,1.1,1.2,1.0,1.1,5'"
_DATE = r"\d{4}[.\-]\d{2}[.\-]\d{2}"
_PRICES = ("open", "high", "low", "close", "volume")
_HEADERLESS = (
    (re.compile(rf"{_DATE}(?P<s>[,;\t])\d\d:\d\d(:\d\d)?((?P=s)-?[\d.]+){{5}}"), ("date", "time", *_PRICES)),
    (re.compile(rf"{_DATE}(?P<s>[,;\t])\d\d:\d\d(:\d\d)?((?P=s)-?[\d.]+){{6}}"), ("date", "time", *_PRICES, "spread")),
    (
        re.compile(rf"{_DATE}(?P<s>[,;\t])\d\d:\d\d(:\d\d)?((?P=s)-?[\d.]+){{7}}"),
        ("date", "time", *_PRICES, "skip", "spread"),
    ),
    (re.compile(rf"{_DATE} \d\d:\d\d(:\d\d)?(?P<s>[,;\t])-?[\d.]+((?P=s)-?[\d.]+){{4}}"), ("stamp", *_PRICES)),
    (re.compile(rf"{_DATE}(?P<s>[,;\t])-?[\d.]+((?P=s)-?[\d.]+){{4}}"), ("date", *_PRICES)),
)


class MetaTrader(SelfContained):
    """Reader of MetaTrader exports (bid prices, broker's clock)."""

    name = "metatrader"
    summary = "MetaTrader 4/5 export, any separator; bid, tick volume, spread; clock measured or --timezone"

    def unlike(self, head: Head) -> str:
        """Why it is no MetaTrader export."""
        layout = _layout(head.first_line)
        if layout is None:
            return "neither a header with date, open, high, low, close nor a MetaTrader line"
        if layout.holds_ticks or "ask_open" in layout.roles:
            return "bid and ask columns"
        header = head.first_line.lower()
        if layout.n_header and not ("<" in header or "tick" in header or "spread" in header or "\t" in header):
            return "a header that MetaTrader does not write"
        return ""

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        text = delivered_text(path)
        first = text.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        layout = _layout(first)
        if layout is None:
            raise refusal(path.name, _MUST, 1, first)
        return parsed_text(path, options, layout, must=_MUST, side="bid", clock=None)


def _layout(line: str) -> Layout | None:
    plain = line.replace('"', "")
    for pattern, roles in _HEADERLESS:
        if found := pattern.fullmatch(plain):
            return Layout(separator=found["s"], roles=roles, has_quotes='"' in line)
    layout = header_layout(line)
    return layout if layout is not None and layout.is_complete else None
