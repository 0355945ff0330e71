"""Nearness of the daily fixings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.indicators.clock import local_minute
from forecast_pipeline.features.indicators.market_sessions import FIXINGS

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

_HALF_DAY = MINUTES_PER_DAY // 2


def fixing_proximity(closes_us: IntArray) -> tuple[FloatArray, ...]:
    """Nearness of the decision to each daily fixing: 1 at the fixing, falling in a straight line to 0 half a day away.

    Args:
        closes_us: Shape ``(T,)``, close instants in UTC microseconds.

    Returns:
        For each of `FIXINGS` an array of shape ``(T,)`` in ``[0, 1]``.

    Example:
        >>> ten = np.array([10 * 3_600_000_000])  # 1970-01-01, when London kept 11:00: five hours before its fixing
        >>> round(float(fixing_proximity(ten)[2][0]), 4) == round(1 - 5 / 12, 4)
        True

    References: M. Melvin, J. Prins, *Journal of Financial Markets* 22, 2015.
    """
    parts = []
    for _, zone, at_minute in FIXINGS:
        off = (local_minute(closes_us, zone) - at_minute + _HALF_DAY) % MINUTES_PER_DAY - _HALF_DAY
        parts.append(1.0 - np.abs(off) / _HALF_DAY)
    return tuple(parts)
