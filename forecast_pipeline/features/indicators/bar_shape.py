"""Shape of single bars: body, shadows, place of the close, gap, inside and outside bars, narrow ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.window_parts import lagged, lags, share, window_mean
from forecast_pipeline.features.indicators.windows import ROUNDING, require_lookback, true_range

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
    return share(np.abs(close - open_), high - low, 0.0, ROUNDING * close)


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
    return share(upper, reach, 0.0, least), share(lower, reach, 0.0, least)


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
    return share((close - low) - (high - close), high - low, 0.0, ROUNDING * close)


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
    return share(open_ - lagged(close, 1), reach, 0.0, least), share(uncovered, reach, 0.0, least)


def inside_bar(high: FloatArray, low: FloatArray) -> FloatArray:
    """Whether the bar lies strictly inside the one before; bounds that are equal in ticks do not count.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.

    Returns:
        0 or 1, shape ``(T,)``; NaN in the first row.

    Example:
        >>> inside_bar(np.array([5.0, 4.0, 4.0]), np.array([1.0, 2.0, 3.0])).tolist()
        [nan, 1.0, 0.0]

    References: T. Crabel, *Day Trading with Short Term Price Patterns and Opening Range Breakout*, 1990.
    """
    return _both(lagged(high, 1) - high, low - lagged(low, 1), ROUNDING * high)


def outside_bar(high: FloatArray, low: FloatArray) -> FloatArray:
    """Whether the bar reaches strictly beyond both ends of the one before.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.

    Returns:
        0 or 1, shape ``(T,)``; NaN in the first row.

    Example:
        >>> outside_bar(np.array([3.0, 4.0, 4.0]), np.array([2.0, 1.0, 0.5])).tolist()
        [nan, 1.0, 0.0]

    References: T. Crabel, *Day Trading with Short Term Price Patterns and Opening Range Breakout*, 1990.
    """
    return _both(high - lagged(high, 1), lagged(low, 1) - low, ROUNDING * high)


def _both(upper: FloatArray, lower: FloatArray, tie: FloatArray) -> FloatArray:
    flag = ((upper > tie) & (lower > tie)).astype(np.float64)
    flag[:1] = np.nan
    return flag


def narrow_range(high: FloatArray, low: FloatArray, lookback_bars: int = 7) -> FloatArray:
    """Share of the bars before the present one, within the window, whose range is wider.

    1 is Crabel's NR7 when ``lookback_bars`` is 7. A range that is equal in ticks counts half.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Window length, the present bar included.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; NaN in the first ``lookback_bars - 1`` rows. Equal ranges give 0.5.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> narrow_range(np.array([3.0, 4.0, 3.0]), np.array([2.0, 2.0, 2.0]), 3).tolist()
        [nan, nan, 0.75]

    References: T. Crabel, *Day Trading with Short Term Price Patterns and Opening Range Breakout*, 1990.
    """
    require_lookback(lookback_bars)
    first = lookback_bars - 1
    out = np.full(high.size, np.nan)
    reach = high - low
    present, tie = reach[first:], ROUNDING * high[first:]
    wider = np.zeros(present.size)
    for lag, view in lags(reach, lookback_bars):
        if lag:
            wider += 0.5 * (view > present - tie) + 0.5 * (view > present + tie)
    out[first:] = wider / first
    return out
