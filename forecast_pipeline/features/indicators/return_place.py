"""The last return beside the window's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import RETURN_TIE, log_returns
from forecast_pipeline.features.indicators.second_moments import root_mean_square
from forecast_pipeline.features.indicators.window_ranks import rank_in_window
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def return_zscore(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Present log return over the root mean square of the window's, its own included.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, dimensionless, within the root of ``lookback_bars``; 0 where nothing moved, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> return_zscore(np.exp([0.0, 1.0, 8.0]), 2).round(9).tolist()  # 7 over the root of 25
        [nan, nan, 1.4]

    References: the standard score of statistics textbooks, about a mean of zero.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    return ratio(returns, root_mean_square(returns, lookback_bars), 0.0)


def return_rank(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Share of the window's other log returns that lie below the present one, equal ones by half.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, the present one included.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where the returns are equal, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> return_rank(np.exp([0.0, 1.0, 3.0, 4.5]), 3).tolist()  # 1.5 among 1, 2 and itself
        [nan, nan, nan, 0.5]

    References: the percentile rank of statistics textbooks.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    return rank_in_window(returns, lookback_bars, np.full(close.size, RETURN_TIE), warm_up_bars=1)
