"""Bid-ask spread without quotes: Roll, Corwin and Schultz, Abdi and Ranaldo."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_CORWIN_SCHULTZ = 3.0 - 2.0 * math.sqrt(2.0)


def roll_spread(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Roll's spread, from the bounce of closes between bid and ask.

    ``2 sqrt(-cov(r[j], r[j - 1]))`` over ``lookback_bars`` pairs of neighbouring log returns, covariance about the
    means with ddof 0; 0 where the covariance is positive.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Pairs in the window.

    Returns:
        Shape ``(T,)``, log return, about the spread over the price, at least 0; NaN in the first
        ``lookback_bars + 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> roll_spread(np.exp([0.0, 1.0, 0.0, 1.0]), 2).tolist()  # returns 1, -1, 1: covariance -1
        [nan, nan, nan, 2.0]

    References: R. Roll, "A simple implicit measure of the effective bid-ask spread in an efficient market", *Journal
    of Finance* 39, 1984.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    before = lagged(returns, 1)
    means = window_mean(returns, lookback_bars) * window_mean(before, lookback_bars)
    covariance = window_mean(returns * before, lookback_bars) - means
    return 2.0 * np.sqrt(np.maximum(-covariance, 0.0))


def corwin_schultz(high: FloatArray, low: FloatArray, lookback_bars: int) -> FloatArray:
    """Corwin and Schultz's spread, from ranges of one and of two bars.

    The variance in a range grows with time and the spread does not. Each pair of neighbouring bars gives
    ``2 (e ** a - 1) / (1 + e ** a)``; negative ones count as 0 and all are averaged. No correction for gaps.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Pairs in the window.

    Returns:
        Shape ``(T,)``, fraction of the price, in ``[0, 2]``; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> corwin_schultz(np.full(3, 3.0), np.full(3, 1.0), 2).round(9).tolist()  # all range is spread: 2 (3-1)/(3+1)
        [nan, nan, 1.0]

    References: S. A. Corwin, P. Schultz, "A simple way to estimate bid-ask spreads from daily high and low prices",
    *Journal of Finance* 67, 2012.
    """
    require_lookback(lookback_bars)
    single = log_ratio(high, low) ** 2
    twofold = np.full(high.size, np.nan)
    twofold[1:] = log_ratio(np.maximum(high[1:], high[:-1]), np.minimum(low[1:], low[:-1])) ** 2
    one_by_one = single + lagged(single, 1)
    size = (math.sqrt(2.0) - 1.0) * np.sqrt(one_by_one) / _CORWIN_SCHULTZ - np.sqrt(twofold / _CORWIN_SCHULTZ)
    spread = 2.0 * np.tanh(size / 2.0)  # the same as 2 (e ** a - 1) / (1 + e ** a)
    return window_mean(np.maximum(spread, 0.0), lookback_bars)


def abdi_ranaldo(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """Abdi and Ranaldo's spread, from the close and the middles of the ranges before and after it.

    ``2 sqrt(max(0, mean((c[j - 1] - m[j - 1]) (c[j - 1] - m[j]))))`` with log closes ``c`` and mean log extremes
    ``m``: the two-period average of the paper's equation, with the newest pair ending at the present bar.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Pairs in the window.

    Returns:
        Shape ``(T,)``, log return, about the spread over the price, at least 0; NaN in the first ``lookback_bars``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high, low = np.exp(np.full(3, 1.0)), np.exp(np.full(3, -1.0))
        >>> abdi_ranaldo(high, low, high, 2).round(9).tolist()  # every close is at the ask, 1 above the middle
        [nan, nan, 2.0]

    References: F. Abdi, A. Ranaldo, "A simple estimation of bid-ask spreads from daily close, high, and low prices",
    *Review of Financial Studies* 30, 2017.
    """
    require_lookback(lookback_bars)
    product = np.full(close.size, np.nan)
    before = close[:-1]
    own = log_ratio(before, high[:-1]) + log_ratio(before, low[:-1])
    later = log_ratio(before, high[1:]) + log_ratio(before, low[1:])
    product[1:] = own * later / 4.0
    return 2.0 * np.sqrt(np.maximum(window_mean(product, lookback_bars), 0.0))
