"""Volume beside returns: prices and returns weighted by it, moves split by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance, ratio
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def vwma(close: FloatArray, volume: FloatArray, lookback_bars: int = 30) -> FloatArray:
    """Log distance of the close from its volume-weighted moving average.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``; NaN in the first ``lookback_bars - 1`` rows and where the window
        holds an unrecorded volume. 0 without volume.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(vwma(np.array([1.0, 5.0]), np.array([3.0, 1.0]), 2)).round(9).tolist()
        [nan, 2.5]

    References: B. Dormeier, *Investing with Volume Analysis*, 2011.
    """
    require_lookback(lookback_bars)
    return log_distance(
        close, ratio(window_sum(close * volume, lookback_bars), window_sum(volume, lookback_bars), close)
    )


def volume_weighted_return(close: FloatArray, volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Mean log return of the window's bars, weighted by their volume.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Returns in the window.

    Returns:
        Shape ``(T,)``, log return per bar; NaN in the first ``lookback_bars`` rows and where the window holds an
        unrecorded volume. 0 without volume.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> volume_weighted_return(np.exp([0.0, 1.0, 3.0]), np.array([1.0, 3.0, 1.0]), 2).round(9).tolist()
        [nan, nan, 1.25]

    References: windowed form of the volume-price trend.
    """
    require_lookback(lookback_bars)
    flow = change(np.log(close)) * volume
    return ratio(window_sum(flow, lookback_bars), window_sum(volume, lookback_bars), 0.0)


def up_volume_share(close: FloatArray, volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Volume of the bars that rose as a share of the volume of the bars that moved.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Changes of the close in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; NaN in the first ``lookback_bars`` rows and where the window holds an
        unrecorded volume. 0.5 if no volume moved the price; closes that are equal in ticks did not move.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> up_volume_share(np.array([1.0, 2.0, 1.0]), np.array([9.0, 3.0, 1.0]), 2).tolist()
        [nan, nan, 0.75]

    References: R. W. Arms' up and down volume, *The Arms Index*, 1989, in time instead of across stocks.
    """
    require_lookback(lookback_bars)
    step, tie = change(close), ROUNDING * close
    unknown = 0.0 * (step + volume)
    rising = window_sum(np.where(step > tie, volume, 0.0) + unknown, lookback_bars)
    falling = window_sum(np.where(step < -tie, volume, 0.0) + unknown, lookback_bars)
    return ratio(rising, rising + falling, 0.5)
