"""Trend: moving averages, MACD, ADX, TRIX."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance
from forecast_pipeline.features.indicators.talib_windows import wilder_mean
from forecast_pipeline.features.indicators.windows import change, require_lookback
from forecast_pipeline.features.warm_up import bars_to_forget, wilder

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def ema(close: FloatArray, lookback_bars: int = 30) -> FloatArray:
    """Log distance of the close from its exponential moving average.

    The average starts as the simple mean of the first ``lookback_bars`` closes and then decays by
    ``2 / (lookback_bars + 1)``, as TA-Lib's.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the average.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(ema(np.array([1.0, 3.0, 5.0]), 2)).round(9).tolist()  # averages 2 and 4
        [nan, 1.5, 1.25]
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.EMA(close, timeperiod=lookback_bars))


def sma(close: FloatArray, lookback_bars: int = 50) -> FloatArray:
    """Log distance of the close from its simple moving average.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(sma(np.array([1.0, 3.0, 5.0]), 2)).round(9).tolist()  # averages 2 and 4
        [nan, 1.5, 1.25]
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.SMA(close, timeperiod=lookback_bars))


def macd(
    close: FloatArray, fast_bars: int = 12, slow_bars: int = 26, signal_bars: int = 9
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Moving average convergence and divergence, as fractions of the close.

    The line is the fast minus the slow exponential average of the close, the signal is an exponential average
    of the line *in price*, the histogram their difference; all three are then divided by the present close.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average, more than ``fast_bars``.
        signal_bars: Length of the average of the line.

    Returns:
        Line, signal and histogram, each of shape ``(T,)``, dimensionless; NaN in the first
        ``slow_bars + signal_bars - 2`` rows.

    Raises:
        ValueError: If a length is less than 2 or ``fast_bars`` is not less than ``slow_bars``.

    Example:
        >>> line, signal, histogram = macd(np.linspace(1.0, 2.0, 6), 2, 3, 2)
        >>> line.round(4).tolist()  # on a straight line the fast average leads by 0.1
        [nan, nan, nan, 0.0625, 0.0556, 0.05]

    References: G. Appel, *The Moving Average Convergence-Divergence Trading Method*, 1979.
    """
    import talib

    for length in (fast_bars, slow_bars, signal_bars):
        require_lookback(length)
    if fast_bars >= slow_bars:
        raise ValueError(f"fast_bars must be less than slow_bars={slow_bars}, was {fast_bars}")
    line, signal, histogram = talib.MACD(close, fastperiod=fast_bars, slowperiod=slow_bars, signalperiod=signal_bars)
    return np.asarray(line / close), np.asarray(signal / close), np.asarray(histogram / close)


def adx(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14, tolerance: float = 1e-6
) -> FloatArray:
    """Average directional movement index with Wilder's smoothing.

    This is Wilder's original [1]_. Not TA-Lib's function: on a bar whose up move and down move are equal,
    Wilder counts neither, but in floats one of them wins by rounding. Prices move in ticks, so that happens
    all the time, and it shifts the index by a point now and then. A market that has not moved for as long as the
    smoothing remembers has no direction and gives 0; TA-Lib would hold its last value for ever.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Smoothing length, used twice.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``2 * lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.arange(10.0, 16.0)
        >>> adx(high, high - 1.0, high - 0.5, lookback_bars=2).tolist()  # it only ever rises
        [nan, nan, nan, 100.0, 100.0, 100.0]

    .. [1] J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
    """
    require_lookback(lookback_bars)
    up, down = change(high), -change(low)
    tie = ROUNDING * close
    lead = up - down
    plus = up * ((lead > tie) & (up > tie))  # times 0 or 1: choosing by `where` takes five times as long
    minus = down * ((lead < -tie) & (down > tie))
    plus_mean, minus_mean = wilder_mean(plus, lookback_bars), wilder_mean(minus, lookback_bars)
    moved = plus_mean + minus_mean  # the true range, by which both are divided, cancels
    direction = np.abs(plus_mean - minus_mean)
    direction *= 100.0
    moved[moved == 0.0] = 1.0  # then there is no difference either
    direction /= moved
    index = np.full(close.size, np.nan)
    first = lookback_bars - 1  # the row before the first direction, which `wilder_mean` leaves out
    index[first:] = wilder_mean(direction[first:], lookback_bars)
    memory_bars = bars_to_forget((wilder(lookback_bars),) * 2, tolerance)
    moved_at_all = high != low
    calm = np.flatnonzero(~moved_at_all[1:]) + 1
    moved_at_all[calm] = close[calm] != close[calm - 1]
    index[has_stood_still(moved_at_all, memory_bars) & ~np.isnan(index)] = 0.0
    return index


def trix(close: FloatArray, lookback_bars: int = 15) -> FloatArray:
    """Simple return per bar of the triple exponential average.

    Hutson's TRIX as in TA-Lib, as a fraction where TA-Lib gives percent.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of each of the three averages.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``3 * lookback_bars - 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> trix(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 2).round(4).tolist()  # averages 2.5, 3.5, 4.5
        [nan, nan, nan, nan, 0.4, 0.2857]

    References: J. K. Hutson, "Good TRIX", *Technical Analysis of Stocks & Commodities* 1:5, 1983.
    """
    import talib

    require_lookback(lookback_bars)
    return np.asarray(talib.TRIX(close, timeperiod=lookback_bars) / 100.0)
