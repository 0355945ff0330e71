"""OANDA v20 candles: JSON with prices as text, the forming candle left out, UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.candles.clock_check import check_clock_fits
from forecast_pipeline.candles.vendors.container import delivered_members
from forecast_pipeline.candles.vendors.json_text import decoded
from forecast_pipeline.candles.vendors.protocol import ParsedSource, SelfContained, complete_columns
from forecast_pipeline.candles.vendors.stamps import read_stamps
from forecast_pipeline.candles.vendors.ticks import minutes_of_shorter
from forecast_pipeline.core.errors import NoRecords, RefusedFile

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import PriceSide, SourceOptions

_MINUTES = {"M1": 1, "M5": 5, "M15": 15, "M30": 30, "H1": 60, "H4": 240, "D": 1440}
_SECONDS = ("S5", "S10", "S15", "S30")
_LETTERS = {"open": "o", "high": "h", "low": "l", "close": "c"}


class Oanda(SelfContained):
    """Reader of answers of ``/v3/instruments/…/candles``, one page or many (a list, or a zip)."""

    name = "oanda"
    summary = "OANDA v20 candles, JSON page, list of pages or .zip; bid with ask, else mid; UTC"

    def unlike(self, head: Head) -> str:
        """Why it is no answer of OANDA."""
        if head.members:
            is_zip = any(name.endswith(".json") and "/candles/" not in f"/{name}" for name in head.members)
            return "" if is_zip else "no zip of .json pages"
        is_page = head.content.lstrip()[:1] in (b"{", b"[") and b'"granularity"' in head.content
        return "" if is_page and b'"candles"' in head.content else "no JSON with instrument, granularity and candles"

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        found = [decoded(body, name) for name, body in delivered_members(path, ".json")]
        pages = [page for each in found for page in (each if isinstance(each, list) else [each])]
        for page in pages:
            _check_page(page, path.name)
        kinds = {(page.get("instrument"), page["granularity"]) for page in pages}
        if len(kinds) != 1:
            raise RefusedFile(f"{path.name} must hold one instrument and granularity", was=str(sorted(map(str, kinds))))
        candles = [candle for page in pages for candle in page["candles"]]
        complete = [candle for candle in candles if candle.get("complete", True) is not False]
        if not complete:
            raise NoRecords(f"{path.name} must hold complete candles", was=f"none of {len(candles)}")
        side, records = _records(complete, options.price_side, path.name)
        granularity = pages[0]["granularity"]
        if granularity in _SECONDS:
            records = minutes_of_shorter(records)
        check_clock_fits(records["ts_utc"], f"times of {path.name}")
        n_forming = len(candles) - len(complete)
        return ParsedSource(
            records=records,
            source_minutes=_MINUTES.get(granularity, 1),
            price_side=side,
            timezone="UTC",
            dropped={"incomplete": n_forming} if n_forming else {},
            n_read=len(candles),
        )


def _check_page(page: object, name: str) -> None:
    if isinstance(page, dict) and "errorMessage" in page:
        raise RefusedFile(f"{name} must be an answer with candles", was=f"the error {str(page['errorMessage'])[:80]!r}")
    if not isinstance(page, dict) or not isinstance(page.get("candles"), list) or "granularity" not in page:
        raise RefusedFile(f"{name} must have granularity and a list of candles", was=repr(page)[:60])
    if page["granularity"] not in (*_MINUTES, *_SECONDS):
        known = " ".join((*_SECONDS, *_MINUTES))
        raise RefusedFile(f"{name} must have a granularity of {known}", was=repr(page["granularity"]))
    if any(not isinstance(candle, dict) for candle in page["candles"]):
        raise RefusedFile(f"{name} must hold candles as objects", was="something else")


def _records(candles: list[dict[str, Any]], wanted: PriceSide | None, name: str) -> tuple[PriceSide, pl.DataFrame]:
    sides = [side for side in ("bid", "ask", "mid") if all(isinstance(candle.get(side), dict) for candle in candles)]
    if not sides:
        raise RefusedFile(f"{name} must have bid, ask or mid in every candle", was="none", do="ask for price=BA")
    side: PriceSide = wanted if wanted in sides else sides[0] if sides[0] != "ask" or "mid" not in sides else "mid"  # type: ignore[assignment]
    stamps = read_stamps(pl.Series("time", [_fine(str(candle.get("time"))) for candle in candles]))
    if stamps is None or stamps.values.null_count():
        bad = next(n for n, c in enumerate(candles) if stamps is None or stamps.values[n] is None)
        raise RefusedFile(f"{name} must have a time in every candle", was=repr(candles[bad].get("time")))
    columns = {each: _numbers(candles, side, letter, name) for each, letter in _LETTERS.items()}
    if side == "bid" and "ask" in sides:
        columns |= {f"ask_{each}": _numbers(candles, "ask", letter, name) for each, letter in _LETTERS.items()}
    volume = [candle.get("volume") for candle in candles]
    if any(isinstance(each, bool) or not isinstance(each, int | float | None) for each in volume):
        raise RefusedFile(f"{name} must have numbers as volume", was="something else")
    clock = stamps.values if stamps.is_utc else stamps.values.dt.replace_time_zone("UTC")
    frame = pl.DataFrame({"ts_utc": clock, **columns, "volume": pl.Series(volume, dtype=pl.Float64, strict=False)})
    return side, complete_columns(frame)


def _fine(time: str) -> str:
    """Microseconds of a time with nanoseconds; an epoch keeps none of its zeros."""
    whole, dot, fraction = time.partition(".")
    if not dot:
        return time
    digits = fraction.rstrip("Z")
    return f"{whole}.{digits[:6]}" + ("Z" if fraction.endswith("Z") else "")


def _numbers(candles: list[dict[str, Any]], side: str, letter: str, name: str) -> pl.Series:
    texts = [candle[side].get(letter) for candle in candles]
    try:
        return pl.Series([None if text is None else float(text) for text in texts], dtype=pl.Float64)
    except (TypeError, ValueError):
        raise RefusedFile(f"{name} must have numbers as {side}.{letter}", was="something else") from None
