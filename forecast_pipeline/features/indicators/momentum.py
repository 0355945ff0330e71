"""Momentum: oscillators that say where the close stands within recent changes or ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import ROUNDING, place
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_sum, window_sums
from forecast_pipeline.features.warm_up import bars_to_forget, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def rsi(close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6) -> FloatArray:
    """Relative strength index with Wilder's smoothing.

    This is Wilder's original [1]_: the first average is a simple mean over ``lookback_bars`` changes, later
    ones decay by ``1 / lookback_bars``. It is *not* Cutler's RSI, which keeps the simple mean throughout.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars`` rows. A history without losses
        gives 100; one without any change for as long as the smoothing remembers gives 50, where TA-Lib gives
        0 or keeps its last value.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> rsi(np.array([1.0, 2.0, 3.0, 2.0]), lookback_bars=2).round(2).tolist()
        [nan, nan, 100.0, 50.0]

    .. [1] J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    import talib

    require_lookback(lookback_bars)
    index = talib.RSI(close, timeperiod=lookback_bars)
    memory_bars = bars_to_forget((wilder(lookback_bars),), tolerance)
    moved = np.ones(close.size, dtype=np.bool_)
    np.not_equal(close[1:], close[:-1], out=moved[1:])
    index[has_stood_still(moved, memory_bars) & ~np.isnan(index)] = 50.0
    return np.asarray(index)


def stochastic(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    lookback_bars: int = 14,
    *,
    k_bars: int = 3,
    d_bars: int = 3,
) -> tuple[FloatArray, FloatArray]:
    """Lane's slow stochastic: place of the close in the recent range, smoothed once and twice.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars whose range counts.
        k_bars: Simple mean that makes %K out of the raw place.
        d_bars: Simple mean that makes %D out of %K.

    Returns:
        %K and %D, each of shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars + k_bars - 2``
        and ``d_bars - 1`` more rows. A range of zero counts as 50, where TA-Lib says 0.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> close = np.array([1.0, 2.0, 3.0, 2.0])
        >>> stochastic(close, close, close, lookback_bars=2, k_bars=1, d_bars=2)[1].tolist()
        [nan, nan, 100.0, 50.0]

    References: G. C. Lane, "Lane's stochastics", *Technical Analysis of Stocks & Commodities* 2:3, 1984.
    """
    require_lookback(lookback_bars)
    require_lookback(min(k_bars, d_bars), least=1)
    raw = 100.0 * _place_in_range(high, low, close, lookback_bars)
    percent_k = window_sum(raw, k_bars) / k_bars
    return percent_k, window_sum(percent_k, d_bars) / d_bars


def williams_r(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Williams' %R: distance of the close below the top of the recent range.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars whose range counts.

    Returns:
        Shape ``(T,)``, in ``[-100, 0]``; NaN in the first ``lookback_bars - 1`` rows. A range of zero gives
        -50, where TA-Lib says 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([1.0, 2.0, 1.0, 1.0])
        >>> williams_r(close, close, close, lookback_bars=2).tolist()
        [nan, 0.0, -100.0, -50.0]

    References: L. Williams, *How I Made One Million Dollars*, 1973.
    """
    require_lookback(lookback_bars)
    return 100.0 * _place_in_range(high, low, close, lookback_bars) - 100.0


def _place_in_range(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """Place of the close between lowest low (0) and highest high (1); the middle if they are equal."""
    return place(close, window_top(high, lookback_bars), window_bottom(low, lookback_bars))


def cci(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Lambert's commodity channel index.

    Distance of the typical price ``(high + low + close) / 3`` from its simple mean, in mean absolute
    deviations times 0.015 (Lambert's constant, which keeps most values within 100).

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, dimensionless, unbounded in principle; NaN in the first ``lookback_bars - 1`` rows.
        Typical prices that are equal up to rounding give 0: what is left of them is no deviation.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([1.0, 2.0, 3.0, 3.0, 3.0])
        >>> cci(close, close, close, lookback_bars=3).round(2).tolist()
        [nan, nan, 100.0, 50.0, 0.0]

    References: D. R. Lambert, "Commodity Channel Index", *Commodities* 9, 1980.
    """
    import talib

    require_lookback(lookback_bars)
    index = talib.CCI(high, low, close, timeperiod=lookback_bars)
    typical = (high + low + close) / 3.0
    # A flat window is a run of changes that are no changes; where there is none, there is nothing to look for.
    moves = np.flatnonzero(np.abs(change(typical)[1:]) > ROUNDING * typical[1:])
    if moves.size and np.diff(moves, prepend=-1, append=typical.size - 1).max() < lookback_bars:
        return np.asarray(index)
    top = talib.MAX(typical, timeperiod=lookback_bars)
    bottom = talib.MIN(typical, timeperiod=lookback_bars)
    return np.where(top - bottom <= ROUNDING * top, 0.0, index)


def mfi(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, lookback_bars: int = 14
) -> FloatArray:
    """Money flow index: share of the flow that came with a rising typical price.

    Not TA-Lib's function: in its running sums one unrecorded volume would spoil the rest of the history.
    Typical prices that are equal in ticks count as equal although their floats may differ in the last digit.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Number of changes of the typical price.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars`` rows and wherever the window holds
        an unrecorded volume. No flow at all gives 50.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 2.0, 1.0, 1.0, 1.0])
        >>> mfi(price, price, price, np.ones(5), lookback_bars=2).round(2).tolist()
        [nan, nan, 66.67, 0.0, 50.0]

    References: G. Quong, A. Soudack, *Technical Analysis of Stocks & Commodities* 7:3, 1989.
    """
    require_lookback(lookback_bars)
    total = high + low + close
    step = change(total)
    flow = total * volume
    is_tie = np.abs(step) <= ROUNDING * total
    # Times 0 or 1, so that an unrecorded volume stays unknown on a tie as well.
    counted = flow * ~is_tie
    counted[:1] = np.nan  # it has no change yet
    gained = window_sum(counted * (step > 0.0), lookback_bars)
    moved = window_sum(counted, lookback_bars)
    is_idle = moved == 0.0
    moved[is_idle] = 1.0
    gained *= 100.0
    gained /= moved
    gained[is_idle] = 50.0
    return gained


def ultimate_oscillator(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    short_bars: int = 7,
    middle_bars: int = 14,
    long_bars: int = 28,
) -> FloatArray:
    """Williams' ultimate oscillator: buying pressure over three spans, weighted 4, 2 and 1.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        short_bars: First span, in true ranges.
        middle_bars: Second span.
        long_bars: Third span.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``long_bars`` rows. A span whose true ranges are all
        zero counts as 50, where TA-Lib says 0.

    Raises:
        ValueError: If the spans are not increasing from at least 1.

    Example:
        >>> close = np.array([1.0, 2.0, 1.0, 1.0, 1.0])
        >>> ultimate_oscillator(close, close, close, short_bars=1, middle_bars=2, long_bars=3).round(2).tolist()
        [nan, nan, nan, 35.71, 42.86]

    References: L. Williams, *Technical Analysis of Stocks & Commodities* 3:4, 1985.
    """
    if not 1 <= short_bars < middle_bars < long_bars:
        raise ValueError(f"spans must increase from at least 1, was {short_bars}, {middle_bars}, {long_bars}")
    reach = true_range(high, low, close)
    pressure = np.full(close.size, np.nan)
    np.subtract(close[1:], np.minimum(low[1:], close[:-1]), out=pressure[1:])
    spans = (short_bars, middle_bars, long_bars)
    weighted = np.zeros(close.size)
    for weight, bought, moved in zip((4.0, 2.0, 1.0), *(window_sums(x, spans) for x in (pressure, reach)), strict=True):
        is_flat = moved == 0.0
        moved[is_flat] = 1.0
        share = bought / moved
        share[is_flat] = 0.5
        weighted += weight * share
    return 100.0 * weighted / 7.0
