"""Promise: time is counted in open minutes of the FX week, the same in every week of the year."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import (
    bar_open,
    instants_of_trading_minutes,
    is_open,
    shifted_clock,
    trading_minutes,
    unshifted_clock,
)
from forecast_pipeline_tests.oracles import trading_clock as oracle
from forecast_pipeline_tests.oracles.trading_clock import instant_us

MINUTE = 60_000_000
# Saturdays before and after every kind of clock change, and before a week without one.
WEEKS = {
    "US spring": "2024-03-09T12:00",
    "between US and EU spring": "2024-03-16T12:00",
    "EU spring": "2024-03-30T12:00",
    "summer": "2024-06-08T12:00",
    "EU autumn": "2024-10-26T12:00",
    "US autumn": "2024-11-02T12:00",
    "winter": "2024-12-07T12:00",
    "before 2007, US change in April": "2005-04-02T12:00",
}
weeks = pytest.mark.parametrize("saturday", WEEKS.values(), ids=WEEKS.keys())
instants = st.integers(instant_us("1990-01-01") // MINUTE, instant_us("2037-12-31") // MINUTE).map(lambda m: m * MINUTE)
TIMEFRAMES = list(Timeframe)


def minutes_of_calendar_week(saturday):
    return instant_us(saturday) + np.arange(7 * 1440) * MINUTE


@given(instants)
def test_the_session_is_sunday_to_friday_17_new_york(moment):
    assert is_open(np.array([moment])).tolist() == [oracle.is_open(moment)]


@weeks
def test_every_week_is_five_days_of_1440_minutes(saturday):
    """Fault 17."""
    minutes = minutes_of_calendar_week(saturday)
    opened = minutes[is_open(minutes)]

    days, counts = np.unique(bar_open(opened, 1440), return_counts=True)

    assert counts.tolist() == [1440] * 5
    local = pl.Series(days).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("America/New_York")
    assert local.dt.hour().to_list() == [17] * 5
    assert local.dt.weekday().to_list() == [7, 1, 2, 3, 4]


@weeks
def test_every_week_is_thirty_bars_of_four_hours(saturday):
    """Fault 17."""
    minutes = minutes_of_calendar_week(saturday)

    _, counts = np.unique(bar_open(minutes[is_open(minutes)], 240), return_counts=True)

    assert counts.tolist() == [240] * 30


def test_four_weeks_over_the_change_of_march_2026_are_twenty_days_of_1440_minutes():
    """Fault 17: the table of correctness.md, section 1.2, in which three constructions fail."""
    minutes = instant_us("2026-02-28T12:00") + np.arange(28 * 1440) * MINUTE

    _, counts = np.unique(bar_open(minutes[is_open(minutes)], 1440), return_counts=True)

    assert counts.tolist() == [1440] * 20


def test_the_day_begins_at_22_utc_in_winter_and_21_in_summer():
    moments = np.array([instant_us("2024-03-07T12:00"), instant_us("2024-03-12T12:00")])

    opened = pl.Series(bar_open(moments, 1440)).cast(pl.Datetime("us", "UTC"))

    assert opened.dt.hour().to_list() == [22, 21]


@weeks
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_bars_open_on_the_grid_from_17_new_york(saturday, timeframe):
    minutes = minutes_of_calendar_week(saturday)
    opened = minutes[is_open(minutes)][::37]

    expected = [oracle.bar_open(int(moment), timeframe.minutes) for moment in opened]
    assert bar_open(opened, timeframe.minutes).tolist() == expected


@weeks
def test_trading_minutes_count_the_open_minutes(saturday):
    minutes = minutes_of_calendar_week(saturday)
    starts = minutes[::1111]

    counted = [oracle.open_minutes_between(int(start), int(minutes[-1])) for start in starts]
    assert (trading_minutes(minutes[-1:]) - trading_minutes(starts)).tolist() == counted


@given(instants)
def test_the_instant_of_an_open_minute_is_found_again(moment):
    there_and_back = int(instants_of_trading_minutes(trading_minutes(np.array([moment])))[0])

    if oracle.is_open(moment) and oracle.is_open(moment - MINUTE):
        assert there_and_back == moment
    else:
        # In the closure the clock stands at the last close before it; the open itself counts to the closure.
        assert there_and_back <= moment
        assert oracle.open_minutes_between(there_and_back, moment) == 0
        assert oracle.is_open(there_and_back - MINUTE)


@given(st.integers(-400_000, 20_000_000))
def test_trading_minutes_undo_their_instants(minutes):
    assert trading_minutes(instants_of_trading_minutes(np.array([minutes]))).tolist() == [minutes]


@given(st.lists(instants, min_size=2, max_size=50))
def test_the_trading_clock_never_goes_back(moments):
    assert (np.diff(trading_minutes(np.sort(np.array(moments)))) >= 0).all()


@weeks
def test_the_week_ends_and_begins_at_one_trading_minute(saturday):
    day = saturday.split("T")[0]
    friday = np.array([np.datetime64(day) - 1, np.datetime64(day) + 1]).astype(str)
    closing, opening = instant_us(f"{friday[0]} 17:00 NY"), instant_us(f"{friday[1]} 17:00 NY")

    minutes = trading_minutes(np.array([closing - MINUTE, closing, opening, opening + MINUTE]))

    assert np.diff(minutes).tolist() == [1, 0, 1]
    assert instants_of_trading_minutes(minutes[1:3]).tolist() == [closing, closing]
    assert is_open(np.array([closing - MINUTE, closing, opening - MINUTE, opening])).tolist() == [
        True,
        False,
        False,
        True,
    ]


@given(instants.filter(oracle.is_open))
def test_the_shifted_clock_is_undone_in_open_time(moment):
    shifted = shifted_clock(np.array([moment]))

    assert unshifted_clock(shifted).tolist() == [moment]
    assert 0 <= (int(shifted[0]) // (1440 * MINUTE) - 4) % 7 < 5  # Monday to Friday


def test_no_instant_gives_no_answer():
    nothing = np.array([], dtype=np.int64)

    answers = [f(nothing).size for f in (is_open, trading_minutes, instants_of_trading_minutes)]
    assert answers == [0, 0, 0]
    assert bar_open(nothing, 240).size == 0
