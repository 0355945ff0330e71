"""Serial dependence in a window: autocorrelations, portmanteau statistic, ranges with returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import (
    centred_squares,
    correlation,
    lagged,
    log_ratio,
    log_returns,
    ratio,
)
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def _require_lags(lag_bars: int, lookback_bars: int) -> None:
    if not 1 <= lag_bars < lookback_bars:
        raise ValueError(f"lag must be at least 1 and less than lookback_bars={lookback_bars}, was {lag_bars}")


def window_autocorrelation(values: FloatArray, lookback_bars: int, lag_bars: int) -> FloatArray:
    """Autocorrelation of the values in a window at one lag, with the window's mean and the biased denominator.

    ``sum((x[j] - m) (x[j - lag] - m)) / sum((x[j] - m) ** 2)``, the first sum over the pairs within the window.

    Args:
        values: Shape ``(T,)``, dimensionless; a NaN spoils only the windows that hold it.
        lookback_bars: Window length.
        lag_bars: Distance of a pair.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where the values do not differ, NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lag_bars`` is less than 1 or not less than ``lookback_bars``.

    Example:
        >>> window_autocorrelation(np.array([1.0, -1.0, 1.0, -1.0]), 4, 1)[-1].item()  # three pairs over four squares
        -0.75

    References: G. E. P. Box, G. M. Jenkins, *Time Series Analysis: Forecasting and Control*, 1970, ch. 2.
    """
    _require_lags(lag_bars, lookback_bars)
    n_pairs = lookback_bars - lag_bars
    mean = window_sum(values, lookback_bars) / lookback_bars
    part = window_sum(values, n_pairs)
    both = part + lagged(part, lag_bars)
    together = window_sum(values * lagged(values, lag_bars), n_pairs) - mean * both + n_pairs * mean * mean
    return np.clip(ratio(together, centred_squares(values, lookback_bars), 0.0), -1.0, 1.0)


def autocorrelation(close: FloatArray, lookback_bars: int, *, lag_bars: int) -> tuple[FloatArray, FloatArray]:
    """Autocorrelation of log returns at lag 1 and at a lag of choice.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.
        lag_bars: The second lag.

    Returns:
        Both, each of shape ``(T,)``, in ``[-1, 1]``; 0 where the returns are equal, NaN in the first ``lookback_bars``
        rows.

    Raises:
        ValueError: If ``lag_bars`` is less than 1 or not less than ``lookback_bars``.

    Example:
        >>> close = np.exp([0.0, 1.0, 0.0, 1.0, 0.0])
        >>> [each[-1].round(9).item() for each in autocorrelation(close, 4, lag_bars=2)]
        [-0.75, 0.5]

    References: G. E. P. Box, G. M. Jenkins, *Time Series Analysis: Forecasting and Control*, 1970, ch. 2.
    """
    returns = log_returns(close)
    return (
        window_autocorrelation(returns, lookback_bars, 1),
        window_autocorrelation(returns, lookback_bars, lag_bars),
    )


def absolute_autocorrelation(close: FloatArray, lookback_bars: int, *, lag_bars: int) -> tuple[FloatArray, FloatArray]:
    """Autocorrelation of absolute log returns at lag 1 and at a lag of choice: how volatility clusters.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.
        lag_bars: The second lag.

    Returns:
        Both, each of shape ``(T,)``, in ``[-1, 1]``; 0 where the sizes are equal, NaN in the first ``lookback_bars``
        rows.

    Raises:
        ValueError: If ``lag_bars`` is less than 1 or not less than ``lookback_bars``.

    Example:
        >>> close = np.exp(np.cumsum([0.0, 1.0, -3.0, 1.0, 3.0]))
        >>> [each[-1].round(9).item() for each in absolute_autocorrelation(close, 4, lag_bars=2)]
        [-0.75, 0.5]

    References: Z. Ding, C. W. J. Granger, R. F. Engle, "A long memory property of stock market returns and a new
    model", *Journal of Empirical Finance* 1, 1993.
    """
    sizes = np.abs(log_returns(close))
    return window_autocorrelation(sizes, lookback_bars, 1), window_autocorrelation(sizes, lookback_bars, lag_bars)


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
    _require_lags(n_lags, lookback_bars)
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
