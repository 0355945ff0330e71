"""What ranges say beside their size: present against usual, short against long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_ratio, ratio
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def log_true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Wilder's true range as a log distance: the range widened to the previous close; the first row is NaN.

    Example:
        >>> log_true_range(np.exp([1.0, 5.0]), np.exp([0.0, 4.0]), np.exp([0.0, 4.0])).round(9).tolist()
        [nan, 5.0]
    """
    out = np.full(close.size, np.nan)
    out[1:] = log_ratio(np.maximum(high[1:], close[:-1]), np.minimum(low[1:], close[:-1]))
    return out


def atr_ratio(high: FloatArray, low: FloatArray, close: FloatArray, *, short_bars: int, long_bars: int) -> FloatArray:
    """Mean true range of a short window over that of a long one.

    Simple means of log true ranges, not Wilder's averages: those would keep their last ratio for ever when the
    market stands still.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        short_bars: True ranges of the short mean.
        long_bars: True ranges of the long mean, the short ones among them.

    Returns:
        Shape ``(T,)``, ratio between 0 and ``long_bars / short_bars``; 1 where nothing moved, NaN in the first
        ``long_bars`` rows.

    Raises:
        ValueError: If ``short_bars`` is less than 1 or not less than ``long_bars``.

    Example:
        >>> close = np.exp([0.0, 1.0, 1.0, 3.0])  # true ranges 1, 0, 2 when high = low = close
        >>> atr_ratio(close, close, close, short_bars=1, long_bars=2).tolist()
        [nan, nan, 0.0, 2.0]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978, for the true range.
    """
    _require_increasing(short_bars, long_bars)
    reach = log_true_range(high, low, close)
    short, long = window_sum(reach, short_bars) / short_bars, window_sum(reach, long_bars) / long_bars
    return np.where(np.isnan(long), np.nan, ratio(short, long, 1.0))


def _require_increasing(short_bars: int, long_bars: int) -> None:
    if not 1 <= short_bars < long_bars:
        raise ValueError(f"short_bars must be at least 1 and less than long_bars={long_bars}, was {short_bars}")


def normalised_range(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int) -> FloatArray:
    """Range of the whole window over the root of its summed squared true ranges.

    Large where bars line up, small where they overlap; Feller's range of a random walk in units of its step is the
    idea, with true ranges as steps.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars in the window.

    Returns:
        Shape ``(T,)``, ratio between 0 and the root of ``lookback_bars``; 1 where nothing moved, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.exp([0.0, 3.0, 7.0])  # a range of 4 within the window, steps of 3 and 4
        >>> normalised_range(close, close, close, 2).round(9).tolist()
        [nan, nan, 0.8]

    References: W. Feller, "The asymptotic distribution of the range of sums of independent random variables",
    *Annals of Mathematical Statistics* 22, 1951.
    """
    import talib

    require_lookback(lookback_bars)
    reach = log_true_range(high, low, close)
    whole = log_ratio(talib.MAX(high, timeperiod=lookback_bars), talib.MIN(low, timeperiod=lookback_bars))
    return ratio(whole, np.sqrt(window_sum(reach * reach, lookback_bars)), 1.0)
