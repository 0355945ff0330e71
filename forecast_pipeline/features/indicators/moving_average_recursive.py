"""Moving averages built of exponential and Wilder's averages, as the log distance of the close from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import exponential_mean, lagged, wilder_average
from forecast_pipeline.features.indicators.windows import log_distance, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

ALLIGATOR = ((13, 8), (8, 5), (5, 3))
"""Length and displacement of Williams' jaw, teeth and lips."""

GUPPY_SHORT, GUPPY_LONG = (3, 5, 8, 10, 12, 15), (30, 35, 40, 45, 50, 60)
"""Lengths of Guppy's traders' and investors' averages."""


def dema(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from Mulloy's double exponential average ``2 e - e(e)``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of each exponential average.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``2 * lookback_bars - 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> dema(np.arange(1.0, 6.0), 2).round(9)[2:].tolist()  # it follows a straight line without a lag
        [0.0, 0.0, 0.0]

    References: P. G. Mulloy, *Technical Analysis of Stocks & Commodities* 12, 1994.
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.DEMA(close, timeperiod=lookback_bars))


def tema(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from Mulloy's triple exponential average ``3 e - 3 e(e) + e(e(e))``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of each exponential average.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``3 * lookback_bars - 3`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> tema(np.arange(1.0, 6.0), 2).round(9)[3:].tolist()  # it follows a straight line without a lag
        [0.0, 0.0]

    References: P. G. Mulloy, *Technical Analysis of Stocks & Commodities* 12, 1994.
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.TEMA(close, timeperiod=lookback_bars))


def t3(close: FloatArray, lookback_bars: int = 10, volume_factor: float = 0.7) -> FloatArray:
    """Log distance of the close from Tillson's T3, a generalised double exponential average applied three times.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of each of the six exponential averages.
        volume_factor: Tillson's weight of the hurry, 0 (an exponential average, three times) to 1 (DEMA); it has
            nothing to do with volume.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``6 * lookback_bars - 6`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> t3(np.full(8, 1.1), 2)[6:].round(9).tolist()
        [0.0, 0.0]

    References: T. Tillson, *Technical Analysis of Stocks & Commodities* 16:1, 1998.
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.T3(close, timeperiod=lookback_bars, vfactor=volume_factor))


def zlema(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from the zero-lag exponential average.

    The exponential average of ``2 close - close (n - 1) / 2 bars ago``, the lag rounded down.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the average.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN until the average of known values exists.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> zlema(np.arange(1.0, 7.0), 3).round(9)[3:].tolist()  # it follows a straight line without a lag
        [0.0, 0.0, 0.0]

    References: J. Ehlers, R. Way, *Technical Analysis of Stocks & Commodities* 28:11, 2010.
    """
    require_lookback(lookback_bars, least=3)
    hurried = 2.0 * close - lagged(close, (lookback_bars - 1) // 2)
    return log_distance(close, exponential_mean(hurried, lookback_bars))


def alligator(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from the three lines of Williams' alligator.

    Wilder's averages of the median price ``(high + low) / 2`` over 13, 8 and 5 bars as they were 8, 5 and 3 bars
    ago: a chart draws them forward, so that a bar meets values that were known long before it.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.

    Returns:
        ``log(close / line)`` for jaw, teeth and lips, each of shape ``(T,)``, dimensionless; NaN in the first 20,
        12 and 7 rows.

    Example:
        >>> ones = np.ones(21)
        >>> [line[-1].item() for line in alligator(ones, ones, ones)]
        [0.0, 0.0, 0.0]

    References: B. Williams, *New Trading Dimensions*, 1998.
    """
    median = (high + low) / 2.0
    jaw, teeth, lips = (
        log_distance(close, lagged(wilder_average(median, length), displacement)) for length, displacement in ALLIGATOR
    )
    return jaw, teeth, lips


def guppy(close: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Guppy's ribbon of twelve exponential averages: gap between its two halves, spread within each.

    The short half has 3, 5, 8, 10, 12 and 15 bars, the long half 30, 35, 40, 45, 50 and 60.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.

    Returns:
        Log of the short half's mean over the long half's, log of highest over lowest average of the short half, and
        the same of the long half; each of shape ``(T,)``, dimensionless, NaN in the first 59, 14 and 59 rows.

    Example:
        >>> [round(abs(column[-1]), 9).item() for column in guppy(np.full(60, 1.1))]
        [0.0, 0.0, 0.0]

    References: D. Guppy, *Trend Trading*, 2004.
    """
    short, long = ([exponential_mean(close, length) for length in lengths] for lengths in (GUPPY_SHORT, GUPPY_LONG))
    gap = np.log(sum(short[1:], start=short[0]) / sum(long[1:], start=long[0]))
    short_spread, long_spread = (
        np.log(np.maximum.reduce(averages) / np.minimum.reduce(averages)) for averages in (short, long)
    )
    return np.asarray(gap), np.asarray(short_spread), np.asarray(long_spread)
