"""OANDA v20: one-minute candles with bid and ask, day by day, bundled by month; needs a key."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from forecast_pipeline.candles.downloads.cache import BodyCache, write_bundle
from forecast_pipeline.candles.downloads.job import Downloaded
from forecast_pipeline.core.errors import DownloadFailed

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from forecast_pipeline.candles.downloads.http import Fetcher
    from forecast_pipeline.candles.downloads.job import Progress, Wanted

OANDA_URL = "https://api-fxpractice.oanda.com"


def download_oanda(
    wanted: Wanted,
    fetcher: Fetcher,
    folder: Path,
    *,
    key: str,
    base_url: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Downloaded:
    """Fetch every day that is not in the cache, then write one zip a month.

    A day of 1440 minutes lies below the 5000 candles that one answer may hold.

    Args:
        wanted: Symbol and days.
        fetcher: Asks the server.
        folder: Cache and vendor files.
        key: Token of the account; it is sent and written nowhere else.
        base_url: Another server.
        progress: Told after each day.

    Raises:
        DownloadFailed: If a day cannot be fetched; what came before stays in the cache.
    """
    parts = urlsplit(base_url or OANDA_URL)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise DownloadFailed("a key must travel by https", was=f"{parts.scheme}://{parts.hostname}")
    base, cache, report = (base_url or OANDA_URL).rstrip("/"), BodyCache(folder / "json"), Downloaded()
    instrument = f"{wanted.symbol[:3]}_{wanted.symbol[3:]}"
    days, n_done = list(wanted.days()), 0
    for (year, month), group in groupby(days, key=lambda day: (day.year, day.month)):
        bodies = {}
        for day in group:
            body = _day(day, instrument, cache, fetcher, base, key, report, is_settled=wanted.is_settled(day))
            if body and json.loads(body)["candles"]:
                bodies[f"{instrument}_{day.isoformat()}.json"] = body
            n_done += 1
            progress(n_done, len(days))
        if bodies:
            name = f"{wanted.symbol}_oanda_{year}-{month:02}.zip"
            report.files.append(write_bundle(folder / "files" / wanted.symbol / name, bodies))
    return report


def _day(
    day: date,
    instrument: str,
    cache: BodyCache,
    fetcher: Fetcher,
    base: str,
    key: str,
    report: Downloaded,
    *,
    is_settled: bool,
) -> bytes | None:
    place = f"{instrument}/{day.isoformat()}"
    known = cache.find(place) if is_settled else None
    if known is not None:
        report.n_cached += 1
        return known
    query = {
        "granularity": "M1",
        "price": "BA",
        "from": f"{day.isoformat()}T00:00:00Z",
        "to": f"{(day + timedelta(days=1)).isoformat()}T00:00:00Z",
    }
    url = f"{base}/v3/instruments/{instrument}/candles?{urlencode(query)}"
    body = fetcher.body(url, headers={"Authorization": f"Bearer {key}"}, is_whole=lambda b: _fault(b, instrument))
    if body is None:
        report.n_absent += 1
        return None
    report.n_fetched += 1
    if is_settled:
        cache.keep(place, body)
    return body


def _fault(body: bytes, instrument: str) -> str:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        return f"no whole JSON: {error}"
    if not isinstance(value, dict) or not isinstance(value.get("candles"), list):
        return "JSON without candles"
    return "" if value.get("instrument") == instrument else f"candles of {value.get('instrument')!r}"
