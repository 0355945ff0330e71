"""Momentum in units of volatility, its change, and the price without its trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.momentum_rate_of_change import roc
from forecast_pipeline.features.indicators.ratios import log_distance, ratio
from forecast_pipeline.features.indicators.windows import change, lagged, require_lookback, window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def normalised_momentum(close: FloatArray, lookback_bars: int = 50) -> FloatArray:
    """Log return over the window in units of its realised volatility.

    Sum of the log returns over the root of the sum of their squares.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, a ratio within the root of ``lookback_bars``, of standard deviation about 1 on a random walk;
        NaN in the first ``lookback_bars`` rows; 0 where nothing moved.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> normalised_momentum(np.exp([0.0, 3.0, 7.0]), 2).round(9).tolist()  # 7 over the root of 9 + 16
        [nan, nan, 1.4]

    References: T. J. Moskowitz, Y. H. Ooi, L. H. Pedersen, *Journal of Financial Economics* 104, 2012.
    """
    require_lookback(lookback_bars)
    returns = change(np.log(close))
    volatility = np.sqrt(window_sum(returns * returns, lookback_bars))
    return ratio(window_sum(returns, lookback_bars), volatility, neutral=0.0)


def momentum_acceleration(close: FloatArray, lookback_bars: int = 10) -> FloatArray:
    """Log return over the last span minus that over the span before it.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Length of each of the two spans.

    Returns:
        Shape ``(T,)``, log return, positive where the move gathers speed; NaN in the first ``2 * lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> momentum_acceleration(np.exp([0.0, 1.0, 4.0]), 1).round(9).tolist()
        [nan, nan, 2.0]

    References: the second difference of the log close.
    """
    speed = roc(close, lookback_bars)
    return speed - lagged(speed, lookback_bars)


def detrended_price(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Detrended price: log distance of the close from the simple average of half a window and a bar ago.

    The causal form: the average is shifted by ``lookback_bars // 2 + 1`` bars. The chart that centres the average
    shows for each bar what only later bars can tell.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the average.

    Returns:
        ``log(close / earlier average)``, shape ``(T,)``, dimensionless; NaN in the first
        ``lookback_bars + lookback_bars // 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(detrended_price(np.array([1.0, 3.0, 9.0, 4.0]), 2)).round(9).tolist()  # 4 over the mean of 1, 3
        [nan, nan, nan, 2.0]

    References: W. Lambert; S. B. Achelis, *Technical Analysis from A to Z*, 1995.
    """
    require_lookback(lookback_bars)
    return log_distance(close, lagged(window_mean(close, lookback_bars), lookback_bars // 2 + 1))
