"""Ticks to one-minute candles: exact first, highest, lowest and last quote of each minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.vendors.protocol import ParsedSource, complete_columns
from forecast_pipeline.core.errors import NoRecords

if TYPE_CHECKING:
    from forecast_pipeline.candles.vendors.protocol import PriceSide, SourceOptions

_PRICES = ("open", "high", "low", "close")


def parsed_ticks(
    ticks: pl.DataFrame, options: SourceOptions, *, timezone: str, name: str, notes: tuple[str, ...] = ()
) -> ParsedSource:
    """Candles of ticks, with the ticks that cannot be a quote set aside.

    The volume of a candle is the sum of the bid volumes, which is what Dukascopy's own
    candles hold, or the number of ticks where the vendor gives none.

    Args:
        ticks: ``ts_utc bid ask`` and perhaps ``bid_volume``, in file order.
        options: With ``price_side`` bid (the default; the ask stands beside it), ask, or mid.
        timezone: Recorded as it is.
        name: File name, for messages.
        notes: Further facts.

    Raises:
        NoRecords: If there is no tick.
    """
    if ticks.is_empty():
        raise NoRecords(f"{name} must hold ticks", was="none")
    marked = ticks.with_columns(reason=_tick_reason())
    bad = marked.filter(pl.col("reason").is_not_null())
    good = marked.filter(pl.col("reason").is_null())
    side = options.price_side or "bid"
    # Quotes of one instant keep the order of the file.
    in_order = good.with_row_index("row").sort("ts_utc", "row")
    steps_back = _steps_back(good)
    return ParsedSource(
        records=complete_columns(_candles(in_order, side)),
        source_minutes=1,
        price_side=side,
        timezone=timezone,
        notes=(f"candles of {good.height} ticks", *notes),
        repaired={"out_of_order": steps_back} if steps_back else {},
        set_aside=_as_rows(bad) if bad.height else None,
        n_read=ticks.height,
    )


def minutes_of_shorter(records: pl.DataFrame) -> pl.DataFrame:
    """One-minute candles of records that are shorter than a minute, in file order or not."""
    ordered = records.with_row_index("row").sort("ts_utc", "row")
    by = [
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum() if records["volume"].null_count() < records.height else pl.lit(None, pl.Float64),
        pl.col("ask_open").first(),
        pl.col("ask_high").max(),
        pl.col("ask_low").min(),
        pl.col("ask_close").last(),
    ]
    return ordered.group_by(pl.col("ts_utc").dt.truncate("1m"), maintain_order=True).agg(by)


def _steps_back(ticks: pl.DataFrame) -> int:
    return int((ticks["ts_utc"].diff().dt.total_microseconds() < 0).sum())


def _tick_reason() -> pl.Expr:
    bid, ask = pl.col("bid"), pl.col("ask")
    finite = bid.is_finite().fill_null(value=False) & ask.is_finite().fill_null(value=False)
    return (
        pl.when(pl.col("ts_utc").is_null())
        .then(pl.lit("no_clock"))
        .when(~finite)
        .then(pl.lit("not_finite"))
        .when((bid <= 0) | (ask <= 0))
        .then(pl.lit("not_positive"))
        .when(ask < bid)
        .then(pl.lit("crossed_quote"))
    )


def _candles(ticks: pl.DataFrame, side: PriceSide) -> pl.DataFrame:
    quote = {"ask": pl.col("ask"), "mid": (pl.col("bid") + pl.col("ask")) / 2}.get(side, pl.col("bid"))
    volume = pl.col("bid_volume").sum() if "bid_volume" in ticks.columns else pl.len().cast(pl.Float64)
    columns = _ohlc(quote, "") + (_ohlc(pl.col("ask"), "ask_") if side == "bid" else [])
    minute = pl.col("ts_utc").dt.truncate("1m")
    return ticks.group_by(minute, maintain_order=True).agg(*columns, volume.alias("volume"))


def _ohlc(quote: pl.Expr, prefix: str) -> list[pl.Expr]:
    ways = (quote.first(), quote.max(), quote.min(), quote.last())
    return [way.alias(f"{prefix}{name}") for way, name in zip(ways, _PRICES, strict=True)]


def _as_rows(ticks: pl.DataFrame) -> pl.DataFrame:
    """Bad ticks in the shape of candles: bid and ask four times each."""
    prices = {name: pl.col("bid") for name in _PRICES} | {f"ask_{name}": pl.col("ask") for name in _PRICES}
    return complete_columns(ticks.with_columns(**prices)).with_columns(ticks["reason"])
