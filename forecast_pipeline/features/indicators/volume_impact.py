"""How the price answers to volume: illiquidity and correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.sliding import newest_first
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_EVEN = 1e-9  # volumes that differ by less, as a fraction of their mean, are equal


def amihud_illiquidity(close: FloatArray, volume: FloatArray, short_bars: int = 20, long_bars: int = 100) -> FloatArray:
    """Illiquidity of the last bars against its own longer level, as a share.

    Amihud's ratio is the absolute log return per unit of volume. Here it is taken of sums, which stay finite when
    a bar has no volume, over a short and a long window, and their quotient ``q`` is given as ``q / (1 + q)``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        short_bars: Returns in the short window.
        long_bars: Returns in the long window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``: 0.5 when as illiquid as usual, more when the same volume moves the price
        further; NaN in the first ``long_bars`` rows and where that window holds an unrecorded volume. 0.5 without
        volume or without moves in the long window, or without both in the short one.

    Raises:
        ValueError: If the lengths do not increase from at least 1.

    Example:
        >>> close = np.exp([0.0, 1.0, 4.0])  # 3 of 4 parts of the move with half of the volume: q is 1.5
        >>> amihud_illiquidity(close, np.ones(3), 1, 2).round(9).tolist()
        [nan, nan, 0.6]

    References: Y. Amihud, *Journal of Financial Markets* 5, 2002.
    """
    if not 1 <= short_bars < long_bars:
        raise ValueError(f"lengths must increase from at least 1, was {short_bars}, {long_bars}")
    moved = np.abs(change(np.log(close)))
    moved = np.where(moved <= ROUNDING, 0.0, moved)
    all_moved, all_traded = window_sum(moved, long_bars), window_sum(volume, long_bars)
    move_share = ratio(window_sum(moved, short_bars), all_moved, 0.0)
    trade_share = ratio(window_sum(volume, short_bars), all_traded, 0.0)
    both = np.where((all_moved == 0.0) | (all_traded == 0.0), 0.0, move_share + trade_share)
    return ratio(move_share, both, 0.5)


def price_volume_correlation(close: FloatArray, volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Correlation of close and volume over the window.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Pearson's correlation, shape ``(T,)``, in ``[-1, 1]``; NaN in the first ``lookback_bars - 1`` rows and
        where the window holds an unrecorded volume. 0 where either has no spread but rounding.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price_volume_correlation(np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0, 2.0]), 2).round(9).tolist()
        [nan, 1.0, -1.0]

    References: Z. Kakushadze, "101 formulaic alphas", *Wilmott* 84, 2016.
    """
    require_lookback(lookback_bars)
    first = lookback_bars - 1
    mean_price, mean_volume = window_mean(close, lookback_bars)[first:], window_mean(volume, lookback_bars)[first:]
    in_volumes = np.where(mean_volume > 0.0, mean_volume, 1.0)
    prices, volumes, products = (np.zeros(max(0, close.size - first)) for _ in range(3))
    for price, traded in zip(newest_first(close, lookback_bars), newest_first(volume, lookback_bars), strict=True):
        left, right = price / mean_price - 1.0, (traded - mean_volume) / in_volumes
        prices += left * left
        volumes += right * right
        products += left * right
    is_flat = (prices <= lookback_bars * ROUNDING**2) | (volumes <= lookback_bars * _EVEN**2)
    spread = np.sqrt(np.where(is_flat, 1.0, prices) * np.where(is_flat, 1.0, volumes))
    out = np.full(close.size, np.nan)
    out[first:] = np.where(is_flat, 0.0, np.clip(products / spread, -1.0, 1.0)) + 0.0 * mean_volume
    return out
