"""The trading week said minute by minute with `zoneinfo`; slow and never optimised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
SUNDAY, FRIDAY, SATURDAY = 6, 4, 5
CLOSING_HOUR = 17


def instant_us(text: str) -> int:
    """Microseconds since 1970 of an ISO instant; New York wall clock if it ends with ``NY``, else UTC."""
    if text.endswith("NY"):
        moment = datetime.fromisoformat(text.removesuffix("NY").strip()).replace(tzinfo=NEW_YORK)
    else:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


def is_open(moment_us: int) -> bool:
    """Whether the market is in session."""
    local = datetime.fromtimestamp(moment_us // 1_000_000, NEW_YORK)
    if local.weekday() == SATURDAY:
        return False
    if local.weekday() == SUNDAY:
        return local.hour >= CLOSING_HOUR
    return local.weekday() != FRIDAY or local.hour < CLOSING_HOUR


def open_minutes_between(start_us: int, stop_us: int) -> int:
    """Open minutes in the half-open interval, counted one by one."""
    return sum(is_open(moment) for moment in range(start_us, stop_us, 60_000_000))


def after_open_minutes(start_us: int, minutes: int) -> int:
    """Earliest instant at which so many open minutes have passed."""
    moment = start_us
    while minutes > 0:
        minutes -= is_open(moment)
        moment += 60_000_000
    return moment


def bar_open(moment_us: int, minutes: int) -> int:
    """Open of the bar that holds an open-session instant: whole bars since 17:00 New York."""
    local = datetime.fromtimestamp(moment_us // 1_000_000, NEW_YORK)
    day = local.date() if local.hour >= CLOSING_HOUR else local.date() - timedelta(days=1)
    opened = int(datetime(day.year, day.month, day.day, CLOSING_HOUR, tzinfo=NEW_YORK).timestamp()) * 1_000_000
    length = minutes * 60_000_000
    return opened + (moment_us - opened) // length * length
