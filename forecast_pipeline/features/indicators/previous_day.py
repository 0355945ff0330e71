"""The range of the FX day before: its central part and the close's place in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance, place

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray
    from forecast_pipeline.features.indicators.session_prices import SessionPrices


def central_pivot_range(close: FloatArray, day: SessionPrices) -> tuple[FloatArray, FloatArray]:
    """Width of the central pivot range, and the log distance of the close from its end at the day's median.

    The range reaches from the middle of the day's high and low to as far beyond the classic pivot; it is narrow
    when the day closed near its middle.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive.
        day: Prices of the FX day before.

    Returns:
        ``2 |pivot - median| / pivot``, at least 0, and ``log(close / median)``, each of shape ``(T,)``; NaN in
        the first session.

    Example:
        >>> from forecast_pipeline.features.indicators.session_prices import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 3.0, 2.0)))  # pivot 4, median 5
        >>> width, distance = central_pivot_range(np.array([1.0]), day)
        >>> width.tolist(), np.exp(-distance).round(9).tolist()
        ([0.5], [5.0])

    References: F. O. Ochoa, *Secrets of a Pivot Boss*, 2010.
    """
    pivot, median = (day.high + day.low + day.close) / 3.0, (day.high + day.low) / 2.0
    return 2.0 * np.abs(pivot - median) / pivot, log_distance(close, median)


def previous_day_position(close: FloatArray, day: SessionPrices) -> FloatArray:
    """Place of the close in the range of the FX day before: below 0 under its low, above 1 over its high.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive.
        day: Prices of the FX day before.

    Returns:
        Shape ``(T,)``, cut at -10 and 11; NaN in the first session. A day without range gives 0.5.

    Example:
        >>> from forecast_pipeline.features.indicators.session_prices import SessionPrices
        >>> day = SessionPrices(*(np.array([x] * 2) for x in (5.0, 6.0, 4.0, 4.0)))
        >>> previous_day_position(np.array([4.5, 8.0]), day).tolist()
        [0.25, 2.0]

    References: J. L. Person, *A Complete Guide to Technical Trading Tactics*, 2004 (range of the day before).
    """
    return np.clip(place(close, day.high, day.low, ROUNDING * day.close), -10.0, 11.0)
