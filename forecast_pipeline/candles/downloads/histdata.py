"""HistData.com: the form of a download page, then the zip that it leads to; whole years, months of the present one."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from forecast_pipeline.candles.downloads.cache import BodyCache
from forecast_pipeline.candles.downloads.job import Downloaded
from forecast_pipeline.core.errors import DownloadFailed
from forecast_pipeline.core.publication import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from forecast_pipeline.candles.downloads.http import Fetcher
    from forecast_pipeline.candles.downloads.job import Progress, Wanted

HISTDATA_URL = "https://www.histdata.com"
_PAGE = "download-free-forex-historical-data/?/ascii/1-minute-bar-quotes"
_INPUT = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
_FIELDS = ("tk", "date", "datemonth", "platform", "timeframe", "fxpair")


@dataclass(frozen=True, slots=True)
class _Period:
    year: int
    month: int | None

    @property
    def text(self) -> str:
        return f"{self.year}{self.month:02}" if self.month else str(self.year)


def download_histdata(
    wanted: Wanted,
    fetcher: Fetcher,
    folder: Path,
    *,
    base_url: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Downloaded:
    """Fetch the zip of every year that is over and of every month of the present year.

    The site sells whole years once they are over; a period is cached when it is over.

    Raises:
        DownloadFailed: If a page has no form, or a zip does not arrive whole.
    """
    base, cache, report = (base_url or HISTDATA_URL).rstrip("/"), BodyCache(folder / "zip"), Downloaded()
    periods = list(_periods(wanted))
    for n, period in enumerate(periods, 1):
        name = f"{wanted.symbol}_M1_{period.text}.zip"
        is_over = period.year < wanted.now.year or (period.month or 0) < wanted.now.month
        body = cache.find(name) if is_over else None
        if body is not None:
            report.n_cached += 1
        else:
            body = _zip(wanted.symbol, period, fetcher, base)
            if body is None:
                report.n_absent += 1
            else:
                report.n_fetched += 1
                if is_over:
                    cache.keep(name, body)
        if body is not None:
            report.files.append(_written(folder / "files" / wanted.symbol / f"HISTDATA_COM_ASCII_{name}", body))
        progress(n, len(periods))
    return report


def _periods(wanted: Wanted) -> Iterator[_Period]:
    present = wanted.now.year
    for year in range(wanted.first.year, min(wanted.last.year, present) + 1):
        if year < present:
            yield _Period(year, None)
            continue
        last = wanted.last.month if wanted.last.year == year else 12
        first = wanted.first.month if wanted.first.year == year else 1
        for month in range(first, min(last, wanted.now.month) + 1):
            yield _Period(year, month)


def _zip(symbol: str, period: _Period, fetcher: Fetcher, base: str) -> bytes | None:
    month = f"/{period.month}" if period.month else ""
    page_url = f"{base}/{_PAGE}/{symbol.lower()}/{period.year}{month}"
    page = fetcher.body(page_url)
    if page is None:
        return None
    fields = _form(page.decode("utf-8", "replace"))
    if not fields.get("tk"):
        raise DownloadFailed(
            f"the page of {symbol} {period.text} must hold a form with a token",
            was="a page without one",
            why="the site has changed, or does not have the period",
            do="fetch the zip by hand and ingest it",
        )
    known = {"date": str(period.year), "datemonth": period.text, "fxpair": symbol}
    wrong = {name: fields.get(name) for name, value in known.items() if fields.get(name, "").upper() != value}
    if wrong:
        raise DownloadFailed(f"the form must be for {symbol} {period.text}", was=str(wrong))
    # The server answers only to a form that comes from its own page.
    form = urlencode({name: fields.get(name, "") for name in _FIELDS}).encode()
    headers = {"Referer": page_url, "Content-Type": "application/x-www-form-urlencoded"}
    return fetcher.body(f"{base}/get.php", headers=headers, form=form, is_whole=_zip_fault)


def _form(page: str) -> dict[str, str]:
    """Names and values of the input fields of a page."""
    fields = {}
    for tag in _INPUT.findall(page):
        attributes = dict(re.findall(r"\b(name|value)\s*=\s*[\"']([^\"']*)[\"']", tag, re.IGNORECASE))
        if "name" in attributes:
            fields[attributes["name"]] = attributes.get("value", "")
    return fields


def _zip_fault(body: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError) as error:
        return f"no whole zip: {error}"
    return "" if broken is None else "a damaged member"


def _written(path: Path, body: bytes) -> Path:
    if not path.is_file() or path.read_bytes() != body:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, body)
    return path
