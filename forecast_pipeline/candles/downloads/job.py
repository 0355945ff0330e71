"""What a download is asked for, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from pathlib import Path

EARLIEST_DAY = date(1990, 1, 1)
SETTLED_AFTER = timedelta(hours=2)
"""A day is complete on the server when it has been over for so long; before that nothing of it is cached."""

Progress = Callable[[int, int], None]
"""Called with the pieces done and in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Days of a symbol to download.

    Attributes:
        symbol: Normalised symbol.
        first: First day, UTC.
        last: Last day, inclusive.
        now: The present instant.
    """

    symbol: str
    first: date
    last: date
    now: datetime

    def __post_init__(self) -> None:
        """Refuse days that cannot be downloaded.

        Raises:
            InvalidConfiguration: If they run backwards, or lie before 1990 or in the future.
        """
        if self.first > self.last:
            raise InvalidConfiguration("--from must not be after --to", was=f"{self.first} and {self.last}")
        if self.first < EARLIEST_DAY or self.first > self.now.date():
            raise InvalidConfiguration("--from must lie between 1990 and today", was=str(self.first))

    def days(self) -> Iterator[date]:
        """Days that have begun, oldest first."""
        for n in range((min(self.last, self.now.date()) - self.first).days + 1):
            yield self.first + timedelta(days=n)

    def is_settled(self, day: date) -> bool:
        """Whether the server will add nothing to a day any more."""
        return self.now >= datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) + SETTLED_AFTER


@dataclass(slots=True)
class Downloaded:
    """What a download left behind.

    Attributes:
        files: Vendor files ready to ingest, oldest first.
        n_fetched: Bodies fetched now.
        n_cached: Bodies that were there from before.
        n_absent: Pieces that the server does not have, such as weekends.
    """

    files: list[Path] = field(default_factory=list)
    n_fetched: int = 0
    n_cached: int = 0
    n_absent: int = 0


def parsed_day(text: str, option: str) -> date:
    """A day as given to an option.

    Raises:
        InvalidConfiguration: If it is no date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidConfiguration(f"{option} must be a day like 2018-03-02", was=repr(text[:40])) from None
