"""Wall clocks of vendors: a zone, or a fixed distance from one, and the way from there to UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.core.errors import RefusedFile

if TYPE_CHECKING:
    from typing import Self

_OFFSET = re.compile(r"(?:UTC|GMT)([+-])(\d{1,2})(?::?([0-5]\d))?")
_DISTANCE = re.compile(r"(\S+) (plus|minus) (\d{1,2}) h(?: ([0-5]?\d) min)?")
_MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class LocalClock:
    """A wall clock: a zone, or a fixed distance behind or ahead of a zone.

    Attributes:
        zone: IANA name.
        behind_hours: Hours to add to a stamp before it is that zone's wall clock; negative if it is ahead.
        behind_minutes: Minutes to add besides.
    """

    zone: str
    behind_hours: int = 0
    behind_minutes: int = 0

    @classmethod
    def named(cls, text: str) -> Self:
        """The clock that ``text`` names: an IANA zone, ``UTC-03:30``, or ``America/New_York plus 7 h``.

        Example:
            >>> LocalClock.named("UTC-03:30"), str(LocalClock.named("America/New_York plus 7 h"))
            (LocalClock(zone='UTC', behind_hours=3, behind_minutes=30), 'America/New_York plus 7 h')
        """
        if found := _OFFSET.fullmatch(text):
            sign = 1 if found[1] == "-" else -1
            return cls("UTC", sign * int(found[2]), sign * int(found[3] or 0))
        if found := _DISTANCE.fullmatch(text):
            sign = 1 if found[2] == "minus" else -1
            return cls(found[1], sign * int(found[3]), sign * int(found[4] or 0))
        return cls(text)

    @property
    def distance_minutes(self) -> int:
        """Minutes to add to a stamp before it is the zone's wall clock."""
        return _MINUTES_PER_HOUR * self.behind_hours + self.behind_minutes

    def to_utc(self, local: pl.Series) -> pl.Series:
        """UTC instants of naive local stamps in file order.

        Of an hour that the clock shows twice, the stamps before the file steps back are
        the first pass and those after it the second; without a step all are the first.
        A local time that does not exist becomes null.

        Raises:
            RefusedFile: If the zone is unknown.
        """
        shifted = local.dt.offset_by(f"{self.distance_minutes}m") if self.distance_minutes else local
        first = self._in_zone(shifted, "earliest")
        return first if first.len() < 2 else self._second_pass(shifted, first)  # noqa: PLR2004 - a step needs two

    def repeated_hours(self, local: pl.Series) -> int:
        """How many stamps lie in an hour that the clock shows twice."""
        shifted = local.dt.offset_by(f"{self.distance_minutes}m") if self.distance_minutes else local
        # Clocks repeat hours on quarters of an hour: one look at each is enough, and most files have none.
        quarter = shifted.dt.truncate("15m")
        once = quarter.unique()
        twice = once.filter(self._in_zone(once, "earliest") != self._in_zone(once, "latest"))
        return int(quarter.is_in(twice.implode()).sum()) if twice.len() else 0

    def _second_pass(self, shifted: pl.Series, first: pl.Series) -> pl.Series:
        steps_back = first.diff() < pl.Series([0]).cast(pl.Duration("us"))
        if not steps_back.any():
            return first
        last = self._in_zone(shifted, "latest")
        frame = pl.DataFrame(
            {"local": shifted, "first": first, "last": last, "back": steps_back.fill_null(value=False)}
        )
        # The second pass of an ambiguous hour begins where the stamps step back inside it.
        is_ambiguous = pl.col("first") != pl.col("last")
        day = pl.col("local").dt.date()
        passes = (pl.col("back") & is_ambiguous & is_ambiguous.shift(1)).cum_sum().over(day)
        # More steps than one are rows out of order, which say nothing about the clock.
        is_second = is_ambiguous & (passes == 1) & (passes.max().over(day) == 1)
        return frame.select(pl.when(is_second).then("last").otherwise("first")).to_series()

    def _in_zone(self, shifted: pl.Series, ambiguous: str) -> pl.Series:
        try:
            aware = shifted.dt.replace_time_zone(self.zone, ambiguous=ambiguous, non_existent="null")  # type: ignore[arg-type]  # one of its literals
        except pl.exceptions.ComputeError:
            raise RefusedFile(
                "time zone must be an IANA name like America/New_York or Etc/GMT+5",
                was=repr(self.zone),
                do="or write UTC-03:30, or America/New_York plus 7 h",
            ) from None
        return aware.dt.convert_time_zone("UTC").dt.cast_time_unit("us")

    def __str__(self) -> str:
        """Name as it is recorded in cards; `named` reads it back."""
        if not self.distance_minutes:
            return self.zone
        hours, minutes = divmod(abs(self.distance_minutes), _MINUTES_PER_HOUR)
        sign = "minus" if self.distance_minutes > 0 else "plus"
        return f"{self.zone} {sign} {hours} h" + (f" {minutes} min" if minutes else "")
