"""Dukascopy JSON: candles and ticks as running differences, UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.candles.vendors.container import delivered_members
from forecast_pipeline.candles.vendors.dukascopy_csv import side_in
from forecast_pipeline.candles.vendors.json_text import decoded, number_arrays
from forecast_pipeline.candles.vendors.protocol import ParsedSource, complete_columns
from forecast_pipeline.candles.vendors.text_source import without_filler
from forecast_pipeline.candles.vendors.ticks import parsed_ticks
from forecast_pipeline.core.errors import NoRecords, RefusedFile
from forecast_pipeline.core.timeframe import Timeframe

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import SourceOptions

_OHLC = ("open", "high", "low", "close")
_MS_PER_MINUTE = 60_000
_UNITS_PER_VOLUME = 1_000_000  # ticks count units, candles and bi5 count millions
_MULTIPLIERS = tuple(float(f"1e-{decimals}") for decimals in range(11))


class DukascopyJson:
    """Reader of Dukascopy's JSON bodies, alone or many in a zip (side from the path, bid if it tells none)."""

    name = "dukascopy-json"
    summary = "Dukascopy JSON candles or ticks, one body or a .zip of them; UTC; filler rows left out"

    def unlike(self, head: Head) -> str:
        """Why it is no JSON of Dukascopy."""
        if head.members:
            fits = any(name.endswith(".json") and "/candles/" in f"/{name}" for name in head.members)
            return "" if fits else "no zip of candles/…json"
        start = head.content[:2000]
        is_one = start.lstrip()[:1] == b"{" and b'"multiplier"' in start and b'"timestamp"' in start
        return "" if is_one else "no JSON with timestamp and multiplier"

    def resolved(self, path: Path, symbol: str, options: SourceOptions) -> SourceOptions:  # noqa: ARG002
        """The options with the side that the path tells."""
        if options.price_side or path.suffix == ".zip":
            return options
        return options.model_copy(update={"price_side": side_in(str(path.absolute()))})

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        bodies = [(name, decoded(body, name)) for name, body in delivered_members(path, ".json") if body.strip()]
        for name, body in bodies:
            _check_body(body, name)
        if not bodies:
            raise NoRecords(f"{path.name} must hold candles", was="an empty file")
        if all("asks" in body for _, body in bodies):
            ticks = pl.concat([_ticks(body, name) for name, body in bodies])
            return parsed_ticks(ticks, options, timezone="UTC", name=path.name)
        sides = {name: side_in(name) or "bid" for name, _ in bodies}
        frames = {side: [_candles(b, n) for n, b in bodies if sides[n] == side] for side in ("bid", "ask")}
        shifts = {int(body.get("shift", _MS_PER_MINUTE)) for _, body in bodies}
        if len(shifts) != 1:
            raise RefusedFile(f"{path.name} must hold candles of one length", was=f"{sorted(shifts)} ms")
        minutes = shifts.pop() // _MS_PER_MINUTE
        records = joined_sides(frames, path.name)
        parsed = ParsedSource(
            records=records,
            source_minutes=Timeframe.of_minutes(minutes).minutes,
            price_side=options.price_side or ("bid" if frames["bid"] else "ask"),
            timezone="UTC",
        )
        return without_filler(parsed)


def joined_sides(frames: dict[str, list[pl.DataFrame]], name: str) -> pl.DataFrame:
    """Candles of one side as they are, or bid candles with the ask candles of the same instants beside them.

    Raises:
        NoRecords: If there is none.
    """
    bid, ask = (pl.concat(frames[side]) if frames[side] else None for side in ("bid", "ask"))
    only = bid if ask is None or ask.is_empty() else ask
    if only is None or only.is_empty():
        raise NoRecords(f"{name} must hold candles", was="none")
    if bid is None or ask is None or bid.is_empty() or ask.is_empty():
        return complete_columns(only)
    quoted = ask.unique("ts_utc", keep="last").select("ts_utc", *(pl.col(n).alias(f"ask_{n}") for n in _OHLC))
    return complete_columns(bid.join(quoted, on="ts_utc", how="left", maintain_order="left"))


def _check_body(body: object, name: str) -> None:
    if not isinstance(body, dict) or not _is_number(body.get("timestamp")) or not _is_number(body.get("multiplier")):
        raise RefusedFile(f"{name} must be a Dukascopy body with timestamp and multiplier", was=repr(body)[:60])
    if body["multiplier"] not in _MULTIPLIERS:
        raise RefusedFile(f"{name} must have a multiplier like 1e-05", was=repr(body["multiplier"]))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e16  # noqa: PLR2004


def _running(first: object, steps: Any, multiplier: float, name: str) -> Any:  # noqa: ANN401 - float arrays
    """Prices whose differences are given in points; rounded to the point, so that no error adds up."""
    if not _is_number(first):
        raise RefusedFile(f"{name} must give the price from which it counts", was=repr(first))
    decimals = round(-np.log10(multiplier))
    return np.round((round(float(first) / multiplier) + np.cumsum(steps)) * multiplier, decimals)  # type: ignore[arg-type]


def _instants(body: dict[str, Any], steps: Any, unit_ms: float) -> pl.Series:  # noqa: ANN401 - float array
    # A step beyond all time is cut to its end, where the row is judged as one of the future.
    steps_ms = np.clip(np.nan_to_num(steps), -1e14, 1e14) * min(max(unit_ms, -1e9), 1e9)
    instants = body["timestamp"] + np.cumsum(steps_ms)
    clipped = np.clip(instants, -1e14, 1e14)
    return pl.Series("ts_utc", (clipped * 1000).astype(np.int64)).cast(pl.Datetime("us", "UTC"))


def _candles(body: dict[str, Any], name: str) -> pl.DataFrame:
    arrays = number_arrays(body, ("times", "opens", "highs", "lows", "closes", "volumes"), name)
    if not arrays["times"].size:
        schema = {"ts_utc": pl.Datetime("us", "UTC")} | dict.fromkeys((*_OHLC, "volume"), pl.Float64)
        return pl.DataFrame(schema=schema)
    prices = {each: _running(body.get(each), arrays[f"{each}s"], body["multiplier"], name) for each in _OHLC}
    ts_utc = _instants(body, arrays["times"], float(body.get("shift", _MS_PER_MINUTE)))
    return pl.DataFrame({"ts_utc": ts_utc, **prices, "volume": arrays["volumes"]})


def _ticks(body: dict[str, Any], name: str) -> pl.DataFrame:
    arrays = number_arrays(body, ("times", "asks", "bids", "askVolumes", "bidVolumes"), name)
    if not arrays["times"].size:
        columns = ("bid", "ask", "bid_volume")
        return pl.DataFrame(schema={"ts_utc": pl.Datetime("us", "UTC")} | dict.fromkeys(columns, pl.Float64))
    quotes = {each: _running(body.get(each), arrays[f"{each}s"], body["multiplier"], name) for each in ("bid", "ask")}
    ts_utc = _instants(body, arrays["times"], 1.0)
    return pl.DataFrame({"ts_utc": ts_utc, **quotes, "bid_volume": arrays["bidVolumes"] / _UNITS_PER_VOLUME})
