"""Dependence beyond one lag: the partial autocorrelation, Ljung and Box's test, ranges with returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.dependence import require_lags, window_autocorrelation
from forecast_pipeline.features.indicators.ratios import log_ratio, ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.second_moments import correlation
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def partial_autocorrelation(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Partial autocorrelation of log returns at lag 2: what lag 2 says beyond lag 1.

    Yule and Walker's ``(p2 - p1 ** 2) / (1 - p1 ** 2)`` with the biased autocorrelations.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where the returns are equal, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> partial_autocorrelation(np.exp([0.0, 1.0, 0.0, 1.0, 0.0]), 4)[-1].round(4).item()  # -1/16 over 7/16
        -0.1429

    References: G. E. P. Box, G. M. Jenkins, *Time Series Analysis: Forecasting and Control*, 1970, ch. 3.
    """
    require_lookback(lookback_bars, least=3)
    returns = log_returns(close)
    first, second = (window_autocorrelation(returns, lookback_bars, lag) for lag in (1, 2))
    square = first * first
    return np.clip(ratio(second - square, 1.0 - square, 0.0), -1.0, 1.0)


def ljung_box(close: FloatArray, lookback_bars: int, *, n_lags: int) -> FloatArray:
    """Ljung and Box's statistic of log returns, divided by the number of lags.

    ``n (n + 2) sum(p[k] ** 2 / (n - k)) / n_lags``: 1 is its mean without dependence.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.
        n_lags: Lags from 1 on that count.

    Returns:
        Shape ``(T,)``, ratio, at least 0; 0 where the returns are equal, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``n_lags`` is less than 1 or not less than ``lookback_bars``.

    Example:
        >>> ljung_box(np.exp([0.0, 1.0, 0.0, 1.0, 0.0]), 4, n_lags=1)[-1].round(9).item()  # 24 * 0.5625 / 3
        4.5

    References: G. M. Ljung, G. E. P. Box, "On a measure of lack of fit in time series models", *Biometrika* 65, 1978.
    """
    require_lags(n_lags, lookback_bars)
    returns = log_returns(close)
    total = np.zeros(close.size)
    for lag in range(1, n_lags + 1):
        total += window_autocorrelation(returns, lookback_bars, lag) ** 2 / (lookback_bars - lag)
    return lookback_bars * (lookback_bars + 2.0) / n_lags * total


def range_return_correlation(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """Correlation of the log range of a bar with its log return: do wide bars rise or fall.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where ranges or returns are equal, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> close, low = np.exp(np.cumsum([0.0, 1.0, 2.0, 3.0])), np.ones(4)
        >>> range_return_correlation(np.exp([0.0, 3.0, 2.0, 1.0]), low, close, 3).round(9).tolist()
        [nan, nan, nan, -1.0]

    References: F. Black, *Proceedings of the American Statistical Association*, 1976, for the effect it measures.
    """
    require_lookback(lookback_bars, least=3)
    return correlation(log_ratio(high, low), log_returns(close), lookback_bars)
