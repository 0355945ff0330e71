"""Vendor clocks: local stamps to UTC, checked by where the trading week opens and closes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, MINUTES_PER_WEEK, shifted_clock

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
_HOUR_LATE = range(60, 65)  # first record of a week, minutes after the open: the mark of a clock one hour off


@dataclass(frozen=True, slots=True)
class LocalClock:
    """A wall clock: a zone, or a fixed number of hours behind a zone.

    Attributes:
        zone: IANA name.
        behind_hours: Hours to add to a stamp before it is that zone's wall clock.
    """

    zone: str
    behind_hours: int = 0

    def to_utc(self, local: pl.Series) -> pl.Series:
        """UTC instants of naive local stamps; of a repeated hour the first, of a missing one null.

        Raises:
            RefusedFile: If the zone is unknown.
        """
        try:
            shifted = local.dt.offset_by(f"{self.behind_hours}h")
            aware = shifted.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null")
        except pl.exceptions.ComputeError:
            raise RefusedFile(
                "time zone must be an IANA name like America/New_York or Etc/GMT+5", was=repr(self.zone)
            ) from None
        return aware.dt.convert_time_zone("UTC").dt.cast_time_unit("us")

    def __str__(self) -> str:
        """Name as it is recorded in cards."""
        return f"{self.zone} minus {self.behind_hours} h" if self.behind_hours else self.zone


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


def check_clock_fits(ts_utc: pl.Series, what: str, max_misfit_fraction: float = MAX_MISFIT_FRACTION) -> None:
    """Refuse stamps under which the trading week is shifted.

    The first and the last week count only against the clock: cut by the ends of the
    file, they often hold neither an open nor a close that could speak for it.

    Raises:
        RefusedFile: Naming the share of weeks and the usual cause.
    """
    weeks, misfits = _weeks(ts_utc)
    n_misfits = misfits.size
    n_judged = np.union1d(weeks[1:-1], misfits).size
    if n_judged >= MIN_WEEKS_TO_JUDGE and n_misfits > max_misfit_fraction * n_judged:
        raise RefusedFile(
            f"{what} must open the week Sunday 17:00 and close it Friday 17:00 New York",
            was=f"{n_misfits} of {n_judged} weeks with records in the closed session",
            why="the clock of the file is misread by an hour or more",
            do="pass the right --timezone",
        )


def _misfit(ts_utc: pl.Series) -> int:
    """Weeks with closed-session records plus weeks that open exactly an hour late."""
    minutes = _minute_of_calendar_week(ts_utc)
    _, misfits = _weeks(ts_utc)
    week = minutes // _CALENDAR_WEEK
    firsts = np.sort(minutes)[np.unique(np.sort(week), return_index=True)[1]] % _CALENDAR_WEEK
    return misfits.size + int(np.isin(firsts, _HOUR_LATE).sum())


def _weeks(ts_utc: pl.Series) -> tuple[Integers, Integers]:
    """Numbers of the weeks with records, and of those with records in the closed session; both sorted."""
    week, within = np.divmod(_minute_of_calendar_week(ts_utc), _CALENDAR_WEEK)
    return np.unique(week), np.unique(week[within >= MINUTES_PER_WEEK])


def _minute_of_calendar_week(ts_utc: pl.Series) -> Integers:
    instants = ts_utc.drop_nulls().dt.cast_time_unit("us").cast(pl.Int64).to_numpy()
    return shifted_clock(instants) // MICROSECONDS_PER_MINUTE - 4 * MINUTES_PER_DAY
