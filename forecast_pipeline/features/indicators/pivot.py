"""Pivot points: levels made of the prices of the FX day before, and where the close stands among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.levels import level_distances

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray
    from forecast_pipeline.features.indicators.session_prices import SessionPrices

_FIBONACCI = (0.382, 0.618)
_CAMARILLA = (1.1 / 12.0, 1.1 / 6.0, 1.1 / 4.0, 1.1 / 2.0)


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
        >>> import numpy as np
        >>> from forecast_pipeline.features.indicators.session_prices import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 4.0, 4.0)))  # pivot 5
        >>> [float(np.exp(-d[0]).round(9)) for d in classic_pivots(np.array([1.0]), day)]
        [5.0, 6.0, 8.0, 9.0, 3.0, 2.0, 1e-06]

    References: J. L. Person, *A Complete Guide to Technical Trading Tactics*, 2004.
    """
    pivot, reach = (day.high + day.low + day.close) / 3.0, day.high - day.low
    above = (2.0 * pivot - day.low, pivot + reach, day.high + 2.0 * (pivot - day.low))
    below = (2.0 * pivot - day.high, pivot - reach, day.low - 2.0 * (day.high - pivot))
    return level_distances(close, pivot, *above, *below)


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
        >>> import numpy as np
        >>> from forecast_pipeline.features.indicators.session_prices import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (5.0, 7.0, 4.0, 4.0)))  # pivot 5, range 3
        >>> [float(np.exp(-d[0]).round(9)) for d in fibonacci_pivots(np.array([1.0]), day)]
        [6.146, 6.854, 3.854, 3.146]

    References: J. L. Person, *A Complete Guide to Technical Trading Tactics*, 2004.
    """
    pivot, reach = (day.high + day.low + day.close) / 3.0, day.high - day.low
    return level_distances(close, *(pivot + sign * part * reach for sign in (1.0, -1.0) for part in _FIBONACCI))


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
        >>> import numpy as np
        >>> from forecast_pipeline.features.indicators.session_prices import SessionPrices
        >>> day = SessionPrices(*(np.array([x]) for x in (50.0, 62.0, 50.0, 60.0)))  # range 12
        >>> [float(np.exp(-d[0]).round(9)) for d in camarilla_pivots(np.array([60.0]) / 60.0, day)]
        [61.1, 62.2, 63.3, 66.6, 58.9, 57.8, 56.7, 53.4]

    References: N. Scott's Camarilla equation, 1989.
    """
    reach = day.high - day.low
    return level_distances(close, *(day.close + sign * part * reach for sign in (1.0, -1.0) for part in _CAMARILLA))
