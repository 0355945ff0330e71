"""Promise: holidays, early closes and holes are seen as they were, and nothing is filled."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.candles.build import COVERAGE_SUFFIX
from forecast_pipeline.candles.calendar import COVERAGE, coverage_calendar, observed_gaps
from forecast_pipeline.candles.spread_profile import expected_spread, pooled, spread_profile
from forecast_pipeline.candles.weekly_spread import HOURS_PER_WEEK, hour_of_week, spread_by_hour
from forecast_pipeline_tests.candles.vendor_files import tidy

WEEK = tidy(datetime(2024, 3, 3, 22, tzinfo=UTC), n=2 * 7200, has_ask=True)  # to 15 March: the US change lies between
MINUTES = WEEK.with_columns(source_minutes=pl.lit(1, pl.Int32))


def without(frame, first, last):
    return frame.filter(~pl.col("ts_utc").is_between(first, last, closed="left"))


def utc(day, hour=0, minute=0):
    return datetime(2024, 3, day, hour, minute, tzinfo=UTC)


def test_a_whole_fortnight_is_covered_over_the_change_of_clocks():
    """Fault 17: ten days of 24 hours, in UTC from 22:00 and from 21:00."""
    calendar = coverage_calendar(MINUTES)

    assert dict(calendar.schema) == COVERAGE
    assert calendar.height == 240
    assert calendar["coverage_fraction"].unique().to_list() == [1.0]
    opens = calendar.filter(pl.col("hour") == 0)["ts_utc"].dt.hour()
    assert opens.to_list() == [22] * 5 + [21] * 5
    assert calendar["fx_day"].unique().sort()[0].isoformat() == "2024-03-04"


def test_the_calendar_counts_like_an_obvious_loop():
    thin = MINUTES.filter(pl.int_range(pl.len()) % 7 != 3)
    thin = without(thin, utc(5, 3), utc(5, 9))

    calendar = coverage_calendar(thin)

    hours = thin.group_by(pl.col("ts_utc").dt.truncate("1h")).len()
    expected = {row[0]: row[1] for row in hours.iter_rows()}
    assert calendar["n_candles"].to_list() == [expected.get(ts, 0) for ts in calendar["ts_utc"]]


GAPS = {
    "a holiday": (utc(5, 22), utc(6, 22), 1440, "holiday"),
    "a holiday and a bit": (utc(5, 21), utc(6, 23), 1560, "holiday"),
    "an early close": (utc(5, 18), utc(5, 22), 240, "early close"),
    "a late open": (utc(5, 22), utc(6, 1), 180, "late open"),
    "a hole": (utc(6, 3), utc(6, 8), 300, "hole"),
    "an early Friday": (utc(8, 18), utc(8, 22), 240, "early close"),
    "a late Sunday in summer time": (utc(10, 21), utc(10, 23), 120, "late open"),
}


@pytest.mark.parametrize(("first", "last", "minutes", "kind"), GAPS.values(), ids=GAPS.keys())
def test_a_gap_is_seen_with_its_kind(first, last, minutes, kind):
    """Fault 18."""
    (gap,) = observed_gaps(without(MINUTES, first, last))

    assert (gap["open_minutes"], gap["kind"]) == (minutes, kind)
    assert gap["next_candle"].startswith(
        str(without(MINUTES, first, last).filter(pl.col("ts_utc") >= last)["ts_utc"][0])[:10]
    )


def test_a_weekend_is_no_gap_and_short_holes_are_not_listed():
    """Fault 18."""
    assert observed_gaps(MINUTES) == []
    assert observed_gaps(without(MINUTES, utc(5, 3), utc(5, 3, 59))) == []
    assert observed_gaps(MINUTES[:1]) == []


def test_a_card_holds_gaps_coverage_and_spread(home, ingest_frame):
    frame = without(WEEK, utc(5, 22), utc(6, 22))

    (year,) = ingest_frame(home, frame)

    assert [gap["kind"] for gap in year.card["gaps"]] == ["holiday"]
    assert year.read_frame(COVERAGE_SUFFIX).filter(pl.col("n_candles") == 0).height == 24
    assert year.card["spread_by_hour"]["n_candles"][0] == 120
    profile = spread_profile(home, "EURUSD")
    assert profile["spread"].to_list() == pytest.approx([1e-4] * HOURS_PER_WEEK)


def test_the_profile_is_the_median_of_each_hour():
    hours = hour_of_week(WEEK["ts_utc"].cast(pl.Int64).to_numpy())
    spread = 1e-5 * (hours + 1) + 1e-4 * (np.arange(hours.size) % 3 == 1)  # a third is far off
    quoted = WEEK.with_columns(ask_close=pl.col("close") + pl.Series(spread))

    profile = spread_by_hour(quoted)

    assert profile["median"] == pytest.approx([1e-5 * (n + 1) for n in range(HOURS_PER_WEEK)], abs=2e-8)
    assert profile["n_candles"] == [120] * HOURS_PER_WEEK


def test_years_are_pooled_by_their_candles_and_unknown_hours_stay_unknown():
    empty = [None] * HOURS_PER_WEEK
    one = {"median": [1.0, *empty[1:]], "n_candles": [30] + [0] * 119}
    two = {"median": [3.0, 5.0, *empty[2:]], "n_candles": [10, 4] + [0] * 118}

    profile = pooled([one, two])

    assert profile["spread"][:2].to_list() == [1.5, 5.0]
    assert profile["spread"][2:].is_nan().all()
    sunday = np.array(["2024-03-10T21:30", "2024-03-10T22:30"], "datetime64[us]").astype(np.int64)
    assert expected_spread(profile, sunday).tolist() == [1.5, 5.0]
    assert pooled([]) is None
    assert spread_by_hour(WEEK.with_columns(ask_close=pl.lit(None, pl.Float64))) is None


def test_the_hole_of_new_year_is_seen_in_real_candles(market_data):
    real = pl.read_parquet(market_data / "m1/EURUSD_M1_histdata_to2018.parquet").with_columns(
        pl.col("ts_utc").dt.cast_time_unit("us"), source_minutes=pl.lit(1, pl.Int32)
    )

    longest = observed_gaps(real)[0]

    assert longest["first_missing"].startswith("2018-12-2")
    assert longest["open_minutes"] == 842  # 843 from stamp to stamp
