"""Dukascopy bi5: LZMA of fixed records, candles (open, close, low, high!) or ticks, UTC, integer prices."""

from __future__ import annotations

import itertools
import lzma
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.candles.vendors.container import MAX_TEXT_BYTES, delivered_members
from forecast_pipeline.candles.vendors.dukascopy_csv import side_in
from forecast_pipeline.candles.vendors.dukascopy_json import joined_sides
from forecast_pipeline.candles.vendors.price_scale import default_point
from forecast_pipeline.candles.vendors.protocol import ParsedSource
from forecast_pipeline.candles.vendors.text_source import without_filler
from forecast_pipeline.candles.vendors.ticks import parsed_ticks
from forecast_pipeline.core.errors import NoRecords, RefusedFile

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from forecast_pipeline.candles.vendors.container import Head
    from forecast_pipeline.candles.vendors.protocol import SourceOptions

_CANDLE = np.dtype([(n, ">i4") for n in ("second", "open", "close", "low", "high")] + [("volume", ">f4")])
_TICK = np.dtype([(n, ">i4") for n in ("ms", "ask", "bid")] + [("ask_volume", ">f4"), ("bid_volume", ">f4")])
_PATH = re.compile(
    r"(?:(?P<symbol>[A-Z0-9]{6,12})[/\\_-])?(?P<year>(?:19|20)\d\d)"
    r"(?:[/\\_-](?P<month>\d\d))?(?:[/\\_-](?P<day>\d\d))?"
    r"[/\\_-](?:(?P<side>BID|ASK)_candles_(?P<kind>min|hour|day)_1|(?P<hour>\d\d)h_ticks)\.bi5$"
)
_MINUTES = {"min": 1, "hour": 60, "day": 1440}
_MAX_BODY_BYTES = 50_000_000
_N_THREADS = 4  # decompression runs outside Python's lock
_DIGITS_TO_ROUND = 10


@dataclass(frozen=True, slots=True)
class _Body:
    name: str
    start: datetime
    content: bytes
    minutes: int | None  # of candles; None for ticks


class DukascopyBi5:
    """Reader of bi5 files, alone or many in a zip that keeps the server's paths.

    The month in a path of the server is counted from 0. The day of a file stands in
    its path only, so the options keep it.
    """

    name = "dukascopy"
    summary = "Dukascopy .bi5, candles or ticks, one or a .zip of the server's tree; UTC; filler rows left out"

    def unlike(self, head: Head) -> str:
        """Why it is no bi5."""
        if head.members:
            return "" if any(name.endswith(".bi5") for name in head.members) else "no zip of .bi5 files"
        if head.path.suffix == ".bi5":
            return ""
        # LZMA-alone begins with its properties and, from this vendor, an unknown or small length.
        return "" if head.content[:3] == b"\x5d\x00\x00" else "neither .bi5 by name nor LZMA by content"

    def resolved(self, path: Path, symbol: str, options: SourceOptions) -> SourceOptions:
        """The options with day and side from the path and the price of a point from the symbol."""
        found = _PATH.search(path.absolute().as_posix())
        known = {"start": _start(found, path.name).isoformat()} if found else {}
        side = found and found["side"] and found["side"].lower()
        if found is not None and found["symbol"] and symbol not in (found["symbol"], *_ancestors(path)):
            raise RefusedFile(f"{path.name} must be of {symbol}", was=f"in the folder of {found['symbol']}")
        proposed = {**known, "price_side": side or None, "point": default_point(symbol)}
        missing = {k: v for k, v in proposed.items() if v is not None and getattr(options, k) is None}
        return options.model_copy(update=missing)

    def read(self, path: Path, options: SourceOptions) -> ParsedSource:
        """Read one file; see `CandleSource.read`."""
        members = delivered_members(path, ".bi5") if _is_bundle(path) else [(path.as_posix(), path.read_bytes())]
        bodies = [_body(name, content, options) for name, content in members if content]
        if not bodies:
            raise NoRecords(f"{path.name} must hold candles", was="an empty body: the vendor has no data")
        point = options.point or _point(members[0][0], path.name)
        lengths = {body.minutes for body in bodies}
        if len(lengths) != 1:
            raise RefusedFile(f"{path.name} must hold ticks or candles of one length", was=str(len(lengths)))
        with ThreadPoolExecutor(_N_THREADS) as pool:
            raws = list(pool.map(_decompressed, bodies))
        minutes = lengths.pop()
        if minutes is None:
            ticks = [_ticks(body, raw, point) for body, raw in zip(bodies, raws, strict=True)]
            return parsed_ticks(pl.concat(ticks), options, timezone="UTC", name=path.name)
        _check_total(path.name, raws)
        sides: list[str] = [side_in(body.name) or options.price_side or "bid" for body in bodies]
        frames = {side: _candles(bodies, raws, sides, side, point) for side in ("bid", "ask")}
        records = joined_sides(frames, path.name)
        side = options.price_side or ("bid" if frames["bid"] else "ask")
        return without_filler(ParsedSource(records=records, source_minutes=minutes, price_side=side, timezone="UTC"))


def _is_bundle(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _ancestors(path: Path) -> set[str]:
    return {part.upper() for part in path.absolute().parts}


def _start(found: re.Match[str], name: str) -> datetime:
    month, day, hour = int(found["month"] or 0) + 1, int(found["day"] or 1), int(found["hour"] or 0)
    try:
        return datetime(int(found["year"]), month, day, hour, tzinfo=UTC)
    except ValueError as error:
        raise RefusedFile(
            f"{name} must lie under year/month/day with months from 00 to 11", was=f"{found[0]}: {error}"
        ) from None


def _body(name: str, content: bytes, options: SourceOptions) -> _Body:
    found = _PATH.search(name)
    if found:
        minutes = _MINUTES[found["kind"]] if found["kind"] else None
        return _Body(name, _start(found, name), content, minutes)
    if options.start is None:
        raise RefusedFile(
            f"{name.rsplit('/', 1)[-1]} must lie as on the server, such as EURUSD/2018/02/02/BID_candles_min_1.bi5",
            was="a path that does not tell the day",
            do="pass --start, as in 2018-03-02 for a day or 2018-03-02T08 for an hour of ticks",
        )
    try:
        start = datetime.fromisoformat(options.start)
    except ValueError:
        raise RefusedFile("start must be a day or an hour like 2018-03-02T08", was=repr(options.start)) from None
    return _Body(name, start if start.tzinfo else start.replace(tzinfo=UTC), content, _measured(name, content))


def _measured(name: str, content: bytes) -> int | None:
    """Length of the candles of a body without a telling name; None if it holds ticks."""
    raw = _decompressed(_Body(name, datetime(1970, 1, 1, tzinfo=UTC), content, None), check=False)
    if len(raw) % _CANDLE.itemsize == 0:
        seconds = np.frombuffer(raw, _CANDLE)["second"].astype(np.int64).tolist()
        steps = [later - earlier for earlier, later in itertools.pairwise(seconds)]
        step = min(steps) if steps and all(each > 0 and each % 60 == 0 for each in steps) else 0
        if step // 60 in _MINUTES.values():
            return step // 60
    return None


def _decompressed(body: _Body, *, check: bool = True) -> bytes:
    name, record = body.name.rsplit("/", 1)[-1], _CANDLE if body.minutes else _TICK
    decoder = lzma.LZMADecompressor(lzma.FORMAT_AUTO)
    try:
        raw = decoder.decompress(body.content, max_length=_MAX_BODY_BYTES)
    except (lzma.LZMAError, EOFError, ValueError) as error:
        raise RefusedFile(f"{name} must be LZMA as the vendor sends it", was=str(error), do="fetch it again") from None
    if not decoder.eof:
        too_big = len(raw) >= _MAX_BODY_BYTES
        was = f"more than {_MAX_BODY_BYTES} bytes unpacked" if too_big else "a body that breaks off"
        raise RefusedFile(f"{name} must be a whole LZMA body", was=was, do="fetch it again")
    if check and len(raw) % record.itemsize:
        must = f"{name} must hold records of {record.itemsize} bytes"
        raise RefusedFile(must, was=f"{len(raw)} bytes", why="a part of a record is missing", do="fetch it again")
    return raw


def _check_total(name: str, raws: list[bytes]) -> None:
    if sum(map(len, raws)) > MAX_TEXT_BYTES:
        raise RefusedFile(f"{name} must unpack to at most {MAX_TEXT_BYTES} bytes", was=f"{sum(map(len, raws))}")


def _point(member: str, name: str) -> float:
    found = _PATH.search(member)
    point = default_point(found["symbol"]) if found and found["symbol"] else None
    if point is None:
        raise RefusedFile(
            f"the price of a point in {name} must be known", was="a symbol that is not", do="pass --point"
        )
    return point


def _instants(body: _Body, offsets: npt.NDArray[np.int64], per_second: int) -> npt.NDArray[np.int64]:
    start_us = int(body.start.timestamp()) * 1_000_000
    return np.asarray(start_us + offsets * (1_000_000 // per_second), dtype=np.int64)


def _prices(values: npt.NDArray[np.int32], point: float) -> npt.NDArray[np.float64]:
    # Division by the whole number of points in 1 gives the nearest float, as text would.
    per_unit = round(1 / point, _DIGITS_TO_ROUND)
    return values.astype(np.float64) / per_unit


def _candles(bodies: list[_Body], raws: list[bytes], sides: list[str], side: str, point: float) -> list[pl.DataFrame]:
    chosen = [
        (body, np.frombuffer(raw, _CANDLE)) for body, raw, s in zip(bodies, raws, sides, strict=True) if s == side
    ]
    if not chosen:
        return []
    instants = np.concatenate([_instants(body, raw["second"].astype(np.int64), 1) for body, raw in chosen])
    rows = np.concatenate([raw for _, raw in chosen])
    columns = {name: _prices(rows[name], point) for name in ("open", "high", "low", "close")}
    ts_utc = pl.Series("ts_utc", instants).cast(pl.Datetime("us", "UTC"))
    return [pl.DataFrame({"ts_utc": ts_utc, **columns, "volume": rows["volume"].astype(np.float64)})]


def _ticks(body: _Body, raw: bytes, point: float) -> pl.DataFrame:
    rows = np.frombuffer(raw, _TICK)
    ts_utc = pl.Series("ts_utc", _instants(body, rows["ms"].astype(np.int64), 1000)).cast(pl.Datetime("us", "UTC"))
    quotes = {name: _prices(rows[name], point) for name in ("bid", "ask")}
    return pl.DataFrame({"ts_utc": ts_utc, **quotes, "bid_volume": rows["bid_volume"].astype(np.float64)})
