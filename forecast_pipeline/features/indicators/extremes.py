"""Channels of extremes and ranks: Donchian's before the present bar, widths, places, rolling quantiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.window_parts import highest, lagged, lowest, share
from forecast_pipeline.features.indicators.windows import ROUNDING, log_distance, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def donchian_previous(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from Donchian's channel of the bars *before* the present one.

    Donchian's breakout rule: positive from the upper line is a close above every high of the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Bars before the present one.

    Returns:
        ``log(close / level)`` for upper and lower line, each of shape ``(T,)``; NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 2.0, 4.0])
        >>> [np.exp(d).round(9).tolist() for d in donchian_previous(price, price, price, 2)]
        [[nan, nan, 2.0], [nan, nan, 4.0]]

    References: R. D. Donchian, "High finance in copper", *Financial Analysts Journal* 16, 1960.
    """
    require_lookback(lookback_bars)
    upper, lower = lagged(highest(high, lookback_bars), 1), lagged(lowest(low, lookback_bars), 1)
    return log_distance(close, upper), log_distance(close, lower)


def donchian_width(high: FloatArray, low: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Width of Donchian's channel as a fraction of its middle.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Window length, the present bar included.

    Returns:
        Shape ``(T,)``, in ``[0, 2)``; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> donchian_width(np.array([4.0, 5.0]), np.array([3.0, 4.0]), 2).tolist()
        [nan, 0.5]

    References: R. D. Donchian, *Financial Analysts Journal* 16, 1960.
    """
    require_lookback(lookback_bars)
    upper, lower = highest(high, lookback_bars), lowest(low, lookback_bars)
    return 2.0 * (upper - lower) / (upper + lower)


def donchian_position(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Place of the close in the channel of the bars *before* the present one.

    Unlike a stochastic it leaves the range when the close breaks out: above 1 over every earlier high, below 0
    under every earlier low.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars before the present one.

    Returns:
        Shape ``(T,)``, from -10 to 11, where it is cut; NaN in the first ``lookback_bars`` rows. A channel
        without width gives 0.5.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price = np.array([1.0, 3.0, 4.0, 3.5])
        >>> donchian_position(price, price, price, 2).tolist()
        [nan, nan, 1.5, 0.5]

    References: R. D. Donchian, *Financial Analysts Journal* 16, 1960.
    """
    require_lookback(lookback_bars)
    upper, lower = lagged(highest(high, lookback_bars), 1), lagged(lowest(low, lookback_bars), 1)
    return np.clip(share(close - lower, upper - lower, 0.5, ROUNDING * upper), -10.0, 11.0)


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
    return np.log(highest(close, lookback_bars) / lowest(close, lookback_bars))


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
