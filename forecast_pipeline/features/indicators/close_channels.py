"""Channels of the closes alone: between their extremes and between their quantiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def price_channel_width(close: FloatArray, lookback_bars: int = 50) -> FloatArray:
    """Log distance between the highest and the lowest *close* of the window.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Window length, the present bar included.

    Returns:
        Shape ``(T,)``, at least 0; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(price_channel_width(np.array([1.0, 3.0, 6.0]), 2)).round(9).tolist()
        [nan, 3.0, 2.0]

    References: R. D. Donchian, *Financial Analysts Journal* 16, 1960, on closes.
    """
    require_lookback(lookback_bars)
    return np.log(window_top(close, lookback_bars) / window_bottom(close, lookback_bars))


def quantile_channel(
    close: FloatArray, lookback_bars: int = 50, tail_fraction: float = 0.1
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from an upper and a lower quantile of the window's closes.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Window length, the present bar included.
        tail_fraction: Share of closes beyond each line, below one half.

    Returns:
        ``log(close / level)`` for the quantiles ``1 - tail_fraction`` and ``tail_fraction``, interpolated between
        closes (Hyndman and Fan's type 7), each of shape ``(T,)``; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2 or ``tail_fraction`` not in ``(0, 0.5)``.

    Example:
        >>> close = np.array([1.0, 2.0, 3.0, 5.0, 4.0])
        >>> [float(np.exp(d[-1]).round(9)) for d in quantile_channel(close, 5, 0.25)]
        [1.0, 2.0]

    References: R. J. Hyndman, Y. Fan, *The American Statistician* 50, 1996 (type 7).
    """
    require_lookback(lookback_bars)
    if not 0.0 < tail_fraction < 0.5:  # noqa: PLR2004 - the median
        raise ValueError(f"tail_fraction must be in (0, 0.5), was {tail_fraction}")
    upper, lower = (_quantile(close, lookback_bars, level) for level in (1.0 - tail_fraction, tail_fraction))
    return log_distance(close, upper), log_distance(close, lower)


def _quantile(values: FloatArray, lookback_bars: int, level: float) -> FloatArray:
    place = level * (lookback_bars - 1)
    below = math.floor(place + ROUNDING)
    part = max(0.0, place - below)
    lower = _ranked(values, lookback_bars, below)
    return lower if part <= ROUNDING else lower + part * (_ranked(values, lookback_bars, below + 1) - lower)


def _ranked(values: FloatArray, lookback_bars: int, rank: int) -> FloatArray:
    """The value of a rank, 0 for the least, among the last ``lookback_bars``."""
    from scipy.ndimage import rank_filter

    out = np.full(values.size, np.nan)
    first = lookback_bars - 1
    if values.size > first:
        out[first:] = rank_filter(values, rank, size=lookback_bars, origin=first // 2)[first:]
    return out
