"""Pivot points: levels made of the prices of the FX day before, and where the close stands among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.window_parts import share
from forecast_pipeline.features.indicators.windows import ROUNDING, log_distance

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray
    from forecast_pipeline.features.indicators.session_parts import SessionPrices

_FIBONACCI = (0.382, 0.618)
_CAMARILLA = (1.1 / 12.0, 1.1 / 6.0, 1.1 / 4.0, 1.1 / 2.0)


def _distances(close: FloatArray, *levels: FloatArray) -> tuple[FloatArray, ...]:
    return tuple(log_distance(close, level) for level in levels)


def classic_pivots(close: FloatArray, day: SessionPrices) -> tuple[FloatArray, ...]:
    """Log distance of the close from the floor traders' pivot, three resistances and three supports.

    The pivot is the mean ``P`` of the day's high, low and close; then ``2P - L``, ``P + H - L``,
    ``H + 2 (P - L)`` above and ``2P - H``, ``P - (H - L)``, ``L - 2 (H - P)`` below.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive.
        day: Prices of the FX day before.

    Returns:
        ``log(close / level)`` for pivot, three resistances and three supports, nearest first, each of shape
        ``(T,)``; NaN in the first session.

    Example:
        >>> from forecast_pipeline.features.indicators.session_parts import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 4.0, 4.0)))  # pivot 5
        >>> [float(np.exp(-d[0]).round(9)) for d in classic_pivots(np.array([1.0]), day)]
        [5.0, 6.0, 8.0, 9.0, 3.0, 2.0, 1e-06]

    References: J. L. Person, *A Complete Guide to Technical Trading Tactics*, 2004.
    """
    pivot, reach = (day.high + day.low + day.close) / 3.0, day.high - day.low
    above = (2.0 * pivot - day.low, pivot + reach, day.high + 2.0 * (pivot - day.low))
    below = (2.0 * pivot - day.high, pivot - reach, day.low - 2.0 * (day.high - pivot))
    return _distances(close, pivot, *above, *below)


def fibonacci_pivots(close: FloatArray, day: SessionPrices) -> tuple[FloatArray, ...]:
    """Log distance of the close from 38.2 % and 61.8 % of the day's range around its classic pivot.

    The third level, 100 %, is the second classic one, and the pivot is the classic pivot; neither is repeated.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive.
        day: Prices of the FX day before.

    Returns:
        ``log(close / level)`` for two resistances and two supports, nearest first, each of shape ``(T,)``; NaN in
        the first session.

    Example:
        >>> from forecast_pipeline.features.indicators.session_parts import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 4.0, 4.0)))  # pivot 5, range 3
        >>> [float(np.exp(-d[0]).round(9)) for d in fibonacci_pivots(np.array([1.0]), day)]
        [6.146, 6.854, 3.854, 3.146]

    References: J. L. Person, *A Complete Guide to Technical Trading Tactics*, 2004.
    """
    pivot, reach = (day.high + day.low + day.close) / 3.0, day.high - day.low
    return _distances(close, *(pivot + sign * part * reach for sign in (1.0, -1.0) for part in _FIBONACCI))


def camarilla_pivots(close: FloatArray, day: SessionPrices) -> tuple[FloatArray, ...]:
    """Log distance of the close from the Camarilla levels.

    They stand 1.1/12, 1.1/6, 1.1/4 and 1.1/2 of the day's range above and below its *close*.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive.
        day: Prices of the FX day before.

    Returns:
        ``log(close / level)`` for four resistances and four supports, nearest first, each of shape ``(T,)``; NaN
        in the first session.

    Example:
        >>> from forecast_pipeline.features.indicators.session_parts import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (50.0, 62.0, 50.0, 60.0)))  # range 12
        >>> [float(np.exp(-d[0]).round(9)) for d in camarilla_pivots(np.array([60.0]) / 60.0, day)]
        [61.1, 62.2, 63.3, 66.6, 58.9, 57.8, 56.7, 53.4]

    References: N. Scott's Camarilla equation, 1989.
    """
    reach = day.high - day.low
    return _distances(close, *(day.close + sign * part * reach for sign in (1.0, -1.0) for part in _CAMARILLA))


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
        >>> from forecast_pipeline.features.indicators.session_parts import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 5.0, 6.0)))
        >>> [float(np.exp(-d[0]).round(9)) for d in woodie_pivots(np.array([1.0]), day, np.array([4.0]))]
        [5.0, 5.0, 7.0, 3.0, 3.0]

    References: K. Wood's pivots, Woodies CCI Club.
    """
    pivot, reach = (day.high + day.low + 2.0 * today_open) / 4.0, day.high - day.low
    return _distances(close, pivot, 2.0 * pivot - day.low, pivot + reach, 2.0 * pivot - day.high, pivot - reach)


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
        >>> from forecast_pipeline.features.indicators.session_parts import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 4.0, 6.0)))  # it rose: X = 24
        >>> [float(np.exp(-d[0]).round(9)) for d in demark_pivots(np.array([1.0]), day)]
        [6.0, 8.0, 5.0]

    References: T. R. DeMark, *The New Science of Technical Analysis*, 1994.
    """
    tie = ROUNDING * day.close
    moved = day.close - day.open
    once_more = np.where(moved < -tie, day.low, np.where(moved > tie, day.high, day.close))
    total = day.high + day.low + day.close + once_more
    return _distances(close, total / 4.0, total / 2.0 - day.low, total / 2.0 - day.high)


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
        >>> from forecast_pipeline.features.indicators.session_parts import SessionPrices
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
        >>> from forecast_pipeline.features.indicators.session_parts import SessionPrices
        >>> day = SessionPrices(*(np.array([x] * 2) for x in (5.0, 6.0, 4.0, 4.0)))
        >>> previous_day_position(np.array([4.5, 8.0]), day).tolist()
        [0.25, 2.0]

    References: J. L. Person, *A Complete Guide to Technical Trading Tactics*, 2004 (range of the day before).
    """
    return np.clip(share(close - day.low, day.high - day.low, 0.5, ROUNDING * day.close), -10.0, 11.0)
