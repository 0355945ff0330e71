"""Volatility from open, high, low and close: Parkinson, Garman and Klass, Rogers and Satchell, Yang and Zhang."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import (
    centred_squares,
    log_ratio,
    log_returns,
    ratio,
    window_mean,
)
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_PARKINSON = 4.0 * math.log(2.0)
_GARMAN_KLASS = 2.0 * math.log(2.0) - 1.0
_YANG_ZHANG = 0.34  # the authors' constant, best for kurtoses of the bar up to 4 times a normal one's


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
    return np.sqrt(window_mean(reach * reach, lookback_bars) / _PARKINSON)


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


def _rogers_satchell_squares(opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    return np.maximum(
        log_ratio(high, close) * log_ratio(high, opened) + log_ratio(low, close) * log_ratio(low, opened), 0.0
    )


def rogers_satchell(
    opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int
) -> FloatArray:
    """Rogers and Satchell's volatility of a bar, which a drift does not bias.

    Mean of ``log(high / close) log(high / open) + log(low / close) log(low / open)``, then the root. A bar that runs
    from one extreme to the other counts as pure drift. Not annualised.

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
        >>> rogers_satchell(one, top, one, one, 2).tolist(), rogers_satchell(one, top, one, top, 2).tolist()
        ([nan, 2.0], [nan, 0.0])

    References: L. C. G. Rogers, S. E. Satchell, "Estimating variance from high, low and closing prices", *Annals of
    Applied Probability* 1, 1991, pp. 504-512.
    """
    require_lookback(lookback_bars)
    return np.sqrt(window_mean(_rogers_satchell_squares(opened, high, low, close), lookback_bars))


def yang_zhang(
    opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int
) -> FloatArray:
    """Yang and Zhang's volatility of a bar, gaps between bars included, unbiased by drift.

    ``sqrt(V_gap + k V_move + (1 - k) V_rs)`` with the variance (ddof 1) of ``log(open / previous close)``, the
    variance (ddof 1) of ``log(close / open)``, Rogers and Satchell's mean, and
    ``k = 0.34 / (1.34 + (n + 1) / (n - 1))``. Not annualised.

    Args:
        opened: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> opened = close = high = low = np.exp([0.0, 0.0, 2.0])  # nothing but gaps of 0 and 2
        >>> yang_zhang(opened, high, low, close, 2).round(4).tolist()  # the root of 1 + 1
        [nan, nan, 1.4142]

    References: D. Yang, Q. Zhang, "Drift-independent volatility estimation based on high, low, open, and close
    prices", *Journal of Business* 73, 2000, pp. 477-491.
    """
    require_lookback(lookback_bars)
    gap = np.full(close.size, np.nan)
    gap[1:] = log_ratio(opened[1:], close[:-1])
    weight = _YANG_ZHANG / (1.0 + _YANG_ZHANG + (lookback_bars + 1) / (lookback_bars - 1))
    gaps = centred_squares(gap, lookback_bars) / (lookback_bars - 1)
    moves = centred_squares(log_ratio(close, opened), lookback_bars) / (lookback_bars - 1)
    inside = window_mean(_rogers_satchell_squares(opened, high, low, close), lookback_bars)
    return np.sqrt(gaps + weight * moves + (1.0 - weight) * inside)


def parkinson_share(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """Parkinson's variance as a share of the sum of it and of the close-to-close variance.

    On a driftless Brownian path the two agree. Ranges that closes do not keep (bounces, reverting bars) raise the
    share; gaps, jumps and trends lower it.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars and log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> one = np.ones(3)
        >>> parkinson_share(2.0 * one, one, one, 2).tolist(), parkinson_share(one, one, one, 2).tolist()
        ([nan, nan, 1.0], [nan, nan, 0.5])

    References: M. Parkinson, *Journal of Business* 53, 1980, whose two estimators it compares.
    """
    require_lookback(lookback_bars)
    reach, move = log_ratio(high, low), log_returns(close)
    inside = window_sum(reach * reach, lookback_bars) / _PARKINSON
    return ratio(inside, inside + window_sum(move * move, lookback_bars), 0.5)


def gap_share(opened: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """Squared gaps between bars as a share of squared gaps and squared moves within bars.

    Args:
        opened: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        close: Shape ``(T,)``.
        lookback_bars: Bars in the window, each with the gap before it.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> gap_share(np.exp([0.0, 1.0, 2.0]), np.exp([0.0, 2.0, 2.0]), 2).tolist()  # gaps 1, 0 and moves 1, 0
        [nan, nan, 0.5]

    References: D. Yang, Q. Zhang, *Journal of Business* 73, 2000, whose overnight and open-to-close variances it
    compares.
    """
    require_lookback(lookback_bars)
    gap, move = np.full(close.size, np.nan), log_ratio(close, opened)
    gap[1:] = log_ratio(opened[1:], close[:-1])
    gaps = window_sum(gap * gap, lookback_bars)
    return ratio(gaps, gaps + window_sum(move * move, lookback_bars), 0.5)
