"""Native vendor files, made byte by byte from candles that the test knows."""

from __future__ import annotations

import json
import lzma
import struct
from datetime import UTC, datetime

import polars as pl

PRICES = ("open", "high", "low", "close")


def points(frame, name, point=1e-5):
    """A price column as whole points."""
    return [round(value / point) for value in frame[name]]


def bi5_candles(frame, day, point=1e-5, *, volume=None):
    """A day of candles as Dukascopy packs it: seconds, open, close, low, high, volume."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    columns = {name: points(frame, name, point) for name in PRICES}
    raw = b""
    for n, ts in enumerate(frame["ts_utc"]):
        second = int((ts - start).total_seconds())
        prices = [columns[name][n] for name in ("open", "close", "low", "high")]
        raw += struct.pack(">5if", second, *prices, frame["volume"][n] if volume is None else volume)
    return lzma.compress(raw, lzma.FORMAT_ALONE)


def bi5_ticks(ticks, point=1e-5):
    """An hour of ticks: (ms, bid, ask, bid volume)."""
    raw = b"".join(
        struct.pack(">3i2f", ms, round(ask / point), round(bid / point), 1.5, volume) for ms, bid, ask, volume in ticks
    )
    return lzma.compress(raw, lzma.FORMAT_ALONE)


def json_candles(frame, point=1e-5):
    """A body of Dukascopy's JSON interface: everything as differences."""
    first = int(frame["ts_utc"][0].timestamp() * 1000)
    minutes = frame["ts_utc"].dt.epoch("ms").diff().fill_null(0) // 60_000
    body = {"timestamp": first, "multiplier": point, "shift": 60_000, "times": minutes.to_list()}
    for name in PRICES:
        whole = pl.Series(points(frame, name, point))
        body[name] = frame[name][0]
        body[f"{name}s"] = whole.diff().fill_null(0).to_list()
    body["volumes"] = frame["volume"].to_list()
    return json.dumps(body).encode()


def oanda_page(frame, instrument="EUR_USD", *, n_forming=0):
    """An answer of OANDA's candles endpoint with bid and ask."""
    candles = []
    for n, row in enumerate(frame.iter_rows(named=True)):
        sides = {
            side: {name[0]: f"{row[prefix + name]:.5f}" for name in PRICES}
            for side, prefix in (("bid", ""), ("ask", "ask_"))
        }
        stamp = row["ts_utc"].strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
        complete = n < frame.height - n_forming
        candles.append({"complete": complete, "volume": int(row["volume"]), "time": stamp, **sides})
    return json.dumps({"instrument": instrument, "granularity": "M1", "candles": candles}).encode()


def yahoo_chart(frame, granularity="1m", *, empty=()):
    """A chart with nulls at the rows of ``empty``."""
    quote = {name: [None if n in empty else v for n, v in enumerate(frame[name])] for name in PRICES}
    result = {
        "meta": {"symbol": "EURUSD=X", "dataGranularity": granularity, "exchangeTimezoneName": "Europe/London"},
        "timestamp": frame["ts_utc"].dt.epoch("s").to_list(),
        "indicators": {"quote": [{**quote, "volume": [0] * frame.height}]},
    }
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def lines(frame, stamp, columns, separator=",", header=None, line_end="\n"):
    """Text of candles: ``stamp`` is a pattern for the column ``local`` (or ts_utc), prices have 5 decimals."""
    clock = frame["local"] if "local" in frame.columns else frame["ts_utc"]
    stamps = clock.dt.strftime(stamp)
    rows = []
    for n, row in enumerate(frame.iter_rows(named=True)):
        values = [f"{row[name]:.5f}" if name in PRICES else f"{row[name]:g}" for name in columns]
        rows.append(separator.join([stamps[n], *values]))
    return line_end.join([*([header] if header else []), *rows]) + line_end
