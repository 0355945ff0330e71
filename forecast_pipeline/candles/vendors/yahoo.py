"""Yahoo chart JSON: epoch seconds and arrays with nulls, no volume for currencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.candles.clock_check import check_clock_fits
from forecast_pipeline.candles.vendors.container import delivered_bytes
from forecast_pipeline.candles.vendors.json_text import decoded, number_arrays
from forecast_pipeline.candles.vendors.protocol import ParsedSource, SelfContained, complete_columns
from forecast_pipeline.core.errors import NoRecords, RefusedFile

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import SourceOptions

_MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "60m": 60, "1h": 60, "4h": 240, "1d": 1440}
_OHLC = ("open", "high", "low", "close")
_DAY = 1440


class Yahoo(SelfContained):
    """Reader of answers of ``/v8/finance/chart``; rows without any price are left out."""

    name = "yahoo"
    summary = "Yahoo chart JSON; side unspecified; UTC; rows without a price left out"

    def unlike(self, head: Head) -> str:
        """Why it is no chart."""
        is_json = head.content.lstrip()[:1] == b"{"
        return "" if is_json and b'"chart"' in head.content else "no JSON with a chart"

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        result = _result(decoded(delivered_bytes(path, ".json"), path.name), path.name)
        granularity = result.get("meta", {}).get("dataGranularity")
        if granularity not in _MINUTES:
            raise RefusedFile(f"{path.name} must have a granularity of {' '.join(_MINUTES)}", was=repr(granularity))
        frame = _frame(result, path.name)
        present = frame.filter(~pl.all_horizontal(pl.col(_OHLC).is_nan()))
        if present.is_empty():
            raise NoRecords(f"{path.name} must hold candles", was=f"{frame.height} rows without a price")
        minutes = _MINUTES[granularity]
        if minutes < _DAY:
            check_clock_fits(present["ts_utc"], f"timestamps of {path.name}")
        n_empty = frame.height - present.height
        return ParsedSource(
            records=complete_columns(present),
            source_minutes=minutes,
            price_side=options.price_side or "unspecified",
            timezone="UTC",
            dropped={"empty": n_empty} if n_empty else {},
            n_read=frame.height,
        )


def _result(body: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    for key in ("response", "bodyJson"):  # as some clients keep their answers
        if isinstance(body, dict) and "chart" not in body and isinstance(body.get(key), dict):
            body = body[key]
    chart = body.get("chart") if isinstance(body, dict) else None
    if not isinstance(chart, dict):
        raise RefusedFile(f"{name} must have a chart", was=repr(body)[:60])
    if chart.get("error"):
        raise RefusedFile(f"{name} must be an answer with candles", was=f"the error {str(chart['error'])[:80]}")
    results = chart.get("result")
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        raise RefusedFile(f"{name} must hold the chart of one symbol", was=repr(results)[:60])
    return results[0]


def _frame(result: dict[str, Any], name: str) -> pl.DataFrame:
    quotes = result.get("indicators", {}).get("quote") or [{}]
    quote = quotes[0] if isinstance(quotes[0], dict) else {}
    if not result.get("timestamp"):
        if any(quote.get(each) for each in _OHLC):
            raise RefusedFile(f"{name} must have a timestamp for every price", was="prices without timestamps")
        raise NoRecords(f"{name} must hold candles", was="a chart without timestamps")
    arrays = number_arrays({"timestamp": result["timestamp"], **quote}, ("timestamp", *_OHLC), name)
    seconds = arrays.pop("timestamp")
    lost = ~np.isfinite(seconds)
    instants = pl.Series("ts_utc", (np.nan_to_num(seconds) * 1e6).astype(np.int64)).cast(pl.Datetime("us", "UTC"))
    frame = pl.DataFrame({"ts_utc": instants.set(pl.Series(lost), None), **arrays})
    if not isinstance(quote.get("volume"), list):
        return frame
    volume = number_arrays({"timestamp": result["timestamp"], **quote}, ("timestamp", "volume"), name)["volume"]
    # Yahoo writes 0 for currencies, which have no volume there.
    return frame.with_columns(volume=pl.Series(volume)) if np.nansum(volume) > 0 else frame
