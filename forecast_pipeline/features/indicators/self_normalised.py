"""The window's return and largest move beside the size of its moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def self_normalised_return(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Sum of the log returns over the root of their summed squares.

    The t statistic of the mean return in its bounded form: ``x = t / sqrt(1 + (t ** 2 - 1) / n)``, ddof 1. It needs no
    spread about the mean, so a steady rise gives the root of the window and not an infinity.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, within the root of ``lookback_bars``; 0 where nothing moved, NaN in the first
        ``lookback_bars`` rows. About standard normal on a random walk.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> self_normalised_return(np.exp([0.0, 3.0, 7.0]), 2).round(9).tolist()  # 7 over 5
        [nan, nan, 1.4]

    References: V. H. de la Peña, T. L. Lai, Q.-M. Shao, *Self-Normalized Processes*, 2009.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    squares = window_sum(returns * returns, lookback_bars)
    return ratio(window_sum(returns, lookback_bars), np.sqrt(squares), 0.0)


def largest_move_share(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Largest absolute log return of the window as a share of all of them.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, from ``1 / lookback_bars`` (all alike, and where nothing moved) to 1 (one move only); NaN in the
        first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> largest_move_share(np.exp([0.0, 1.0, -2.0, -2.0]), 3).round(9).tolist()  # 3 of 4
        [nan, nan, nan, 0.75]

    References: P. Embrechts, C. Klüppelberg, T. Mikosch, *Modelling Extremal Events*, 1997, ratio of maximum to sum.
    """
    import talib

    require_lookback(lookback_bars)
    sizes = np.abs(log_returns(close))
    largest = np.full(close.size, np.nan)
    largest[1:] = talib.MAX(sizes[1:], timeperiod=lookback_bars)  # TA-Lib must not see the first NaN
    return ratio(largest, window_sum(sizes, lookback_bars), 1.0 / lookback_bars)
