"""How many bars a recursive indicator needs until it has forgotten where its history began."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast_pipeline.core.timeframe import Timeframe

_LARGEST = 10_000_000


@functools.lru_cache(maxsize=1024)
def bars_to_forget(smoothings: tuple[float, ...], tolerance: float) -> int:
    """Smallest number of bars after which a cascade of averages has forgotten its start.

    One exponential average keeps the weight ``(1 - s) ** k`` on everything before the last ``k`` bars. A
    cascade of ``m`` equal ones keeps ``P(Binomial(k, s) <= m - 1)``: the start is forgotten once every stage
    has let it pass, and each stage lets it pass with probability ``s`` a bar. This walks that chain, so the
    stages need not be equal.

    Args:
        smoothings: Smoothing constant of each stage in (0, 1]: ``2 / (n + 1)`` for an exponential average,
            ``1 / n`` for Wilder's.
        tolerance: Weight that may be left, in (0, 1).

    Returns:
        Number of bars, at least 1.

    Raises:
        ValueError: If a smoothing constant or the tolerance is outside its interval.

    Example:
        >>> bars_to_forget((2 / 13,), 1e-6), bars_to_forget((1 / 14,), 1e-6)
        (83, 187)
    """
    if not smoothings or any(not 0.0 < s <= 1.0 for s in smoothings):
        raise ValueError(f"smoothing constants must be in (0, 1], was {smoothings}")
    if not 0.0 < tolerance < 1.0:
        raise ValueError(f"tolerance must be in (0, 1), was {tolerance}")
    if len(smoothings) == 1:
        kept = 1.0 - smoothings[0]
        return 1 if kept <= tolerance else math.ceil(math.log(tolerance) / math.log(kept))
    held = [1.0] + [0.0] * (len(smoothings) - 1)  # probability that the start is still held by each stage
    for bars in range(1, _LARGEST):
        passed = [weight * s for weight, s in zip(held, smoothings, strict=True)]
        held = [weight - out + inward for weight, out, inward in zip(held, passed, [0.0, *passed[:-1]], strict=True)]
        if sum(held) <= tolerance:
            return bars
    raise ValueError(f"tolerance {tolerance} must be reached within {_LARGEST} bars")


def exponential(lookback_bars: int) -> float:
    """Smoothing constant of an exponential average, ``2 / (n + 1)``."""
    return 2.0 / (lookback_bars + 1)


def wilder(lookback_bars: int) -> float:
    """Smoothing constant of Wilder's average, ``1 / n``."""
    return 1.0 / lookback_bars


def required_minutes(required_bars: int, timeframe: Timeframe) -> int:
    """Minutes of trading time that a warm-up takes on any faster base: its bars, and one that is cut off.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> required_minutes(187, Timeframe.H1)
        11280
    """
    return (required_bars + 1) * timeframe.minutes
