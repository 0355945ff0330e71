"""The only place that asks the host for the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Anything that returns the present instant, zone-aware; tests pass their own."""


def system_clock() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)
