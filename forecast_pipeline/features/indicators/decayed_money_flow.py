"""Money flow under exponential averages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.bar_shape import close_location
from forecast_pipeline.features.indicators.decay import decayed_share, decaying_mean
from forecast_pipeline.features.indicators.windows import lagged, require_lookback
from forecast_pipeline.features.warm_up import exponential, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def chaikin_oscillator(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    fast_bars: int = 3,
    slow_bars: int = 10,
    *,
    tolerance: float = 1e-6,
) -> FloatArray:
    """Chaikin's oscillator: fast minus slow exponential average of the accumulation line, in mean volumes.

    The line itself has no finite memory, but the difference has: an average of a running sum lags the sum by
    ``(n - 1) / 2`` averages of its increments, so the two averages differ by
    ``(slow - 1) / 2 E_slow(flow) - (fast - 1) / 2 E_fast(flow)``. Divided by the slow average of the volume.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average, more than ``fast_bars``.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Shape ``(T,)``, in mean volumes, within ``(slow_bars - 1) / 2`` either way; 0 once all volume is
        forgotten, NaN until an unrecorded one is.

    Raises:
        ValueError: If the lengths do not increase from at least 2.

    Example:
        >>> price = np.array([1.0, 1.0, 1.0])
        >>> chaikin_oscillator(price * 5.0, price, price * 5.0, np.ones(3), 3, 7).tolist()  # 3 - 1 at every high
        [0.0, 2.0, 2.0]

    References: M. Chaikin; TA-Lib ADOSC.
    """
    if not 2 <= fast_bars < slow_bars:  # noqa: PLR2004 - the least length of an average
        raise ValueError(f"lengths must increase from at least 2, was {fast_bars}, {slow_bars}")
    flow = close_location(high, low, close) * volume
    fast, slow = exponential(fast_bars), exponential(slow_bars)
    leads = (slow_bars - 1) / 2.0 * decaying_mean(flow, slow, tolerance)
    leads -= (fast_bars - 1) / 2.0 * decaying_mean(flow, fast, tolerance)
    return decayed_share(leads, volume, slow, tolerance)


def twiggs_money_flow(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    lookback_bars: int = 21,
    *,
    tolerance: float = 1e-6,
) -> FloatArray:
    """Twiggs' money flow: close location in the *true* range times volume, Wilder's average over that of volume.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Length of Wilder's averages.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; NaN in the first row and until an unrecorded volume is forgotten. 0 once
        all volume is forgotten.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 2.0, 2.0, 1.0])  # at the top, no range (0), at the bottom
        >>> twiggs_money_flow(price, price, price, np.ones(4), 2).round(4).tolist()
        [nan, 1.0, 0.3333, -0.4286]

    References: C. Twiggs, Incredible Charts, 2002.
    """
    require_lookback(lookback_bars)
    before = lagged(close, 1)
    location = close_location(np.fmax(high, before), np.fmin(low, before), close)
    location[:1] = np.nan
    traded = volume + 0.0 * before
    flow = decaying_mean(location * traded, wilder(lookback_bars), tolerance)
    return decayed_share(flow, traded, wilder(lookback_bars), tolerance)
