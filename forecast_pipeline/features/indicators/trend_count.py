"""Counts of rising and falling bars and pairs, which a single wild bar moves little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import change, lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

NEAREST_SCORED, FARTHEST_SCORED = 11, 20
"""Lags of Chande's trend score."""


def mann_kendall(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Kendall's tau between close and time: rising minus falling pairs as a share of all pairs in the window.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Shape ``(T,)``, from -1 (falling all the way) to 1; NaN in the first ``lookback_bars - 1`` rows; equal closes
        count 0, as in tau a.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> mann_kendall(np.array([1.0, 3.0, 2.0]), 3).round(4).tolist()  # two pairs rise, one falls
        [nan, nan, 0.3333]

    References: H. B. Mann, *Econometrica* 13, 1945.
    """
    require_lookback(lookback_bars)
    total = np.zeros(close.size)
    for lag in range(1, lookback_bars):
        total += window_sum(np.sign(close - lagged(close, lag)), lookback_bars - lag)
    return total / (lookback_bars * (lookback_bars - 1) / 2.0)


def trend_score(close: FloatArray) -> FloatArray:
    """Chande's trend score: of the closes 11 to 20 bars ago, those below the present one minus those above.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.

    Returns:
        Shape ``(T,)``, from -10 to 10; NaN in the first 20 rows. Equal closes count 0, where Chande counts them as
        below.

    Example:
        >>> trend_score(np.arange(1.0, 22.0))[-1].item()
        10.0

    References: T. S. Chande, *Technical Analysis of Stocks & Commodities* 11:9, 1993.
    """
    total = np.zeros(close.size)
    for lag in range(NEAREST_SCORED, FARTHEST_SCORED + 1):
        total += np.sign(close - lagged(close, lag))
    return total


def directional_bars(high: FloatArray, low: FloatArray, lookback_bars: int = 20) -> tuple[FloatArray, FloatArray]:
    """Share of bars with a higher high and a higher low than the bar before, and of those with lower ones.

    Dow's definition of a trend, bar by bar; inside and outside bars are neither.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Bars that are counted.

    Returns:
        Rising and falling share, each of shape ``(T,)``, in ``[0, 1]``; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.array([2.0, 3.0, 4.0])
        >>> [column.tolist() for column in directional_bars(high, np.array([1.0, 2.0, 1.0]), 2)]
        [[nan, nan, 0.5], [nan, nan, 0.0]]

    References: R. D. Edwards, J. Magee, *Technical Analysis of Stock Trends*, 1948.
    """
    require_lookback(lookback_bars)
    up, down = change(high), change(low)
    unknown = 0.0 * up  # NaN in the first row, which has no bar before it
    rising = ((up > 0.0) & (down > 0.0)) + unknown
    falling = ((up < 0.0) & (down < 0.0)) + unknown
    return window_sum(rising, lookback_bars) / lookback_bars, window_sum(falling, lookback_bars) / lookback_bars


def psychological_line(close: FloatArray, lookback_bars: int = 12) -> FloatArray:
    """Psychological line: percentage of bars that closed higher than the bar before.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Changes that are counted.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars`` rows. An unchanged close counts one half,
        so a market that stands still gives 50.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> psychological_line(np.array([1.0, 2.0, 3.0, 3.0]), 2).tolist()
        [nan, nan, 100.0, 75.0]

    References: the textbook definition, unchanged closes aside.
    """
    require_lookback(lookback_bars)
    return 50.0 * (1.0 + window_sum(np.sign(change(close)), lookback_bars) / lookback_bars)
