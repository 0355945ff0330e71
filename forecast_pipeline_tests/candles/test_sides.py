"""Promise: bids and asks in files of their own become one record with both sides, whichever came first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.candles.build import QUARANTINE_SUFFIX, candles_as_known_at
from forecast_pipeline.candles.landing import landed_files
from forecast_pipeline.core.timeframe import Timeframe

PRICES = ["open", "high", "low", "close"]
N_ROWS = 300


def quotes(shift: float = 0.0, start_row: int = 0) -> pl.DataFrame:
    """Minutes of a Tuesday whose prices stand ``shift`` above a common path."""
    first = datetime(2024, 3, 12, 8, 0, tzinfo=UTC)
    rows = range(start_row, N_ROWS)
    close = [1.1 + 1e-5 * (row * 7 % 50) + shift for row in rows]
    return pl.DataFrame(
        {
            "ts_utc": pl.Series([first + timedelta(minutes=row) for row in rows], dtype=pl.Datetime("us", "UTC")),
            "open": close,
            "high": [price + 2e-5 for price in close],
            "low": [price - 2e-5 for price in close],
            "close": close,
        }
    )


BIDS, ASKS = quotes(), quotes(0.0002)


@pytest.mark.parametrize("order", [("bid", "ask"), ("ask", "bid")], ids=" then ".join)
def test_asks_stand_beside_their_bids_whichever_came_first(home, ingest_frame, order):
    frames = {"bid": BIDS, "ask": ASKS}
    for side in order:
        (year,) = ingest_frame(home, frames[side], price_side=side)

    candles = year.read_frame()
    assert_frame_equal(candles.select("ts_utc", *PRICES), BIDS)
    assert_frame_equal(candles.select("ts_utc", *(pl.col(f"ask_{name}").alias(name) for name in PRICES)), ASKS)
    assert (year.card["price_side"], year.card["quarantined"], year.card["n_replaced"]) == ("bid", {}, 0)


def test_bars_are_mid_prices_with_the_measured_spread(home, ingest_frame):
    ingest_frame(home, BIDS, price_side="bid")
    ingest_frame(home, ASKS, price_side="ask")

    built = build_bars(home, "EURUSD", Timeframe.H1)

    bars = built.read_frame()
    assert built.card["price_side"] == "mid"
    assert bars["spread"].to_list() == pytest.approx([0.0002] * bars.height)
    assert bars["open"][0] == pytest.approx(BIDS["open"][0] + 0.0001)


def test_an_ask_without_its_bid_is_set_aside_and_a_bid_without_its_ask_stays(home, ingest_frame):
    ingest_frame(home, quotes(start_row=10), price_side="bid")
    (year,) = ingest_frame(home, ASKS[:200], price_side="ask")

    candles = year.read_frame()
    assert candles.height == N_ROWS - 10
    assert candles["ask_close"].null_count() == 100
    assert year.card["quarantined"] == {"ask_without_bid": 10}
    alone = year.read_frame(QUARANTINE_SUFFIX)
    assert_frame_equal(alone.select("ts_utc", *PRICES), ASKS[:10])


def test_an_ask_below_its_bid_sets_the_record_aside(home, ingest_frame):
    crossed = ASKS.with_columns(
        pl.when(pl.int_range(pl.len()) == 5).then(pl.col(PRICES) - 0.001).otherwise(pl.col(PRICES))
    )
    ingest_frame(home, BIDS, price_side="bid")
    (year,) = ingest_frame(home, crossed, price_side="ask")

    assert year.card["quarantined"] == {"crossed_quote": 1}
    assert BIDS["ts_utc"][5] not in year.read_frame()["ts_utc"].to_list()


def test_a_later_ask_file_corrects_an_earlier_one(home, ingest_frame):
    ingest_frame(home, BIDS, price_side="bid")
    ingest_frame(home, quotes(0.0005), price_side="ask")
    (year,) = ingest_frame(home, ASKS[:100], price_side="ask")

    spread = (year.read_frame()["ask_close"] - year.read_frame()["close"]).round(6)
    assert spread.to_list() == [0.0002] * 100 + [0.0005] * 200


def test_asks_alone_are_the_prices(home, ingest_frame):
    (year,) = ingest_frame(home, ASKS, price_side="ask")

    assert year.card["price_side"] == "ask"
    assert_frame_equal(year.read_frame().select("ts_utc", *PRICES), ASKS)


def test_what_was_known_before_the_asks_came_has_none(home, ingest_frame):
    ingest_frame(home, BIDS, price_side="bid")
    (bids,) = landed_files(home, "EURUSD")
    ingest_frame(home, ASKS, price_side="ask")

    then = candles_as_known_at(home, "EURUSD", 2024, bids.ingested_at)

    assert then["ask_close"].null_count() == N_ROWS
    assert candles_as_known_at(home, "EURUSD", 2024, datetime(2200, 1, 1, tzinfo=UTC))["ask_close"].null_count() == 0
