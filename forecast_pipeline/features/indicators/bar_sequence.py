"""A bar beside those before it: inside, outside, with the narrowest range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING
from forecast_pipeline.features.indicators.window_ranks import rank_in_window
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
    return rank_in_window(low - high, lookback_bars, ROUNDING * high)
