"""Promise: a row sees exactly the last bar of another timeframe that had closed, and only while it is current."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.splits.align import align
from forecast_pipeline_tests.oracles.splits import visible_row
from forecast_pipeline_tests.splits.closes import MINUTE, THURSDAYS, closes, frame_of, without

M15, H1, H4, D1 = (Timeframe(t) for t in ("15m", "1h", "4h", "1d"))
starts = st.sampled_from(list(THURSDAYS.values()))


def seen(base_us, other_us, limit_minutes):
    """Row of the other timeframe that each base row shows, -1 for none."""
    other = frame_of(other_us, row=pl.Series(range(other_us.size), dtype=pl.Int64))
    return align(frame_of(base_us), other, ["row"], limit_minutes)["row"].fill_null(-1).to_list()


def test_rows_of_15_minutes_see_an_hour_when_it_has_closed_and_not_before():
    """Golden: a row that opens 00:45 closes with the hour and is the first to see it; the three before see the last."""
    base = closes(M15, 12, "2024-07-03T00:00")
    hours = closes(H1, 3, "2024-07-03T00:00")

    table = dict(
        zip(
            pl.Series(base - M15.microseconds).cast(pl.Datetime("us")).dt.strftime("%H:%M"),
            seen(base, hours, 60),
            strict=True,
        )
    )

    assert table == {
        "00:00": -1,
        "00:15": -1,
        "00:30": -1,
        "00:45": 0,
        "01:00": 0,
        "01:15": 0,
        "01:30": 0,
        "01:45": 1,
        "02:00": 1,
        "02:15": 1,
        "02:30": 1,
        "02:45": 2,
    }


@given(starts, st.integers(0, 2**32 - 1), st.floats(0, 0.5), st.sampled_from([H1, H4, D1]), st.integers(15, 3000))
def test_a_slow_loop_sees_the_same(start, seed, share, timeframe, limit_minutes):
    base = without(closes(M15, 300, start), seed, share)[::7]
    other = without(closes(timeframe, 90, start), seed + 1, share)
    other = other[other <= base[-1] + timeframe.microseconds]

    rows = [visible_row(int(now), other.tolist(), limit_minutes) for now in base]

    assert seen(base, other, limit_minutes) == [-1 if row is None else row for row in rows]


@pytest.mark.parametrize("start", THURSDAYS.values(), ids=THURSDAYS.keys())
@pytest.mark.parametrize("timeframe", [H1, H4, D1])
def test_at_the_close_of_a_bar_its_value_is_that_bar_s(start, timeframe):
    """Staleness, L9: one bar late is a bug too."""
    base, other = closes(M15, 700, start), closes(timeframe, 200, start)
    inside = other[other <= base[-1]]

    rows = seen(base, other, timeframe.minutes)

    first_shown = [rows.index(k) for k in range(inside.size)]
    assert base[first_shown].tolist() == inside.tolist()
    assert inside.size >= 700 * 15 // timeframe.minutes


@given(starts, st.integers(0, 2**32 - 1), st.sampled_from([H1, H4]), st.data())
def test_what_is_not_known_yet_changes_nothing(start, seed, timeframe, data):
    """Fault 21: cuts at, one before and one after each close of the longer timeframe."""
    base = without(closes(M15, 250, start), seed, 0.1)
    other = without(closes(timeframe, 80, start), seed, 0.1)
    close = data.draw(st.sampled_from(other[other <= base[-1]].tolist()))
    cut = int(np.searchsorted(base, close)) + data.draw(st.sampled_from([-1, 0, 1, 2]))
    now = base[max(cut, 1) - 1]

    whole = seen(base, other, timeframe.minutes)
    known = seen(base[: max(cut, 1)], other[other <= now], timeframe.minutes)

    assert known == whole[: max(cut, 1)]


def test_after_a_hole_an_old_value_is_forgotten():
    """Fault 18."""
    base, hours = closes(M15, 16, "2024-07-03T00:00"), closes(H1, 4, "2024-07-03T00:00")

    assert seen(base, hours[[0, 3]], 60) == [-1] * 3 + [0] * 4 + [-1] * 8 + [1]
    assert seen(base, hours[[0, 3]], 120) == [-1] * 3 + [0] * 8 + [-1] * 4 + [1]


def test_a_weekend_does_not_age_a_value():
    """Fault 18: age is trading time, so Friday's last hour is shown on Sunday evening."""
    base, hours = closes(M15, 8, "2024-07-05T20:00"), closes(H1, 2, "2024-07-05T20:00")

    assert np.diff(base).max() // MINUTE == 48 * 60 + 15
    assert seen(base, hours[:1], 60) == [-1, -1, -1, 0, 0, 0, 0, -1]


def test_the_base_keeps_its_rows_its_order_and_its_columns():
    base = frame_of(closes(M15, 50), a=pl.Series(range(50)))
    other = frame_of(closes(H1, 20), x=pl.Series(np.arange(20.0)), y=pl.Series(np.arange(20.0)), z=pl.Series(range(20)))

    joined = align(base, other, ["y", "x"], 60)

    assert joined.columns == ["close_ts_utc", "a", "y", "x"]
    assert_frame_equal(joined.select(base.columns), base)
    assert joined["x"].equals(joined["y"], check_names=False)


def test_undefined_values_are_not_replaced_by_older_ones():
    """Fault 18: the only thing carried forward is the last closed bar, not the last known value."""
    base = frame_of(closes(H1, 3, "2024-07-03T00:00"))
    other = base.with_columns(x=pl.Series([1.0, None, 3.0]))

    assert align(base, other, ["x"], 60)["x"].to_list() == [1.0, None, 3.0]


def test_nothing_to_see_is_null():
    base = frame_of(closes(M15, 5))

    assert (
        align(base, frame_of(np.array([], np.int64), x=pl.Series([], dtype=pl.Float64)), ["x"], 60)["x"].null_count()
        == 5
    )
