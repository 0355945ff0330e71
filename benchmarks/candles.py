"""Stage 1 against the obvious way: pandas and a loop over the rows."""

from __future__ import annotations

import lzma
import struct
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
from side_by_side import Ratio, compare, simulated_year

from forecast_pipeline.candles.build import build_candles
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.validation import judged
from forecast_pipeline.candles.vendors.dukascopy_bi5 import DukascopyBi5
from forecast_pipeline.candles.vendors.histdata import HistData
from forecast_pipeline.candles.vendors.protocol import SourceOptions, complete_columns
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import frame_writer

PRICES = ["open", "high", "low", "close"]
INGESTED_AT = datetime(2031, 1, 1, tzinfo=UTC)
POINTS = 100_000


def run() -> list[Ratio]:
    """Read a year of HistData and of bi5, judge a year, and take one more day into ten years."""
    year = simulated_year()
    with tempfile.TemporaryDirectory() as folder:
        return [
            *_histdata(year, Path(folder)),
            *_bi5(year, Path(folder)),
            _judge(year),
            _one_more_day(year, Path(folder)),
        ]


def _histdata(year: pl.DataFrame, folder: Path) -> list[Ratio]:
    local = year["ts_utc"].dt.convert_time_zone("America/New_York").dt.strftime("%Y%m%d %H%M%S")
    lines = year.select(local.alias("stamp"), *PRICES).with_columns(volume=0)
    path = folder / "year.csv"
    lines.write_csv(path, separator=";", include_header=False)

    def pandas_way() -> object:
        table = pd.read_csv(path, sep=";", names=["stamp", *PRICES, "volume"])
        table["stamp"] = pd.to_datetime(table["stamp"], format="%Y%m%d %H%M%S")
        return table.set_index("stamp").tz_localize("America/New_York").tz_convert("UTC")

    def loop_way() -> object:
        rows = [
            (row.Index, row.open, row.high, row.low, row.close)
            for row in pandas_way().itertuples()
            if row.low <= min(row.open, row.close) and row.high >= max(row.open, row.close)
        ]
        return pd.DataFrame(rows, columns=["ts_utc", *PRICES])

    given = SourceOptions(vendor="histdata", timezone="America/New_York")
    measured = SourceOptions(vendor="histdata")
    return [
        compare("read a year of HistData", "pandas", lambda: HistData().read(path, given), pandas_way),
        compare(
            "the same, zone measured", "pandas read_csv and a loop", lambda: HistData().read(path, measured), loop_way
        ),
    ]


def _bi5(year: pl.DataFrame, folder: Path) -> list[Ratio]:
    path = folder / "year.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for (day,), rows in year.group_by(pl.col("ts_utc").dt.date(), maintain_order=True):
            place = f"datafeed/EURUSD/{day.year}/{day.month - 1:02}/{day.day:02}/BID_candles_min_1.bi5"
            archive.writestr(place, lzma.compress(_packed(rows), lzma.FORMAT_ALONE))

    def loop_way() -> object:
        rows = []
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                _, _, y, m, d, _ = name.split("/")
                start = datetime(int(y), int(m) + 1, int(d), tzinfo=UTC)
                for s, o, c, low, h, v in struct.iter_unpack(">5if", lzma.decompress(archive.read(name))):
                    stamp = start + timedelta(seconds=s)
                    rows.append((stamp, o / POINTS, h / POINTS, low / POINTS, c / POINTS, v))
        return pd.DataFrame(rows, columns=["ts_utc", *PRICES, "volume"])

    def pandas_way() -> object:
        rows = []
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                _, _, y, m, d, _ = name.split("/")
                start, raw = pd.Timestamp(int(y), int(m) + 1, int(d), tz="UTC"), lzma.decompress(archive.read(name))
                for offset in range(0, len(raw), 24):
                    s, o, c, low, h, v = struct.unpack(">5if", raw[offset : offset + 24])
                    row = {"ts_utc": start + pd.Timedelta(seconds=s), "open": o, "high": h, "low": low, "close": c}
                    rows.append(row | {"volume": v})
        table = pd.DataFrame(rows).set_index("ts_utc")
        table[PRICES] = table[PRICES] / POINTS
        return table

    options = SourceOptions(vendor="dukascopy", point=1 / POINTS)

    def ours() -> object:
        return DukascopyBi5().read(path, options)

    # Most of our time is the decompression itself, which any peer needs as well.
    return [
        compare("read a year of bi5", "pandas, record by record", ours, pandas_way),
        compare("read a year of bi5", "struct.iter_unpack and datetime", ours, loop_way),
    ]


def _packed(rows: pl.DataFrame) -> bytes:
    seconds = (rows["ts_utc"].dt.epoch("s") % 86_400).to_list()
    points = {name: (rows[name] * POINTS).round().cast(pl.Int64).to_list() for name in PRICES}
    columns = zip(
        seconds, *(points[n] for n in ("open", "close", "low", "high")), rows["volume"].to_list(), strict=True
    )
    return b"".join(struct.pack(">5if", *row) for row in columns)


def _judge(year: pl.DataFrame) -> Ratio:
    records = complete_columns(year)
    table = records.to_pandas()

    def loop_way() -> object:
        bad, before = [], None
        for row in table.itertuples():
            inside = row.low <= min(row.open, row.close) and row.high >= max(row.open, row.close)
            if not inside or row.low <= 0 or row.ask_close < row.close or (before and row.ts_utc <= before):
                bad.append(row.Index)
            before = row.ts_utc
        return bad

    return compare(
        "judge a year of minutes (must take < 0.5 s)", "a loop", lambda: judged(records, 1, INGESTED_AT), loop_way
    )


def _one_more_day(year: pl.DataFrame, folder: Path) -> Ratio:
    """Ours takes one more day into ten years; the peer only writes the year's Parquet again."""
    home, minutes = Home(folder / "home"), SourceOptions(vendor="parquet", source_timeframe="1m")
    last, days = year.filter(pl.col("ts_utc") < datetime(2023, 12, 1, tzinfo=UTC)), []
    for n in range(10):
        part = last.with_columns(pl.col("ts_utc") - pl.duration(days=364 * n))
        path = folder / f"{n}.parquet"
        part.write_parquet(path)
        ingest_file(home, path, "EURUSD", minutes, clock=lambda: INGESTED_AT)
    for (day,), rows in year.filter(pl.col("ts_utc") >= datetime(2023, 12, 1, tzinfo=UTC)).group_by(
        pl.col("ts_utc").dt.date(), maintain_order=True
    ):
        rows.write_parquet(folder / f"{day}.parquet")
        days.append(folder / f"{day}.parquet")
    waiting = iter(days)

    def ours() -> object:
        ingest_file(home, next(waiting), "EURUSD", minutes, clock=lambda: INGESTED_AT)
        return list(build_candles(home, "EURUSD", [2023]))

    def rewrite() -> object:
        (stored,) = build_candles(home, "EURUSD", [2023])
        return frame_writer(stored.read_frame())(folder / "again.parquet")

    return compare("one more day into ten years", "building that year alone", ours, rewrite)
