"""Strength of a trend, whichever way: how much of the path was progress."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio, share
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def trend_intensity(close: FloatArray, lookback_bars: int = 30, average_bars: int = 60) -> FloatArray:
    """Pee's trend intensity: share of the deviations from the simple average that were above it.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Deviations that are summed.
        average_bars: Length of the average.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``, 100 if every close was above its average; NaN in the first
        ``lookback_bars + average_bars - 2`` rows. Closes that equal their average up to rounding count as no
        deviation; without any it is 50.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> trend_intensity(np.array([1.0, 2.0, 3.0, 1.0]), 2, 2).round(2).tolist()  # deviations 0.5, 0.5, -1
        [nan, nan, 100.0, 33.33]

    References: M. H. Pee, *Technical Analysis of Stocks & Commodities* 20:6, 2002.
    """
    require_lookback(min(lookback_bars, average_bars))
    deviation = close - window_mean(close, average_bars)
    deviation = np.where(np.abs(deviation) <= ROUNDING * close, 0.0, deviation)
    above, below = (window_sum(np.maximum(side, 0.0), lookback_bars) for side in (deviation, -deviation))
    return share(above, below)


def random_walk_index(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14
) -> tuple[FloatArray, FloatArray]:
    """Poulos' random walk index: the largest move of any span up to the lookback, in what a random walk covers.

    For the last ``k`` bars, ``k`` from 2 to ``lookback_bars``: from the first bar's low up to the present high, or
    from the first bar's high down to the present low, over the mean true range of these bars times the root of
    ``k``. The bars of the span are those of the mean, so no value exceeds the root of ``k``.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Longest span.

    Returns:
        Up and down, each of shape ``(T,)``, a ratio, above 1 in a trend; NaN in the first ``lookback_bars`` rows; 0
        where nothing moved.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([1.0, 2.0, 3.0])  # over two bars from 2 to 3, mean true range 1
        >>> up, down = random_walk_index(close, close, close, 2)
        >>> up.round(3).tolist(), down.round(3).tolist()
        ([nan, nan, 0.707], [nan, nan, -0.707])

    References: E. M. Poulos, *Technical Analysis of Stocks & Commodities* 9:2, 1991.
    """
    require_lookback(lookback_bars)
    reach = true_range(high, low, close)
    path = reach.copy()
    up, down = np.full(close.size, -np.inf), np.full(close.size, -np.inf)
    for span in range(2, lookback_bars + 1):
        path = path + lagged(reach, span - 1)  # from the present bar back, so zeros sum to zero
        for best, move in ((up, high - lagged(low, span - 1)), (down, lagged(high, span - 1) - low)):
            np.maximum(best, math.sqrt(span) * ratio(move, path, neutral=0.0), out=best)
    return up, down
