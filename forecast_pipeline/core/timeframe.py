"""The seven bar lengths."""

from __future__ import annotations

from enum import StrEnum

from forecast_pipeline.core.errors import UnknownTimeframe

MICROSECONDS_PER_MINUTE = 60_000_000


class Timeframe(StrEnum):
    """Length of a bar, written as its name.

    Example:
        >>> Timeframe("4h").minutes
        240
        >>> Timeframe.M5 < Timeframe.H1, max(Timeframe.M5, Timeframe.H1).value
        (True, '1h')
    """

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Return the timeframe called ``text``.

        Raises:
            UnknownTimeframe: If there is none; the message lists them.
        """
        try:
            return cls(text)
        except ValueError:
            names = " ".join(cls)
            raise UnknownTimeframe(f"timeframe must be one of {names}", was=repr(text)) from None

    @classmethod
    def of_minutes(cls, minutes: int) -> Timeframe:
        """Return the timeframe that lasts ``minutes``.

        Raises:
            UnknownTimeframe: If no timeframe does.
        """
        for timeframe in cls:
            if timeframe.minutes == minutes:
                return timeframe
        raise UnknownTimeframe(f"bar length must be one of {[t.minutes for t in cls]} minutes", was=str(minutes))

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return _MINUTES[self.value]

    @property
    def microseconds(self) -> int:
        """Length in microseconds."""
        return self.minutes * MICROSECONDS_PER_MINUTE

    def __lt__(self, other: str) -> bool:
        """Order by length, not by spelling."""
        return self.minutes < Timeframe(other).minutes

    def __le__(self, other: str) -> bool:
        """Order by length; text defines all four comparisons, so each has to be replaced."""
        return self.minutes <= Timeframe(other).minutes

    def __gt__(self, other: str) -> bool:
        """Order by length."""
        return self.minutes > Timeframe(other).minutes

    def __ge__(self, other: str) -> bool:
        """Order by length."""
        return self.minutes >= Timeframe(other).minutes


_MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
