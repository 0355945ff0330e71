"""Bids and asks from files of their own: of one symbol, minute by minute, put beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.candles.landing import LandedFile

ASK = "ask"
ASK_WITHOUT_BID = "ask_without_bid"
_PRICES = ("open", "high", "low", "close")
_KEY = ["ts_utc", "source_minutes"]


def declared_side(file: LandedFile) -> str:
    """Side of the file's own prices: bid, ask, mid or unspecified."""
    return str(file.stored.card["price_side"])


def beside_each_other(
    rows: pl.DataFrame, files: Sequence[LandedFile], symbol_files: Sequence[LandedFile]
) -> pl.DataFrame:
    """Put the prices of ask files into the ask columns of the bid rows of the same record.

    Where several ask files hold a record, the one ingested last counts. An ask without its bid is set aside, because a
    mid price cannot be made of it and a jump of half a spread is no return; so is a record whose ask is below its
    bid. A symbol of which there are only ask files stays as it is. The order of ingestion does not matter.

    Args:
        rows: Judged rows in the order of ingestion: candle columns, ``source`` (position in ``files``), ``reason``.
        files: Files of the rows.
        symbol_files: All files of the symbol that are known, of any year.

    Returns:
        Rows of the same columns; those of ask files are left only where they were set aside.
    """
    ask_files = [position for position, file in enumerate(files) if declared_side(file) == ASK]
    if not ask_files or all(declared_side(file) == ASK for file in symbol_files):
        return rows
    is_ask = pl.col("source").is_in(ask_files) & pl.col("reason").is_null()
    asks, others = rows.filter(is_ask), rows.filter(~is_ask)
    newest = asks.unique(_KEY, keep="last", maintain_order=True).select(
        *_KEY, *(pl.col(name).alias(f"other_{name}") for name in _PRICES)
    )
    is_free = pl.col("reason").is_null() & pl.col("ask_close").is_null() & pl.col("other_close").is_not_null()
    joined = others.join(newest, on=_KEY, how="left", maintain_order="left").with_columns(takes_ask=is_free)
    takes = pl.col("takes_ask")
    both = joined.with_columns(
        pl.when(takes).then(f"other_{name}").otherwise(f"ask_{name}").alias(f"ask_{name}") for name in _PRICES
    )
    is_crossed = takes & pl.any_horizontal(*(pl.col(f"other_{name}") < pl.col(name) for name in _PRICES))
    both = both.with_columns(reason=pl.when(is_crossed).then(pl.lit("crossed_quote")).otherwise("reason"))
    held = others.filter(pl.col("reason").is_null()).select(_KEY).unique()
    alone = asks.join(held, on=_KEY, how="anti", maintain_order="left").with_columns(reason=pl.lit(ASK_WITHOUT_BID))
    return pl.concat([both.select(rows.columns), alone.select(rows.columns)])
