"""Trading sessions of Tokyo, London and New York by the wall clock of their cities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, NEW_YORK
from forecast_pipeline.features.indicators.clock import LONDON, TOKYO, local_minute

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

FRANKFURT = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class MarketSession:
    """Hours in which a city trades, on its own wall clock; holidays are not known.

    Attributes:
        name: Name in column names.
        zone: Time zone, whose change of clocks the session follows.
        opens_minute: Minute of the local day at which it opens, itself part of the session.
        closes_minute: Minute of the local day at which it closes, no longer part of it.
    """

    name: str
    zone: str
    opens_minute: int
    closes_minute: int


TOKYO_SESSION = MarketSession("tokyo", TOKYO, 9 * 60, 18 * 60)
MARKET_SESSIONS = (
    TOKYO_SESSION,
    MarketSession("london", LONDON, 8 * 60, 17 * 60),
    MarketSession("new_york", NEW_YORK, 8 * 60, 17 * 60),
)
FIXINGS = (
    ("tokyo", TOKYO, 9 * 60 + 55),
    ("frankfurt", FRANKFURT, 14 * 60 + 15),
    ("london", LONDON, 16 * 60),
)
"""Tokyo's bank rate of 09:55, the European Central Bank's of 14:15, WM/Reuters' of 16:00: name, zone, minute."""


def session_flags(closes_us: IntArray) -> tuple[FloatArray, ...]:
    """Whether each city trades at the decision, and how many do.

    A session holds its opening minute and not its closing one: at 08:00 London is open, at 17:00 it is closed.

    Args:
        closes_us: Shape ``(T,)``, close instants in UTC microseconds, each the instant of the decision.

    Returns:
        A flag, 0 or 1, for each of `MARKET_SESSIONS`, then their sum; each of shape ``(T,)``.

    Example:
        >>> nine_in_tokyo = np.array([0])  # 1970-01-01 00:00 UTC
        >>> [int(column[0]) for column in session_flags(nine_in_tokyo)]
        [1, 0, 0, 1]

    References: T. Ito, Y. Hashimoto, *Journal of the Japanese and International Economies* 20, 2006.
    """
    flags = []
    for market in MARKET_SESSIONS:
        minute = local_minute(closes_us, market.zone)
        flags.append(((minute >= market.opens_minute) & (minute < market.closes_minute)).astype(np.float64))
    return (*flags, np.asarray(sum(flags), dtype=np.float64))


def since_opens(closes_us: IntArray) -> tuple[FloatArray, ...]:
    """Time since each city's clock last showed the opening of its session, as a share of a day.

    Args:
        closes_us: Shape ``(T,)``, close instants in UTC microseconds.

    Returns:
        For each of `MARKET_SESSIONS` an array of shape ``(T,)`` in ``[0, 1)``; 0 at the opening itself.

    Example:
        >>> noon = np.array([12 * 3_600_000_000])  # 21:00 in Tokyo, twelve hours after its opening
        >>> float(since_opens(noon)[0][0])
        0.5
    """
    return tuple(
        ((local_minute(closes_us, market.zone) - market.opens_minute) % MINUTES_PER_DAY) / MINUTES_PER_DAY
        for market in MARKET_SESSIONS
    )


def until_closes(closes_us: IntArray) -> tuple[FloatArray, ...]:
    """Time until each city's clock next shows the end of its session, as a share of a day.

    Args:
        closes_us: Shape ``(T,)``, close instants in UTC microseconds.

    Returns:
        For each of `MARKET_SESSIONS` an array of shape ``(T,)`` in ``(0, 1]``; 1 at the end itself.

    Example:
        >>> noon = np.array([12 * 3_600_000_000])  # 21:00 in Tokyo, 21 hours before it closes next
        >>> float(until_closes(noon)[0][0])
        0.875
    """
    parts = []
    for market in MARKET_SESSIONS:
        left = (market.closes_minute - local_minute(closes_us, market.zone) - 1) % MINUTES_PER_DAY + 1
        parts.append(left / MINUTES_PER_DAY)
    return tuple(parts)
