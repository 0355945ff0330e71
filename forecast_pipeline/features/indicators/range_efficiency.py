"""How much of the ranges a move used, and on which side of the closes they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.range_shape import log_true_range
from forecast_pipeline.features.indicators.ratios import log_ratio, ratio
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def true_range_share(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """True range of the present bar over the mean true range of the window that it ends.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: True ranges in the window.

    Returns:
        Shape ``(T,)``, ratio between 0 and ``lookback_bars``; 1 where nothing moved, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.exp([0.0, 1.0, 4.0])  # true ranges 1 and 3
        >>> true_range_share(close, close, close, 2).tolist()
        [nan, nan, 1.5]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978, for the true range.
    """
    require_lookback(lookback_bars)
    reach = log_true_range(high, low, close)
    return ratio(reach, window_sum(reach, lookback_bars) / lookback_bars, 1.0)


def range_efficiency(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """Net move of the closes as a share of the summed true ranges, signed.

    Unlike Kaufman's efficiency ratio it counts the way travelled within the bars, and it says which way.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Moves in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.exp([0.0, 3.0, 2.0])
        >>> range_efficiency(close, close, close, 2).round(9).tolist()
        [nan, nan, 0.5]

    References: P. J. Kaufman, *Trading Systems and Methods*, 1995, for the efficiency ratio it varies.
    """
    require_lookback(lookback_bars)
    net = np.full(close.size, np.nan)
    net[lookback_bars:] = log_ratio(close[lookback_bars:], close[:-lookback_bars])
    return np.clip(ratio(net, window_sum(log_true_range(high, low, close), lookback_bars), 0.0), -1.0, 1.0)


def high_low_asymmetry(opened: FloatArray, high: FloatArray, low: FloatArray, lookback_bars: int) -> FloatArray:
    """Which side the bars reach: way above the open minus way below it, over the ranges.

    Args:
        opened: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        lookback_bars: Bars in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``, positive where bars reach up; 0 where no bar has a range, NaN in the first
        ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high_low_asymmetry(np.ones(2), np.exp([3.0, 0.0]), np.exp([0.0, -1.0]), 2).round(9).tolist()
        [nan, 0.5]

    References: the terms of L. C. G. Rogers, S. E. Satchell, *Annals of Applied Probability* 1, 1991.
    """
    require_lookback(lookback_bars)
    above, below = log_ratio(high, opened), log_ratio(opened, low)
    up, down = window_sum(above, lookback_bars), window_sum(below, lookback_bars)
    return ratio(up - down, up + down, 0.0)
