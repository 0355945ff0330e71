"""Vendor clocks: local stamps to UTC, checked by where the trading week opens and closes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, MINUTES_PER_WEEK, NEW_YORK, shifted_clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]

# A clock is wrong when nearly every week shows it; a vendor's holiday oddities touch a few.
MAX_MISFIT_FRACTION = 0.8
# A clock that was chosen among several has to fit better than one that the file itself states.
MAX_MEASURED_MISFIT_FRACTION = 0.5
MIN_WEEKS_TO_JUDGE = 2
_CALENDAR_WEEK = 7 * MINUTES_PER_DAY
_ON_TIME_MINUTES = 30
_DAYS_TO_WEDNESDAY = 6  # of week 0, which began on Monday 1970-01-05
_US_PER_DAY = MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE
_HOUR_LATE = range(60, 65)  # first record of a week, minutes after the open: the mark of a clock one hour off


def misfit_fraction(ts_utc: pl.Series) -> float:
    """Share of weeks that hold records while the market is closed.

    A clock that is wrong by an hour in either direction puts records before the
    Sunday open or after the Friday close in every week it is wrong.

    Args:
        ts_utc: Open instants, zone-aware UTC, any order.

    Returns:
        Share in [0, 1]; 0 if there is no record.
    """
    weeks, closed_weeks = _weeks(ts_utc)
    return closed_weeks.size / weeks.size if weeks.size else 0.0


def best_clock(local: pl.Series, candidates: Sequence[LocalClock]) -> LocalClock:
    """The candidate under which fewest weeks misfit; of equals the first.

    Raises:
        RefusedFile: If under each of them the week does not open Sunday 17:00 New York.
    """
    # An hour of a clock is right or wrong as a whole, so one stamp an hour is enough.
    hours = local.drop_nulls().dt.truncate("1h").unique().sort()
    misfits = [(_misfit(candidate.to_utc(hours)), position) for position, candidate in enumerate(candidates)]
    _, position = min(misfits)
    chosen = candidates[position]
    tried = ", ".join(map(str, candidates))
    check_clock_fits(chosen.to_utc(hours), f"stamps read as any of {tried}", MAX_MEASURED_MISFIT_FRACTION)
    return chosen


def measured_clock(local: pl.Series, what: str) -> LocalClock:
    """The clock of a file whose vendor does not say: the simplest one under which its weeks open and close on time.

    Tried are UTC, zones that brokers use, whole hours from New York and London, and
    fixed offsets by half hours. The open alone is not enough: some brokers begin their
    week at midnight of their own, an hour after the market.

    Raises:
        RefusedFile: If the file shows no weekly open, or if no clock fits.
    """
    present = local.drop_nulls().unique().sort()
    step = present.diff().dt.total_minutes().drop_nulls()
    minutes = max(int(step.mode().min() or 1), 1) if step.len() else 1  # type: ignore[arg-type]  # a mode of integers
    halves = present.dt.truncate("30m").unique().sort() if minutes < _ON_TIME_MINUTES else present
    clocks = _usual_clocks()
    scores = [(_faults(clock.to_utc(halves), minutes), n) for n, clock in enumerate(clocks)]
    if min(scores)[0] > 0:
        clocks += _all_clocks()
        scores = [(_faults(clock.to_utc(halves), minutes), n) for n, clock in enumerate(clocks)]
    chosen = clocks[min(scores)[1]]
    on_time, n_opens, early, n_closes = _edges(chosen.to_utc(halves), minutes)
    if not on_time or 2 * on_time < n_opens or 2 * early > n_closes:
        raise RefusedFile(
            f"the clock of {what} must be given or show in its weeks",
            was=f"{n_opens} weekly opens, on the best clock ({chosen}) {on_time} of them Sunday 17:00 New York, "
            f"and {early} of {n_closes} weeks that end before Friday 17:00",
            why="an hour of error is invisible later",
            do="pass --timezone, as in --timezone Europe/Athens, UTC-03:30 or 'America/New_York plus 7 h'",
        )
    return chosen


def check_clock_fits(ts_utc: pl.Series, what: str, max_misfit_fraction: float = MAX_MISFIT_FRACTION) -> None:
    """Refuse stamps under which the trading week is shifted.

    The first and the last week count only against the clock: cut by the ends of the
    file, they often hold neither an open nor a close that could speak for it. Weeks of
    summer time in New York, in Europe, in both and in neither are judged apart: a clock
    that changes on the wrong days is wrong in one of them only.

    Raises:
        RefusedFile: Naming the share of weeks and the usual cause.
    """
    weeks, misfits = _weeks(ts_utc)
    judged = np.union1d(weeks[1:-1], misfits)
    season = _seasons(judged)
    for group in (judged, *(judged[season == each] for each in np.unique(season))):
        n_misfits = np.intersect1d(group, misfits).size
        if group.size >= MIN_WEEKS_TO_JUDGE and n_misfits > max_misfit_fraction * group.size:
            part = "" if group is judged else f" from {_day(group[0])} to {_day(group[-1] + 1)}"
            raise RefusedFile(
                f"{what} must open the week Sunday 17:00 and close it Friday 17:00 New York",
                was=f"{n_misfits} of {group.size} weeks{part} with records in the closed session",
                why="the clock of the file is misread by an hour or more",
                do="pass the right --timezone",
            )


def _seasons(weeks: Integers) -> Integers:
    """Which of New York and London keep summer time in each week: 0 to 3."""
    noon = pl.Series((weeks * 7 + _DAYS_TO_WEDNESDAY) * _US_PER_DAY + _US_PER_DAY // 2).cast(pl.Datetime("us", "UTC"))
    summer = [noon.dt.convert_time_zone(zone).dt.dst_offset() > timedelta(0) for zone in (NEW_YORK, "Europe/London")]
    return np.asarray(2 * summer[0].to_numpy().astype(np.int64) + summer[1].to_numpy().astype(np.int64))


def _day(week: int) -> str:
    """The Sunday on which a week opens."""
    return str(np.datetime64(int(week) * 7 + _DAYS_TO_WEDNESDAY - 3, "D"))


def _usual_clocks() -> list[LocalClock]:
    zones = ("Europe/Athens", "Europe/Berlin", "Europe/London", "America/New_York", "Etc/GMT+5")
    return [LocalClock("UTC"), LocalClock("America/New_York", behind_hours=-7), *map(LocalClock, zones)]


def _all_clocks() -> list[LocalClock]:
    fixed = [LocalClock("UTC", 0, -30 * half_hours) for half_hours in range(-24, 29) if half_hours]
    followers = [LocalClock(zone, -hours) for zone in ("America/New_York", "Europe/London") for hours in range(-9, 15)]
    return [*fixed, *followers]


def _faults(ts_utc: pl.Series, minutes: int) -> int:
    """Weeks that contradict a clock: records in the closed session, a late open, an early close."""
    _, misfits = _weeks(ts_utc)
    on_time, n_opens, early, _ = _edges(ts_utc, minutes)
    return misfits.size + n_opens - on_time + early


def _edges(ts_utc: pl.Series, minutes: int) -> tuple[int, int, int, int]:
    """Weekly opens on time and in all, weekly closes that come early and in all.

    The first week shows an open, and the last a close, only if the file holds the week
    whole: a file that is cut at midnight would speak for any clock under which that
    midnight is Sunday 17:00.
    """
    stamps = np.sort(_minute_of_calendar_week(ts_utc))
    begins = np.flatnonzero(np.r_[True, np.diff(stamps // _CALENDAR_WEEK) > 0][: stamps.size])
    opens_on_time = stamps[begins] % _CALENDAR_WEEK < _ON_TIME_MINUTES
    lasts = stamps[np.r_[begins[1:], stamps.size][: begins.size] - 1] % _CALENDAR_WEEK
    closes_early = lasts < MINUTES_PER_WEEK - minutes - _ON_TIME_MINUTES
    week = np.arange(begins.size)
    is_whole = opens_on_time & ~closes_early & (lasts < MINUTES_PER_WEEK)
    shows_open, shows_close = (week > 0) | is_whole, (week < begins.size - 1) | is_whole
    return (
        int((opens_on_time & shows_open).sum()),
        int(shows_open.sum()),
        int((closes_early & shows_close).sum()),
        int(shows_close.sum()),
    )


def _misfit(ts_utc: pl.Series) -> int:
    """Weeks with closed-session records plus weeks that open exactly an hour late."""
    minutes = _minute_of_calendar_week(ts_utc)
    _, misfits = _weeks(ts_utc)
    week = minutes // _CALENDAR_WEEK
    firsts = np.sort(minutes)[np.unique(np.sort(week), return_index=True)[1]] % _CALENDAR_WEEK
    return misfits.size + int(np.isin(firsts, _HOUR_LATE).sum())


def _weeks(ts_utc: pl.Series) -> tuple[Integers, Integers]:
    """Numbers of the weeks with records, and of those with records in the closed session; both sorted.

    A record of the second half of a weekend speaks about the week that it comes too early for.
    """
    week, within = np.divmod(_minute_of_calendar_week(ts_utc), _CALENDAR_WEEK)
    week = week + (within >= MINUTES_PER_WEEK + MINUTES_PER_DAY)
    return np.unique(week), np.unique(week[within >= MINUTES_PER_WEEK])


def _minute_of_calendar_week(ts_utc: pl.Series) -> Integers:
    instants = ts_utc.drop_nulls().dt.cast_time_unit("us").cast(pl.Int64).to_numpy()
    return shifted_clock(instants) // MICROSECONDS_PER_MINUTE - 4 * MINUTES_PER_DAY
