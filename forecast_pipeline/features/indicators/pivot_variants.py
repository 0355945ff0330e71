"""Pivots that weigh the day before otherwise: Woodie's, DeMark's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.levels import level_distances
from forecast_pipeline.features.indicators.ratios import ROUNDING

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray
    from forecast_pipeline.features.indicators.session_prices import SessionPrices


def woodie_pivots(close: FloatArray, day: SessionPrices, today_open: FloatArray) -> tuple[FloatArray, ...]:
    """Log distance of the close from Woodie's pivot, two resistances and two supports.

    The variant that weighs the present day's *open*: ``P = (H + L + 2 O) / 4``, where others put the last close.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive.
        day: Prices of the FX day before.
        today_open: Shape ``(T,)``, first price of the present FX day.

    Returns:
        ``log(close / level)`` for the pivot, two resistances ``2P - L``, ``P + H - L`` and two supports
        ``2P - H``, ``P - (H - L)``, each of shape ``(T,)``; NaN in the first session.

    Example:
        >>> from forecast_pipeline.features.indicators.session_prices import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 5.0, 6.0)))
        >>> [float(np.exp(-d[0]).round(9)) for d in woodie_pivots(np.array([1.0]), day, np.array([4.0]))]
        [5.0, 5.0, 7.0, 3.0, 3.0]

    References: K. Wood's pivots, Woodies CCI Club.
    """
    pivot, reach = (day.high + day.low + 2.0 * today_open) / 4.0, day.high - day.low
    return level_distances(close, pivot, 2.0 * pivot - day.low, pivot + reach, 2.0 * pivot - day.high, pivot - reach)


def demark_pivots(close: FloatArray, day: SessionPrices) -> tuple[FloatArray, ...]:
    """Log distance of the close from DeMark's pivot and his projected high and low.

    ``X = H + L + C`` and once more the low if the day fell, the high if it rose, the close if open and close are
    equal in ticks; pivot ``X / 4``, high ``X / 2 - L``, low ``X / 2 - H``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive.
        day: Prices of the FX day before.

    Returns:
        ``log(close / level)`` for pivot, resistance and support, each of shape ``(T,)``; NaN in the first
        session.

    Example:
        >>> from forecast_pipeline.features.indicators.session_prices import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 4.0, 6.0)))  # it rose: X = 24
        >>> [float(np.exp(-d[0]).round(9)) for d in demark_pivots(np.array([1.0]), day)]
        [6.0, 8.0, 5.0]

    References: T. R. DeMark, *The New Science of Technical Analysis*, 1994.
    """
    tie = ROUNDING * day.close
    moved = day.close - day.open
    once_more = np.where(moved < -tie, day.low, np.where(moved > tie, day.high, day.close))
    total = day.high + day.low + day.close + once_more
    return level_distances(close, total / 4.0, total / 2.0 - day.low, total / 2.0 - day.high)
