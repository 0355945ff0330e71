"""Dukascopy: one-minute candles by day, the classic bi5 tree or the JSON interface, bundled by month."""

from __future__ import annotations

import json
import lzma
from itertools import groupby
from typing import TYPE_CHECKING

from forecast_pipeline.candles.downloads.cache import BodyCache, write_bundle
from forecast_pipeline.candles.downloads.job import Downloaded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from forecast_pipeline.candles.downloads.http import Fetcher
    from forecast_pipeline.candles.downloads.job import Progress, Wanted

BI5_URL = "https://datafeed.dukascopy.com"
JSON_URL = "https://jetta.dukascopy.com"
SIDES = ("BID", "ASK")
_CANDLE_BYTES = 24


def download_dukascopy(
    wanted: Wanted,
    fetcher: Fetcher,
    folder: Path,
    *,
    base_url: str | None = None,
    uses_json: bool = False,
    sides: Sequence[str] = SIDES,
    progress: Progress = lambda _done, _total: None,
) -> Downloaded:
    """Fetch every day of both sides that is not in the cache, then write one zip a month.

    A day that is not over is fetched anew each time and never cached; a day that the
    server does not have is asked for again next time.

    Raises:
        DownloadFailed: If a day cannot be fetched; what came before stays in the cache.
    """
    base = (base_url or (JSON_URL if uses_json else BI5_URL)).rstrip("/")
    cache = BodyCache(folder / ("json" if uses_json else "bi5"))
    days, report = list(wanted.days()), Downloaded()
    n_done = 0
    for (year, month), group in groupby(days, key=lambda day: (day.year, day.month)):
        bodies: dict[str, bytes] = {}
        for day in group:
            for side in sides:
                place = _json_place(wanted.symbol, day, side) if uses_json else _bi5_place(wanted.symbol, day, side)
                body = _body(place, cache, fetcher, base, report, is_settled=wanted.is_settled(day))
                if body:
                    bodies[f"{place}.json" if uses_json else place] = body
                n_done += 1
                progress(n_done, len(days) * len(sides))
        if bodies:
            kind = "json" if uses_json else "bi5"
            name = f"{wanted.symbol}_dukascopy_{kind}_{year}-{month:02}.zip"
            report.files.append(write_bundle(folder / "files" / wanted.symbol / name, bodies))
    return report


def _body(
    place: str, cache: BodyCache, fetcher: Fetcher, base: str, report: Downloaded, *, is_settled: bool
) -> bytes | None:
    known = cache.find(place) if is_settled else None
    if known is not None:
        report.n_cached += 1
        return known
    body = fetcher.body(f"{base}/{place}", is_whole=_json_fault if place.startswith("v1/") else _bi5_fault)
    if body is None:
        report.n_absent += 1
        return None
    report.n_fetched += 1
    if is_settled:
        cache.keep(place, body)
    return body


def _bi5_place(symbol: str, day: date, side: str) -> str:
    """Path on the server, which counts months from 0."""
    return f"datafeed/{symbol}/{day.year}/{day.month - 1:02}/{day.day:02}/{side}_candles_min_1.bi5"


def _json_place(symbol: str, day: date, side: str) -> str:
    """Path on the server, which counts months from 1 here."""
    return f"v1/candles/minute/{symbol[:3]}-{symbol[3:]}/{side}/{day.year}/{day.month}/{day.day}"


def _bi5_fault(body: bytes) -> str:
    """What is wrong with a bi5 body; an empty one is a day without quotes."""
    if not body:
        return ""
    decoder = lzma.LZMADecompressor(lzma.FORMAT_AUTO)
    try:
        raw = decoder.decompress(body, max_length=50_000_000)
    except lzma.LZMAError as error:
        return f"no bi5: {error}"
    if not decoder.eof:
        return "a bi5 that breaks off"
    return "" if len(raw) % _CANDLE_BYTES == 0 else f"{len(raw)} bytes, no whole number of candles"


def _json_fault(body: bytes) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        return f"no whole JSON: {error}"
    return "" if isinstance(value, dict) and "times" in value and "multiplier" in value else "JSON without candles"
