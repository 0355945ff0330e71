"""Volatility from open, high, low and close of bars without drift: Parkinson, Garman and Klass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_ratio
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

PARKINSON = 4.0 * math.log(2.0)
_GARMAN_KLASS = 2.0 * math.log(2.0) - 1.0


def parkinson(high: FloatArray, low: FloatArray, lookback_bars: int) -> FloatArray:
    """Parkinson's volatility of a bar, from its range alone.

    ``sqrt(mean(log(high / low) ** 2) / (4 log 2))``: no drift and no gaps assumed, about five times as efficient as
    squared returns; too low where trades are few. Not annualised.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Bars in the window.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> parkinson(np.exp([0.0, 2.0, 2.0]), np.exp([0.0, 0.0, 0.0]), 2).round(4).tolist()  # 2 / sqrt(2 * 2.7726)
        [nan, 0.8493, 1.2011]

    References: M. Parkinson, "The extreme value method for estimating the variance of the rate of return",
    *Journal of Business* 53, 1980, pp. 61-65.
    """
    require_lookback(lookback_bars)
    reach = log_ratio(high, low)
    return np.sqrt(window_mean(reach * reach, lookback_bars) / PARKINSON)


def garman_klass(
    opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int
) -> FloatArray:
    """Garman and Klass's volatility of a bar, the practical estimator.

    Mean of ``log(high / low) ** 2 / 2 - (2 log 2 - 1) log(close / open) ** 2``, then the root: the fifth estimator
    of the paper, which drops small cross terms of the fourth. No drift and no gaps assumed. Not annualised.

    Args:
        opened: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars in the window.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> one, top = np.ones(2), np.exp([2.0, 2.0])
        >>> garman_klass(one, top, one, one, 2).round(4).tolist()  # the root of 2 * 2 / 2
        [nan, 1.4142]

    References: M. B. Garman, M. J. Klass, "On the estimation of security price volatilities from historical data",
    *Journal of Business* 53, 1980, pp. 67-78, practical estimator.
    """
    require_lookback(lookback_bars)
    reach, move = log_ratio(high, low), log_ratio(close, opened)
    square = 0.5 * reach * reach - _GARMAN_KLASS * move * move
    return np.sqrt(window_mean(np.maximum(square, 0.0), lookback_bars))
