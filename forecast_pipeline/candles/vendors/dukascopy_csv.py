"""Dukascopy CSV exports: candles and ticks of the web page and of JForex, day first, mostly UTC."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.vendors.delimited import Layout, header_layout, refusal
from forecast_pipeline.candles.vendors.text_source import delivered_text, parsed_text, without_filler

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import ParsedSource, PriceSide, SourceOptions

_MUST = "a Dukascopy export like 'Gmt time,Open,High,Low,Close,Volume' and '02.01.2017 00:00:00.000,1.1,1.2,1.0,1.1,5'"
_ZONE_HEADER = re.compile(
    r"\"?(?:(?P<iana>[A-Z][A-Za-z_]+/[A-Za-z_/+\-0-9]+)|(?P<kind>Gmt|Local) time|Time(?: \((?P<zone>\w+)\))?)\"?[,;]",
    re.IGNORECASE,
)
_STAMP = re.compile(r"\"?\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d\.\d{3}")
_TICK = re.compile(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d\.\d{3},[\d.]+,[\d.]+")


class DukascopyCsv:
    """Reader of Dukascopy's CSV exports (the side stands in the file name; filler rows are left out)."""

    name = "dukascopy-csv"
    summary = "Dukascopy CSV export, candles or ticks; side from the file name; UTC unless the header says another zone"

    def unlike(self, head: Head) -> str:
        """Why it is no export of Dukascopy."""
        first, second = (*head.lines, "", "")[:2]
        if _TICK.fullmatch(first):
            return ""
        if not _ZONE_HEADER.match(first) or header_layout(_named(first)) is None:
            return "no header like 'Gmt time,Open,High,Low,Close,Volume'"
        return (
            "" if not second or _STAMP.match(second) or "/" in first.split(",")[0] else f"stamps like {second[:24]!r}"
        )

    def resolved(self, path: Path, symbol: str, options: SourceOptions) -> SourceOptions:  # noqa: ARG002
        """The options with the side that the file name tells."""
        return options if options.price_side else options.model_copy(update={"price_side": side_in(path.stem)})

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        first = delivered_text(path).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        if _TICK.fullmatch(first):
            return self._headerless(path, options)
        layout = header_layout(_named(first))
        if layout is None or not layout.is_complete:
            raise refusal(path.name, _MUST, 1, first)
        side: PriceSide = side_in(path.stem) or "unspecified"
        return without_filler(parsed_text(path, options, layout, must=_MUST, side=side, clock=_clock(first)))

    def _headerless(self, path: Path, options: SourceOptions) -> ParsedSource:
        layout = Layout(separator=",", roles=("stamp", "bid", "ask"))
        pattern = options.stamp_format or "%m/%d/%Y %H:%M:%S%.f"
        return parsed_text(path, options, replace(layout, stamp_format=pattern), must=_MUST, side="bid", clock=None)


def side_in(name: str) -> PriceSide | None:
    """The side that a file name tells.

    Example:
        >>> side_in("EURUSD_Candlestick_1_M_BID_01.01.2018"), side_in("EURUSD")
        ('bid', None)
    """
    found = {each.lower() for each in re.findall(r"(?<![A-Za-z])(BID|ASK)(?![A-Za-z])", name, re.IGNORECASE)}
    if len(found) != 1:
        return None
    return "bid" if found == {"bid"} else "ask"


def _named(header: str) -> str:
    """The header with the name of the clock column as we know it."""
    return _ZONE_HEADER.sub("stamp,", header, count=1) if "," in header else header


def _clock(header: str) -> LocalClock | None:
    """The clock that the header names; None for local time, which stands in the stamps or has to be measured."""
    found = _ZONE_HEADER.match(header)
    if found is None or (found["kind"] or "").lower() == "local":
        return None
    zone = found["iana"] or found["zone"] or "UTC"
    return LocalClock("UTC") if zone.upper() == "GMT" else LocalClock.named(zone)
