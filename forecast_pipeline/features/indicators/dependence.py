"""Autocorrelation of returns and of their sizes in a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.second_moments import centred_squares
from forecast_pipeline.features.indicators.windows import lagged, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def require_lags(lag_bars: int, lookback_bars: int) -> None:
    """Refuse a lag that leaves no pair in the window.

    Raises:
        ValueError: If ``lag_bars`` is not at least 1 and less than ``lookback_bars``.
    """
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
    require_lags(lag_bars, lookback_bars)
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
