"""Shares of the variance that ranges and gaps hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.range_volatility import PARKINSON
from forecast_pipeline.features.indicators.ratios import log_ratio, ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
    inside = window_sum(reach * reach, lookback_bars) / PARKINSON
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
