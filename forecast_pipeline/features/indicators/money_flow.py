"""Flow of money: volume signed by where the bar closed, how far it moved or which way, as a share of the volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.bar_shape import close_location
from forecast_pipeline.features.indicators.decay import decaying_mean, nothing_traded
from forecast_pipeline.features.indicators.session_parts import session_sum
from forecast_pipeline.features.indicators.window_parts import lagged, share
from forecast_pipeline.features.indicators.windows import (
    ROUNDING,
    change,
    require_lookback,
    true_range,
    window_sum,
)
from forecast_pipeline.features.warm_up import exponential, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def accumulation_distribution(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, session: IntArray
) -> FloatArray:
    """Accumulation and distribution of the session, as a share of the session's volume.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Sum of close location times volume over sum of volume since the session's open, shape ``(T,)``, in
        ``[-1, 1]``; 0 while the session has no volume, NaN from an unrecorded volume to its end.

    Example:
        >>> high, low, close = np.full(2, 5.0), np.full(2, 1.0), np.array([5.0, 3.0])
        >>> accumulation_distribution(high, low, close, np.array([1.0, 3.0]), np.array([7, 7])).tolist()
        [1.0, 0.25]

    References: M. Chaikin; TA-Lib AD, which sums from the first bar of the history.
    """
    flow = close_location(high, low, close) * volume
    return share(session_sum(flow, session), session_sum(volume, session), 0.0)


def chaikin_money_flow(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, lookback_bars: int = 21
) -> FloatArray:
    """Chaikin's money flow: volume times close location over volume, summed over the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; NaN in the first ``lookback_bars - 1`` rows and where the window holds an
        unrecorded volume. No volume gives 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high, low, close = np.full(2, 5.0), np.full(2, 1.0), np.array([5.0, 3.0])
        >>> chaikin_money_flow(high, low, close, np.array([1.0, 3.0]), 2).tolist()
        [nan, 0.25]

    References: M. Chaikin's money flow; J. J. Murphy, *Technical Analysis of the Financial Markets*, 1999.
    """
    require_lookback(lookback_bars)
    flow = close_location(high, low, close) * volume
    return share(window_sum(flow, lookback_bars), window_sum(volume, lookback_bars), 0.0)


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
    return _decayed_share(leads, volume, slow, tolerance)


def _decayed_share(part: FloatArray, volume: FloatArray, smoothing: float, tolerance: float) -> FloatArray:
    """Part of the average volume; 0 once an average has forgotten all trade."""
    mean = decaying_mean(volume, smoothing, tolerance)
    part = np.where(nothing_traded(volume, smoothing, tolerance) & ~np.isnan(mean), 0.0, part)
    return share(part, mean, 0.0)


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
    return _decayed_share(flow, traded, wilder(lookback_bars), tolerance)


def klinger(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    fast_bars: int = 34,
    slow_bars: int = 55,
    signal_bars: int = 13,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray]:
    """Klinger's volume oscillator in its short form, in mean volumes.

    Volume signed by the change of the typical price, fast minus slow exponential average, over the slow average of
    the volume. Klinger's own weighs the volume further by ranges summed since the trend last turned, which has
    no finite memory; charting programs leave that out.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average.
        signal_bars: Length of the average of the oscillator.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Oscillator and signal, each of shape ``(T,)``; NaN in the first row and until an unrecorded volume is
        forgotten. 0 once all volume is forgotten; typical prices that are equal in ticks have no sign.

    Raises:
        ValueError: If the lengths do not increase from at least 1.

    Example:
        >>> price = np.array([1.0, 2.0, 1.0])  # signed volume 1, then -1: averages -1 and -1/3
        >>> klinger(price, price, price, np.ones(3), fast_bars=1, slow_bars=3)[0].round(4).tolist()
        [nan, 0.0, -0.6667]

    References: S. J. Klinger, *Technical Analysis of Stocks & Commodities* 15:12, 1997.
    """
    if not 1 <= fast_bars < slow_bars:
        raise ValueError(f"lengths must increase from at least 1, was {fast_bars}, {slow_bars}")
    total = high + low + close
    step = change(total)
    signed = np.sign(np.where(np.abs(step) <= ROUNDING * total, 0.0, step)) * volume
    fast, slow = exponential(fast_bars), exponential(slow_bars)
    difference = decaying_mean(signed, fast, tolerance) - decaying_mean(signed, slow, tolerance)
    line = _decayed_share(difference, volume + 0.0 * step, slow, tolerance)
    return line, decaying_mean(line, exponential(signal_bars), tolerance)


def force_index(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, lookback_bars: int = 13
) -> FloatArray:
    """Elder's force index over the window, in mean volumes times mean true ranges.

    Simple means in place of Elder's exponential average, so that numerator and measure share the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Changes in the window.

    Returns:
        Mean of change times volume over mean volume and mean true range, shape ``(T,)``, within
        ``lookback_bars`` either way; NaN in the first ``lookback_bars`` rows and where the window holds an
        unrecorded volume. 0 without volume or without range.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 3.0, 1.0])  # changes 2 and -2 with volume 1 and 3
        >>> force_index(price, price, price, np.array([1.0, 1.0, 3.0]), 2).tolist()
        [nan, nan, -0.5]

    References: A. Elder, *Trading for a Living*, 1993.
    """
    require_lookback(lookback_bars)
    force = window_sum(change(close) * volume, lookback_bars) * lookback_bars
    per_volume = share(force, window_sum(volume, lookback_bars), 0.0)
    return share(per_volume, window_sum(true_range(high, low, close), lookback_bars), 0.0, ROUNDING * close)


def ease_of_movement(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, lookback_bars: int = 14
) -> FloatArray:
    """Arms' ease of movement, free of units: how far the middle of the range moved where little was traded.

    Arms divides each move of the middle, times the range, by the volume. Here it is multiplied by
    ``2 M / (volume + M)``, ``M`` being the window's mean volume: 1 at the mean, 2 without volume, where Arms'
    quotient has no value. The sum is divided by the sum of squared true ranges.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Moves in the window, with the mean volume up to each of them.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``2 * lookback_bars - 2`` rows and where the window holds
        an unrecorded volume. 0 without volume or without range.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> low = np.array([1.0, 1.0, 2.0, 3.0])  # range 1, then moves 0, 1, 1, true ranges 1, 1.5, 1.5
        >>> found = ease_of_movement(low + 1.0, low, low + 0.5, np.ones(4), 2)
        >>> found.round(4).tolist()
        [nan, nan, 0.3077, 0.4444]

    References: R. W. Arms, *Volume Cycles in the Stock Market*, 1983.
    """
    require_lookback(lookback_bars)
    mean = window_sum(volume, lookback_bars) / lookback_bars
    moved = change((high + low) / 2.0) * (high - low) * share(2.0 * mean, volume + mean, 0.0)
    reach = true_range(high, low, close)
    squares = window_sum(reach * reach, lookback_bars)
    return share(window_sum(moved, lookback_bars), squares, 0.0, (ROUNDING * close) ** 2)
