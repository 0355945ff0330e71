"""Promise: a price that no market made is set aside, a real extreme and a real calm stay."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.candles.price_checks import MAX_SPIKE_RECORDS, check_scale, spikes, stale_rows
from forecast_pipeline.candles.validation import examples, judged, reason_counts
from forecast_pipeline.candles.vendors.protocol import complete_columns
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline_tests.candles.vendor_files import tidy

NOW = datetime(2031, 1, 1, tzinfo=UTC)
PRICES = ("open", "high", "low", "close")
GOOD = complete_columns(tidy(n=400))


def scaled(frame, rows, factor, names=PRICES):
    here = pl.int_range(pl.len()).is_in(list(rows))
    return frame.with_columns(pl.when(here).then(pl.col(n) * factor).otherwise(n).alias(n) for n in names)


def reasons(frame, minutes=1):
    return reason_counts(judged(frame, minutes, NOW).rows)


@given(
    st.integers(0, 399), st.integers(1, MAX_SPIKE_RECORDS), st.sampled_from([10.0, 0.1, 100.0, 0.01, 1000.0, 2.0, 0.5])
)
def test_a_shift_that_reverts_takes_exactly_its_rows(first, length, factor):
    """Fault 15: at any place, also at the ends of the file."""
    rows = range(first, min(first + length, 400))

    marked = judged(scaled(GOOD, rows, factor), 1, NOW).rows

    bad = marked.filter(pl.col("reason") == "spike")
    assert bad["ts_utc"].to_list() == GOOD["ts_utc"][list(rows)].to_list()
    assert marked.filter(pl.col("reason").is_null()).height == 400 - len(rows)


@pytest.mark.parametrize(("names", "factor"), [(("high",), 10.0), (("low",), 0.1)])
def test_a_single_price_out_of_scale_is_a_spike(names, factor):
    assert reasons(scaled(GOOD, [7, 200], factor, names)) == {"spike": 2}


def test_a_spike_of_the_ask_is_one():
    quoted = complete_columns(tidy(n=400, has_ask=True))

    assert reasons(scaled(quoted, [50], 10.0, [f"ask_{n}" for n in PRICES])) == {"spike": 1}


@pytest.mark.parametrize("factor", [0.941, 0.72, 1.3])
def test_a_real_extreme_stays_and_is_said(factor):
    """Fault 60: GBPUSD of 24 June 2016 and EURCHF of 15 January 2015."""
    fallen = scaled(GOOD, range(200, 400), factor)
    top = pl.max_horizontal("open", "high")
    crash = fallen.with_columns(open=pl.when(pl.int_range(pl.len()) == 200).then(GOOD["close"][199]).otherwise("open"))
    crash = crash.with_columns(high=top, low=pl.min_horizontal("open", "low"))

    verdict = judged(crash, 1, NOW)

    assert (reason_counts(verdict.rows), verdict.accepted) == ({}, {"extreme": 1})


@pytest.mark.parametrize("factor", [10.0, 0.01, 100_000.0])
@pytest.mark.parametrize("first", [40, 200, 360])
def test_a_change_of_scale_that_stays_refuses_the_file(first, factor):
    """Fault 58."""
    good = judged(scaled(GOOD, range(first, 400), factor), 1, NOW).good

    with pytest.raises(RefusedFile, match=r"must keep one scale, was .* and then .*cut it at the seam"):
        check_scale(good.sort("ts_utc"), "a.csv")


def frozen(first, length, volume=0.0):
    here = pl.int_range(pl.len()).is_between(first, first + length - 1)
    price = GOOD["close"][first - 1]
    values = {**dict.fromkeys(PRICES, price), "volume": volume}
    return GOOD.with_columns(pl.when(here).then(pl.lit(v)).otherwise(n).alias(n) for n, v in values.items())


@pytest.mark.parametrize(("length", "expected"), [(59, {}), (60, {"stale": 59}), (200, {"stale": 199})])
def test_an_hour_of_the_same_price_is_a_feed_that_hangs(length, expected):
    assert reasons(frozen(100, length)) == expected


def test_the_first_row_of_a_hung_feed_stays():
    good = judged(frozen(100, 90), 1, NOW).good

    assert good.height == 400 - 89
    assert good["ts_utc"][100] == GOOD["ts_utc"][100]


def test_a_price_that_stands_still_while_quotes_come_is_a_market():
    """Fault 56: a pegged currency."""
    calm = frozen(100, 200).with_columns(volume=pl.int_range(1, 401).cast(pl.Float64))

    assert reasons(calm) == {}


def test_five_hours_of_hourly_records_are_enough():
    hourly = complete_columns(tidy(datetime(2024, 1, 7, 22, tzinfo=UTC), n=100, minutes=60))
    price = hourly["close"][9]
    still = pl.int_range(pl.len()).is_between(10, 15)
    same = hourly.with_columns(
        pl.when(still).then(pl.lit(v)).otherwise(n).alias(n)
        for n, v in {**dict.fromkeys(PRICES, price), "volume": 0.0}.items()
    )

    assert reasons(same, 60) == {"stale": 5}


def test_repairs_are_counted_and_the_order_of_rows_changes_no_verdict():
    """Fault 13."""
    bad = scaled(frozen(100, 90), [300], 10.0)
    shuffled = bad[np.random.default_rng(1).permutation(400)]
    doubled = pl.concat([bad, bad[20:30]])

    plain, mixed, twice = (judged(frame, 1, NOW) for frame in (bad, shuffled, doubled))

    assert reason_counts(plain.rows) == reason_counts(mixed.rows) == reason_counts(twice.rows)
    assert plain.good.sort("ts_utc").equals(mixed.good.sort("ts_utc"))
    assert (plain.repaired, twice.repaired) == ({}, {"exact_duplicate": 10, "out_of_order": 1})
    assert mixed.repaired["out_of_order"] > 100


def test_examples_show_the_first_rows_of_each_reason():
    shown = examples(judged(scaled(GOOD, [5, 6, 7, 8], 10.0), 1, NOW).rows)

    assert list(shown) == ["spike"]
    assert len(shown["spike"]) == 3
    assert shown["spike"][0].startswith("2024-01-08 00:05:00 10.9")


def test_a_few_rows_show_no_neighbours():
    assert not spikes(scaled(GOOD, [1], 10.0)[:3]).any()
    assert not stale_rows(GOOD[:3], 1).any()
    assert not spikes(GOOD[:0]).any()
