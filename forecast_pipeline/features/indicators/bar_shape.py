"""Shape of single bars: body, shadows, place of the close, gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def body_share(open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Body of the bar as a share of its range, ``|close - open| / (high - low)``.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``, never NaN; a bar without range has no body, 0.

    Example:
        >>> body_share(np.array([2.0]), np.array([5.0]), np.array([1.0]), np.array([3.0])).tolist()
        [0.25]

    References: S. Nison, *Japanese Candlestick Charting Techniques*, 1991.
    """
    return ratio(np.abs(close - open_), high - low, 0.0, ROUNDING * close)


def shadow_shares(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Upper and lower shadow of the bar as shares of its range.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.

    Returns:
        Upper and lower share, each of shape ``(T,)``, in ``[0, 1]``, never NaN; a bar without range has none, 0.

    Example:
        >>> upper, lower = shadow_shares(np.array([2.0]), np.array([5.0]), np.array([1.0]), np.array([3.0]))
        >>> upper.tolist(), lower.tolist()
        ([0.5], [0.25])

    References: S. Nison, *Japanese Candlestick Charting Techniques*, 1991.
    """
    reach, least = high - low, ROUNDING * close
    upper, lower = high - np.maximum(open_, close), np.minimum(open_, close) - low
    return ratio(upper, reach, 0.0, least), ratio(lower, reach, 0.0, least)


def close_location(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Chaikin's close location value, ``((close - low) - (high - close)) / (high - low)``.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.

    Returns:
        Shape ``(T,)``, from -1 at the low to 1 at the high, never NaN; a bar without range counts as 0.

    Example:
        >>> close_location(np.array([5.0]), np.array([1.0]), np.array([4.0])).tolist()
        [0.5]

    References: M. Chaikin; TA-Lib, ``ta_AD.c``.
    """
    return ratio((close - low) - (high - close), high - low, 0.0, ROUNDING * close)


def gap(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14
) -> tuple[FloatArray, FloatArray]:
    """Jump from the last close to the open, and the gap that the whole bar leaves, in mean true ranges.

    The mean is a simple one and holds the present bar. The second output is what no price of either bar covers:
    ``low - previous high`` if that is positive, ``high - previous low`` if that is negative, else 0.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: True ranges in the mean.

    Returns:
        Both of shape ``(T,)``, dimensionless, within ``lookback_bars`` either way; NaN in the first
        ``lookback_bars`` rows. No true range at all gives 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([2.0, 2.0, 6.0])  # true ranges 0 and 4, mean 2
        >>> [jump.tolist() for jump in gap(price, price, price, price, 2)]
        [[nan, nan, 2.0], [nan, nan, 2.0]]

    References: R. D. Edwards, J. Magee, *Technical Analysis of Stock Trends*, 1948.
    """
    require_lookback(lookback_bars)
    reach, least = window_mean(true_range(high, low, close), lookback_bars), ROUNDING * close
    uncovered = np.maximum(low - lagged(high, 1), 0.0) + np.minimum(high - lagged(low, 1), 0.0)
    return ratio(open_ - lagged(close, 1), reach, 0.0, least), ratio(uncovered, reach, 0.0, least)
