"""Promise: each bad row leaves with its reason, every good row stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from forecast_pipeline.candles.findings import REASONS
from forecast_pipeline.candles.validation import reason_counts, with_reasons
from forecast_pipeline.candles.vendors.protocol import complete_columns
from forecast_pipeline_tests.candles.vendor_files import replaced, tidy

NOW = datetime(2024, 6, 5, tzinfo=UTC)
ROW = 7
GOOD = complete_columns(tidy(n=60, has_ask=True))
BID_ONLY = complete_columns(tidy(n=60))
NAN, INF = float("nan"), float("inf")
SATURDAY = datetime(2024, 1, 13, 12, tzinfo=UTC)
FAULTS = {
    "no stamp": ("no_clock", {"ts_utc": None}),
    "epoch in ms read as us": ("before_1990", {"ts_utc": datetime(1970, 1, 20, 17, tzinfo=UTC)}),
    "epoch in us read as ms": ("future", {"ts_utc": datetime(9999, 1, 1, tzinfo=UTC)}),
    "two days ahead": ("future", {"ts_utc": NOW + timedelta(days=1, minutes=1)}),
    "half a minute": ("off_grid", {"ts_utc": datetime(2024, 1, 8, 9, 0, 30, tzinfo=UTC)}),
    "open is null": ("not_finite", {"open": None}),
    "close is NaN": ("not_finite", {"close": NAN}),
    "high is infinite": ("not_finite", {"high": INF}),
    "low is minus infinite": ("not_finite", {"low": -INF}),
    "ask close is null": ("not_finite", {"ask_close": None}),
    "ask open is null": ("not_finite", {"ask_open": None}),
    "ask high is NaN": ("not_finite", {"ask_high": NAN}),
    "volume is infinite": ("not_finite", {"volume": INF}),
    "close is zero": ("not_positive", {"low": 0.0, "close": 0.0}),
    "low is negative": ("not_positive", {"low": -1.0}),
    "volume is negative": ("not_positive", {"volume": -1.0}),
    "ask is zero": ("not_positive", {"ask_low": 0.0}),
    "high below low": ("high_below_low", {"high": 1.0, "low": 1.2}),
    "open above high": ("outside_range", {"open": 1.9}),
    "open below low": ("outside_range", {"open": 0.2}),
    "close above high": ("outside_range", {"close": 1.9}),
    "close below low": ("outside_range", {"close": 0.2}),
    "ask close above ask high": ("outside_range", {"ask_close": 1.9}),
    "ask below bid": ("crossed_quote", {f"ask_{p}": 1.0 for p in ("open", "high", "low", "close")}),
    "a decimal shift that reverts": ("spike", dict.fromkeys(("open", "high", "low", "close"), 11.1)),
    "a high ten times too high": ("spike", {"high": 11.1}),
    "a low a tenth as low": ("spike", {"low": 0.11}),
    "Saturday": ("closed_session", {"ts_utc": SATURDAY}),
    "Friday 17:00 New York": ("closed_session", {"ts_utc": datetime(2024, 1, 12, 22, tzinfo=UTC)}),
    "Sunday 16:59 New York": ("closed_session", {"ts_utc": datetime(2024, 1, 14, 21, 59, tzinfo=UTC)}),
}


def good_rows(marked):
    return marked.filter(pl.col("reason").is_null()).drop("reason")


@pytest.mark.parametrize(("reason", "values"), FAULTS.values(), ids=FAULTS.keys())
def test_one_fault_takes_one_row_away_with_its_reason(reason, values):
    """Faults 15, 20, 56, 58 and 61."""
    marked = with_reasons(replaced(GOOD, ROW, **values), 1, NOW)

    assert reason_counts(marked) == {reason: 1}
    assert marked.height == GOOD.height
    assert_frame_equal(good_rows(marked), GOOD.with_row_index().filter(pl.col("index") != ROW).drop("index"))
    bad = marked.filter(pl.col("reason").is_not_null()).drop("reason")
    assert_frame_equal(bad, replaced(GOOD, ROW, **values)[ROW])  # set aside as it came


def test_every_reason_is_reached():
    """Fault 15."""
    assert {reason for reason, _ in FAULTS.values()} | {"conflicting_duplicate", "stale"} == set(REASONS) - {
        "ask_without_bid"
    }


@pytest.mark.parametrize("frame", [GOOD, BID_ONLY], ids=["bid and ask", "bid only"])
def test_good_rows_are_left_as_they_are(frame):
    assert_frame_equal(good_rows(with_reasons(frame, 1, NOW)), frame)


@pytest.mark.parametrize(
    "values",
    [
        {"volume": None},
        {"volume": 0.0},
        {"open": 1.1, "high": 1.1, "low": 1.1, "close": 1.1},
        {"high": 1.6},
        {"ts_utc": NOW + timedelta(days=1)},
        {"ts_utc": datetime(1990, 1, 1, 0, 1, tzinfo=UTC)},
        {"ts_utc": datetime(2024, 1, 12, 21, 59, tzinfo=UTC)},
        {"ts_utc": datetime(2024, 1, 14, 22, 0, tzinfo=UTC)},
    ],
    ids=["no volume", "volume 0", "flat", "spike", "tomorrow", "1990", "Friday 16:59", "Sunday 17:00"],
)
def test_what_is_odd_but_possible_stays(values):
    """Faults 56, 60 and 66: a flat minute in open hours and a real extreme are data."""
    assert reason_counts(with_reasons(replaced(BID_ONLY, ROW, **values), 1, NOW)) == {}


@pytest.mark.parametrize("minutes", [5, 60, 240, 1440])
def test_a_stamp_off_the_grid_of_its_timeframe_is_set_aside(minutes):
    start = datetime(2024, 1, 8, 22, tzinfo=UTC)
    frame = complete_columns(tidy(start, n=10, minutes=minutes))
    late = frame.with_columns(pl.col("ts_utc") + pl.duration(minutes=1))

    assert reason_counts(with_reasons(frame, minutes, NOW)) == {}
    assert reason_counts(with_reasons(late, minutes, NOW)) == {"off_grid": 10}


def test_exact_copies_are_dropped_without_a_finding():
    """Fault 13."""
    marked = with_reasons(pl.concat([GOOD, GOOD[10:30], GOOD[:1]]), 1, NOW)

    assert reason_counts(marked) == {}
    assert_frame_equal(good_rows(marked).sort("ts_utc"), GOOD)


def test_of_rows_that_disagree_the_last_stays_and_the_others_are_counted():
    """Fault 13."""
    first, second = GOOD[ROW].with_columns(volume=pl.lit(1e6)), GOOD[ROW].with_columns(volume=pl.lit(2e6))

    marked = with_reasons(pl.concat([GOOD, first, second]), 1, NOW)

    assert reason_counts(marked) == {"conflicting_duplicate": 2}
    assert_frame_equal(good_rows(marked).sort("ts_utc"), replaced(GOOD, ROW, volume=2e6))


def test_a_bad_row_never_replaces_a_good_one():
    """Fault 13."""
    bad = GOOD[ROW].with_columns(close=pl.lit(NAN))

    marked = with_reasons(pl.concat([GOOD, bad]), 1, NOW)

    assert reason_counts(marked) == {"not_finite": 1}
    assert_frame_equal(good_rows(marked), GOOD)


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 59), max_size=30))
def test_twice_is_once_and_order_does_not_matter(random, repeats):
    """Fault 13."""
    rows = [*range(60), *repeats]
    random.shuffle(rows)

    marked = with_reasons(GOOD[rows], 1, NOW)

    assert reason_counts(marked) == {}
    assert_frame_equal(good_rows(marked).sort("ts_utc"), GOOD)
