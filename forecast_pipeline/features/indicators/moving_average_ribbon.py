"""Several moving averages at once: Williams's alligator, Guppy's ribbon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.moving_average_recursive import ALLIGATOR, GUPPY_LONG, GUPPY_SHORT
from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.talib_windows import exponential_mean, wilder_average
from forecast_pipeline.features.indicators.windows import lagged

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
