"""Bars of a symbol and timeframe, built from every year of candles in the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.bars.resample import mid_prices, resample
from forecast_pipeline.candles.build import candle_partitions
from forecast_pipeline.core.errors import MissingData, TooCoarse
from forecast_pipeline.core.publication import Published, find, frame_writer, publish, require
from forecast_pipeline.core.schema import BARS, check_clock, check_schema
from forecast_pipeline.core.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.core.home import Home


def build_bars(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """Aggregate all candles of a symbol that are no longer than ``timeframe``, and publish.

    Prices are mid where every candle used has both sides, else the declared side.
    Where sources of several lengths cover the same bar, the finest wins.

    Raises:
        MissingData: If there is no candle of this length or shorter.
    """
    years = candle_partitions(home, symbol)
    if not years:
        raise MissingData(f"candles of {symbol} must be built first", do="ingest files, then materialise candles")
    candles = pl.concat([year.read_frame() for year in years]).filter(pl.col("source_minutes") <= timeframe.minutes)
    if candles.is_empty():
        lengths = sorted({int(source["source_minutes"]) for year in years for source in year.card["sources"]})
        raise TooCoarse(
            f"{symbol} must have candles of {timeframe} or shorter",
            was=f"candles of {', '.join(Timeframe.of_minutes(m) for m in lengths)}",
            do="ask for a longer timeframe or ingest a finer source",
        )
    has_both_sides = candles["ask_close"].null_count() == 0
    candles = (
        mid_prices(candles) if has_both_sides else candles.with_columns(spread=pl.col("ask_close") - pl.col("close"))
    )
    bars = _finest(candles, timeframe)
    check_schema(bars, BARS, f"bars of {symbol} {timeframe}")
    check_clock(bars, f"bars of {symbol} {timeframe}")
    side = (
        "mid"
        if has_both_sides
        else min({str(y.card["price_side"]) for y in years} - {"unspecified"}, default="unspecified")
    )
    facts = _facts(symbol, timeframe, bars, years) | {"price_side": side}
    return publish(home.bars(symbol), timeframe, {".parquet": frame_writer(bars)}, facts)


def read_bars(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published bars of a symbol and timeframe.

    Raises:
        MissingData: If they have not been built.
    """
    what = f"bars of {symbol} {timeframe}"
    return require(
        home.bars(symbol), timeframe, what, f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    )


def available_timeframes(home: Home, symbol: str) -> list[Timeframe]:
    """Timeframes for which bars of the symbol are published, shortest first."""
    return [t for t in Timeframe if find(home.bars(symbol), t) is not None]


def buildable_timeframes(home: Home, symbol: str) -> list[Timeframe]:
    """Timeframes that the symbol's candles can be aggregated to, shortest first."""
    sources = [source for year in candle_partitions(home, symbol) for source in year.card["sources"]]
    shortest = min((int(source["source_minutes"]) for source in sources), default=None)
    return [t for t in Timeframe if shortest is not None and t.minutes >= shortest]


def _finest(candles: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """Bars from each source length; of the same bar the best covered one stays, of equals the finest."""
    lengths = candles["source_minutes"].unique().sort()
    by_length = [candles.filter(pl.col("source_minutes") == minutes).sort("ts_utc") for minutes in lengths]
    bars = pl.concat([resample(part, timeframe) for part in by_length])
    missing = 1 - pl.col("n_obs") / pl.col("n_slots")
    return bars.sort(pl.col("ts_utc"), missing, maintain_order=True).unique("ts_utc", keep="first", maintain_order=True)


def _facts(symbol: str, timeframe: Timeframe, bars: pl.DataFrame, years: Sequence[Published]) -> dict[str, Any]:
    volume_is_known = bars.height > 0 and bars["volume"].null_count() < bars.height
    coverage = int(bars["n_obs"].sum()) / max(int(bars["n_slots"].sum()), 1)
    return {
        "stage": "bars",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "n_rows": bars.height,
        "first_ts_utc": bars["ts_utc"][0].isoformat() if bars.height else None,
        "last_ts_utc": bars["ts_utc"][-1].isoformat() if bars.height else None,
        "coverage_fraction": coverage,
        "volume_kind": "tick" if volume_is_known else "absent",
        "n_spread_rows": bars.height - bars["spread"].null_count(),
        "sources": [source for year in years for source in year.card["sources"]],
        "upstream": {f"candles/{year.card['year']}": year.sha256 for year in years},
    }
