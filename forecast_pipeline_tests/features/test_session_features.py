"""Guards the session group: clocks and their changes, the FX day so far, the day before, intraday seasonality."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline.features.catalogue.session import SESSION
from forecast_pipeline.features.compute import compute_features
from forecast_pipeline.features.indicators import (
    closure_clock,
    fixing,
    fx_calendar,
    market_sessions,
    seasonal_share,
    seasonality,
    session_so_far,
    slot_clock,
    tokyo_range,
    week_clock,
)
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.against_loops import as_dictionary, with_numbers
from forecast_pipeline_tests.features.simulated import START, bars_frame, simulated_bars
from forecast_pipeline_tests.oracles import session_cross_pair as oracle

ENTRIES = {each.name: each for each in SESSION}
# London changes its clock at the end of March, both cities within two Sundays of autumn.
QUARTER_END = datetime(2024, 3, 27, 21, 0, tzinfo=UTC)
AUTUMN = datetime(2024, 10, 24, 21, 0, tzinfo=UTC)
SHORT = {"lookback_bars": 20, "lookback_days": 3}


def values_of(name: str, **more) -> dict:
    return with_numbers(ENTRIES[name], **more)


def microseconds(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[us]").astype(np.int64)


def days_of_hours(n_days: int, start: datetime = datetime(2024, 1, 7, 22, 0, tzinfo=UTC)) -> np.ndarray:
    """Opens of hourly bars of whole FX days in winter, the first a Monday's."""
    days = [start + timedelta(days=7 * (day // 5) + day % 5) for day in range(n_days)]
    return np.array([int((day + timedelta(hours=h)).timestamp()) * 1_000_000 for day in days for h in range(24)])


def hourly_bars(opens_us: np.ndarray, path: np.ndarray, volume: np.ndarray | None = None) -> BarArrays:
    return bar_arrays(bars_frame(opens_us, path, Timeframe.H1, volume), Timeframe.H1)


def test_every_entry_has_a_loop():
    assert set(oracle.SESSION) == set(ENTRIES)
    assert {each.group for each in SESSION} == {"session"}


@pytest.mark.parametrize(
    ("timeframe", "start", "holes"),
    [(Timeframe.H1, START, 0.05), (Timeframe.H1, QUARTER_END, 0.3), (Timeframe.H1, AUTUMN, 0.0)],
    ids=["spring", "quarter end with holes", "autumn"],
)
@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_equals_its_loop(name, timeframe, start, holes):
    bars = bar_arrays(simulated_bars(timeframe, 330, 3, start=start, hole_fraction=holes), timeframe)
    values = values_of(name, **SHORT)
    own = {k: v for k, v in values.items() if k in ENTRIES[name].defaults}

    found = ENTRIES[name].compute(bars, values)
    expected = oracle.SESSION[name](as_dictionary(bars), *own.values())

    first = ENTRIES[name].required_bars(values, timeframe, 1e-6) - 1
    assert first < 120
    assert len(found) == len(expected) == len(ENTRIES[name].outputs)
    for fast, slow in zip(found, expected, strict=True):
        assert np.isfinite(slow[first:]).all()
        np.testing.assert_allclose(fast[first:], slow[first:], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", [name for name, each in ENTRIES.items() if each.is_within_day])
def test_entries_of_the_day_equal_their_loops_on_quarters_of_an_hour(name):
    bars = bar_arrays(simulated_bars(Timeframe.M15, 400, 4, start=AUTUMN, hole_fraction=0.02), Timeframe.M15)
    values = values_of(name, lookback_days=2)

    found = ENTRIES[name].compute(bars, values)
    expected = oracle.SESSION[name](as_dictionary(bars), *(values[key] for key in ENTRIES[name].defaults))

    first = ENTRIES[name].required_bars(values, Timeframe.M15, 1e-6) - 1
    for fast, slow in zip(found, expected, strict=True):
        np.testing.assert_allclose(fast[first:], slow[first:], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "timeframe", [Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.M30, Timeframe.H1, Timeframe.H4]
)
def test_no_column_is_constant_on_any_intraday_timeframe(timeframe):
    n_bars = max(16 * 1440 // timeframe.minutes, 300)  # sixteen FX days at least, a Thursday's first
    bars = simulated_bars(timeframe, n_bars, 1, start=QUARTER_END)

    table = compute_features(bars, timeframe, FeatureParameters(indicators=("session",)))

    names = [column for column in table.columns if column.indicator in ENTRIES]
    assert len(names) > 50
    for column in names:
        values = table.frame[column.name].to_numpy()[column.required_bars - 1 :]
        assert np.isfinite(values).all(), column.name
        assert np.unique(values).size > 1, column.name


def test_daily_bars_have_what_means_something_on_them():
    days = [datetime(2024, 1, 7, 22, 0, tzinfo=UTC) + timedelta(days=k) for k in range(300)]
    opens = np.array([int(day.timestamp()) * 1_000_000 for day in days if day.weekday() in (6, 0, 1, 2, 3)])
    path = 1.1 + 1e-5 * np.random.default_rng(0).integers(-9, 9, (opens.size, 4)).cumsum(axis=0)

    table = compute_features(
        bars_frame(opens, path, Timeframe.D1, None), Timeframe.D1, FeatureParameters(indicators=("session",))
    )

    computed = [column for column in table.columns if column.indicator in ENTRIES]
    assert {column.indicator for column in computed} == {
        *("week_position", "since_closure", "closure_gap", "weekday"),
        *("month_cycle", "year_cycle", "month_edge", "quarter_edge"),
    }
    for column in computed:
        values = table.frame[column.name].to_numpy()[column.required_bars - 1 :]
        assert np.unique(values).size > 1, column.name


@pytest.mark.parametrize("holes", [0.0, 0.35])
@pytest.mark.parametrize("name", ENTRIES)
def test_a_later_start_changes_nothing_however_many_bars_are_missing(name, holes):
    frame = simulated_bars(Timeframe.H1, 420, 6, start=AUTUMN, hole_fraction=holes)
    bars = bar_arrays(frame, Timeframe.H1)
    values = values_of(name, **SHORT)
    required = ENTRIES[name].required_bars(values, Timeframe.H1, 1e-6)
    whole = ENTRIES[name].compute(bars, values)

    for row in range(required, len(bars), 5):
        late = ENTRIES[name].compute(bars.rows(row - required + 1, row + 1), values)
        assert [column[-1] for column in late] == [column[row] for column in whole]


@pytest.mark.parametrize(
    ("instant", "flags"),
    [
        ("2024-01-10T07:59", [1, 0, 0]),  # winter: London keeps UTC, New York five hours less
        ("2024-01-10T08:00", [1, 1, 0]),
        ("2024-01-10T13:00", [0, 1, 1]),
        ("2024-01-10T17:00", [0, 0, 1]),
        ("2024-01-10T22:00", [0, 0, 0]),
        ("2024-03-13T12:00", [0, 1, 1]),  # New York has changed, London has not
        ("2024-07-10T07:00", [1, 1, 0]),  # summer: Tokyo's last two hours overlap London
        ("2024-07-10T08:59", [1, 1, 0]),
        ("2024-07-10T09:00", [0, 1, 0]),
        ("2024-07-10T00:00", [1, 0, 0]),
        ("2024-07-09T23:59", [0, 0, 0]),
    ],
)
def test_cities_open_and_close_by_their_own_clocks(instant, flags):
    found = market_sessions.session_flags(microseconds(instant))

    assert [int(column[0]) for column in found] == [*flags, sum(flags)]


def test_the_london_fixing_is_at_four_in_summer_and_winter():
    london = fixing.fixing_proximity(
        microseconds("2024-01-10T16:00", "2024-07-10T15:00", "2024-07-10T16:00", "2024-07-10T03:00")
    )[2]

    assert london.tolist() == pytest.approx([1.0, 1.0, 1 - 1 / 12, 0.0])


@pytest.mark.parametrize(
    ("opens", "first", "last", "week", "is_rollover"),
    [
        ("2024-03-08T21:00", 1, 0, 1.0, 1),  # Friday's last hour: what follows is Sunday's first
        ("2024-03-08T20:00", 0, 1, 1 - 1 / 120, 0),
        ("2024-03-08T19:00", 0, 0, 1 - 2 / 120, 0),
        ("2024-03-10T21:00", 0, 0, 1 / 120, 0),  # Sunday 17:00 in New York, now four hours behind UTC
    ],
)
def test_the_week_begins_and_ends_at_five_in_new_york(opens, first, last, week, is_rollover):
    bar = hourly_bars(microseconds(opens), np.ones((1, 4)))

    edges = week_clock.week_edges(bar.session, bar.day_minute, 60)

    assert [int(flag[0]) for flag in edges] == [first, last]
    assert week_clock.week_position(bar.session, bar.day_minute, 60)[0] == pytest.approx(week)
    assert week_clock.rollover_hour(bar.day_minute, 60)[0] == is_rollover


@pytest.mark.parametrize(
    ("day", "month", "quarter", "flags"),
    [
        ("2024-03-29", (20, 0), (64, 0), [0, 0, 1]),  # Friday, the quarter's last weekday
        ("2024-04-01", (0, 21), (0, 64), [1, 0, 0]),
        ("2024-05-01", (0, 22), (22, 42), [0, 1, 0]),
        ("2024-12-31", (21, 0), (65, 0), [0, 0, 0]),
    ],
)
def test_month_and_quarter_count_weekdays(day, month, quarter, flags):
    session = np.array([day], "datetime64[D]").astype(np.int64)

    assert [round(23 * share[0]) for share in fx_calendar.month_edges(session)] == list(month)
    assert [round(66 * share[0]) for share in fx_calendar.quarter_edges(session)] == list(quarter)
    assert [int(flag[0]) for flag in fx_calendar.weekday_flags(session)] == flags


def test_the_day_so_far_begins_again_at_five_in_new_york():
    opens = microseconds("2024-01-10T20:00", "2024-01-10T21:00", "2024-01-10T22:00", "2024-01-10T23:00")
    path = np.array([[1.0, 8.0, 0.5, 1.0], [1.0, 1.0, 1.0, 1.0], [2.0, 4.0, 2.0, 3.0], [3.0, 3.0, 1.0, 1.0]])
    bars = hourly_bars(opens, path)

    assert np.exp(session_so_far.session_range(bars.high, bars.low, bars.session)).tolist() == pytest.approx(
        [16.0, 16.0, 2.0, 4.0]
    )
    assert session_so_far.session_place(bars.high, bars.low, bars.close, bars.session)[2:].tolist() == [0.5, 0.0]
    assert np.exp(session_so_far.session_return(bars.close, bars.session))[2:].tolist() == pytest.approx([3.0, 1.0])
    assert np.exp(session_so_far.session_open(bars.open, bars.close, bars.session))[2:].tolist() == pytest.approx(
        [1.5, 0.5]
    )


def test_the_tokyo_range_counts_once_tokyo_has_closed_and_until_the_day_ends():
    opens = days_of_hours(2)  # 17:00 New York is 07:00 in Tokyo: its session is the bars 2 to 10
    level = np.full(48, 1.5)
    level[4], level[7] = 2.0, 1.0
    level[1], level[12] = 9.0, 4.0  # before it opens, and a break after it has closed
    level[20] = 0.5

    reach, beyond = tokyo_range.tokyo_range(hourly_bars(opens, np.repeat(level[:, None], 4, axis=1)))

    assert np.exp(reach).round(9).tolist() == [1.0] * 10 + [2.0] * 14 + [1.0] * 24
    assert np.exp(beyond)[[11, 12, 13, 20, 23]].round(9).tolist() == [1.0, 2.0, 1.0, 0.5, 1.0]


def test_a_busy_hour_stands_out_before_it_comes():
    rng = np.random.default_rng(0)
    opens = days_of_hours(40)
    scale = np.where(np.arange(opens.size) % 24 == 15, 8e-4, 1e-4)
    close = np.exp((rng.normal(size=opens.size) * scale).cumsum())
    bars = hourly_bars(opens, np.repeat(close[:, None], 4, axis=1))

    own, following = ENTRIES["seasonal_factor"].compute(bars, values_of("seasonal_factor"))
    share = ENTRIES["seasonal_share"].compute(bars, values_of("seasonal_share"))[0]

    hour = np.arange(opens.size) % 24
    late = np.arange(opens.size) >= 264
    assert own[late & (hour == 15)].min() > 3.0
    assert own[late & (hour == 3)].max() < 2.0
    assert following[late & (hour == 14)].min() > 3.0
    assert share[late & (hour == 15)].mean() - share[late & (hour == 14)].mean() > 0.2
    assert share[late & (hour == 23)] == pytest.approx(1.0)


def test_a_move_of_twice_the_usual_is_two_thirds():
    opens = days_of_hours(3)
    moves = np.tile(np.where(np.arange(24) == 9, 2e-3, 1e-3), 3)
    moves[48 + 9] = 4e-3
    close = np.exp(moves.cumsum())
    bars = hourly_bars(opens, np.repeat(close[:, None], 4, axis=1))

    found = ENTRIES["seasonal_return_surprise"].compute(bars, {"lookback_days": 2})[0]

    assert found[48 + 9] == pytest.approx(2 / 3)
    assert found[48 + 1 : 48 + 9] == pytest.approx(0.5)


def test_a_missing_day_is_not_in_the_mean_and_half_of_the_days_must_exist():
    clock = slot_clock.SlotClock(np.array([0, 8, 12, 16]), 4)  # days 0, 2, 3 and 4; day 1 is missing
    values = np.array([1.0, 3.0, 5.0, 7.0])

    assert seasonality.same_time_mean(values, clock, 4, neutral=-1.0)[0].tolist() == [-1.0, -1.0, 2.0, 3.0]
    assert seasonality.same_time_mean(values, clock, 2, neutral=-1.0)[0].tolist() == [-1.0, 1.0, 3.0, 4.0]


def test_friday_is_the_day_before_monday():
    friday, monday = 1, 4
    clock = slot_clock.slot_clock(np.array([friday, monday]), np.array([300, 300]), 60)

    assert seasonality.same_time_mean(np.array([2.0, 9.0]), clock, 1, neutral=0.0)[0].tolist() == [0.0, 2.0]


def test_bars_of_a_weekend_do_not_run_past_the_week():
    days = np.arange(1, 11)  # Friday 1970-01-02 to Sunday 1970-01-11

    slots = slot_clock.slot_clock(days, np.full(10, 300), 60).slot

    assert (np.diff(slots) >= 0).all()
    assert slots[[0, 3, 7]].tolist() == [5, 29, 125]


def test_a_return_over_a_closure_is_of_no_time_of_day():
    opens = days_of_hours(12)
    close = np.where(np.arange(opens.size) < 120, 1.0, 3.0)  # the price trebles over the first weekend
    bars = hourly_bars(opens, np.repeat(close[:, None], 4, axis=1))

    usual = ENTRIES["seasonal_volatility"].compute(bars, {"lookback_days": 4})

    assert {float(x) for column in usual for x in column} == {0.0}


def test_an_unrecorded_volume_is_unknown_today_and_left_out_tomorrow():
    opens = days_of_hours(3)
    volume = np.tile(np.arange(1.0, 25.0), 3)
    volume[5], volume[48 + 7] = np.nan, np.nan
    bars = hourly_bars(opens, np.ones((72, 4)), volume)

    found = ENTRIES["seasonal_volume_surprise"].compute(bars, {"lookback_days": 2})[0]

    assert np.isnan(found[[5, 48 + 7]]).all()
    assert found[48 + 5] == 0.5
    assert np.isfinite(np.delete(found, [5, 48 + 7])).all()


@pytest.mark.parametrize(
    ("name", "neutral"),
    [
        ("closure_gap", [0.0]),
        ("session_range", [0.0]),
        ("session_place", [0.5]),
        ("session_return", [0.0]),
        ("tokyo_range", [0.0, 0.0]),
        ("previous_session_range", [0.0, 0.5]),
        ("seasonal_volatility", [0.0, 0.0]),
        ("seasonal_return", [0.0, 0.0]),
        ("seasonal_factor", [1.0, 1.0]),
        ("seasonal_return_surprise", [0.5]),
        ("seasonal_range_surprise", [0.5]),
        ("seasonal_volume_surprise", [0.5]),
    ],
)
@pytest.mark.parametrize("price", [1.1, 0.7313, 151.237])
def test_a_market_that_stands_still_is_neutral(name, neutral, price):
    bars = hourly_bars(days_of_hours(14), np.full((14 * 24, 4), price), np.zeros(14 * 24))
    values = values_of(name)

    found = ENTRIES[name].compute(bars, values)

    first = ENTRIES[name].required_bars(values, Timeframe.H1, 1e-6) - 1
    assert [set(column[first:].tolist()) for column in found] == [{each} for each in neutral]


def test_a_day_that_never_moves_passes_evenly():
    bars = hourly_bars(days_of_hours(14), np.full((14 * 24, 4), 1.1))

    found = ENTRIES["seasonal_share"].compute(bars, values_of("seasonal_share"))[0]

    np.testing.assert_allclose(found, np.tile(np.arange(1, 25) / 24, 14))


def test_the_price_before_the_weekend_is_remembered_as_long_as_the_lookback():
    opens = days_of_hours(6)
    close = np.where(np.arange(144) < 120, 1.0, 2.0)
    bars = hourly_bars(opens, np.repeat(close[:, None], 4, axis=1))

    gap = closure_clock.closure_gap(bars.open, bars.close, bars.opens_us, bars.closes_us, 5)
    since = closure_clock.since_closure(bars.opens_us, bars.closes_us, 5)

    assert np.exp(gap)[117:127].round(9).tolist() == [1.0] * 3 + [2.0] * 5 + [1.0] * 2
    assert since[117:127].tolist() == [1.0] * 3 + [0.2, 0.4, 0.6, 0.8] + [1.0] * 3


@pytest.mark.parametrize(
    "call",
    [
        lambda b, _: closure_clock.since_closure(b.opens_us, b.closes_us, 1),
        lambda b, _: closure_clock.closure_gap(b.open, b.close, b.opens_us, b.closes_us, 1),
        lambda b, c: seasonality.same_time_mean(b.close, c, 0, 0.0),
        lambda b, c: seasonal_share.seasonal_share(b.close, c, 0),
        lambda b, c: seasonal_share.seasonal_surprise(b.close, b.close, c, 0),
    ],
)
def test_impossible_lookbacks_are_refused(call):
    bars = bar_arrays(simulated_bars(Timeframe.H1, 30), Timeframe.H1)
    clock = slot_clock.slot_clock(bars.session, bars.day_minute, 60)

    with pytest.raises(ValueError, match="must be at least"):
        call(bars, clock)


def test_fixings_have_every_entry_that_needs_closes_only():
    bars = simulated_bars(Timeframe.H1, 400)
    fixings = bars.with_columns(pl.col("close").alias(name) for name in ("open", "high", "low"))

    table = compute_features(fixings, Timeframe.H1, FeatureParameters(indicators=("session",)))

    assert {"seasonal_volatility", "session_return", "session_twap"}.isdisjoint(table.absent)
    assert {"session_range", "tokyo_range", "seasonal_range_surprise"} <= set(table.absent)
    for column in table.columns:
        if column.indicator in ENTRIES and column.required_bars < 300:
            assert table.frame[column.name].to_numpy()[column.required_bars - 1 :].std() > 0.0, column.name
