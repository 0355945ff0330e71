"""Spread and rank of the volatility in its own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.second_moments import centred_squares, root_mean_square
from forecast_pipeline.features.indicators.window_ranks import rank_in_window
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# Volatilities that are equal in exact arithmetic differ by the order of their sums.
_RELATIVE_TIE = 1e-9


def volatility_of_volatility(close: FloatArray, *, short_bars: int, lookback_bars: int) -> FloatArray:
    """Standard deviation of the short realised volatility over its mean.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        short_bars: Log returns in each volatility.
        lookback_bars: Volatilities in the window, one ends with every bar.

    Returns:
        Shape ``(T,)``, ratio between 0 and the root of ``lookback_bars``; 0 where nothing moved, NaN in the first
        ``short_bars + lookback_bars - 1`` rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> volatility_of_volatility(np.exp([0.0, 1.0, 4.0]), short_bars=1, lookback_bars=2).round(9).tolist()
        [nan, nan, 0.5]

    References: F. Corsi, S. Mittnik, C. Pigorsch, U. Pigorsch, "The volatility of realized volatility",
    *Econometric Reviews* 27, 2008.
    """
    require_lookback(short_bars, least=1)
    require_lookback(lookback_bars)
    level = root_mean_square(log_returns(close), short_bars)
    spread = np.sqrt(centred_squares(level, lookback_bars) / lookback_bars)
    return ratio(spread, window_mean(level, lookback_bars), 0.0)


def volatility_percentile(close: FloatArray, *, short_bars: int, lookback_bars: int) -> FloatArray:
    """Share of the window's short realised volatilities that lie below the present one, ties by half.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        short_bars: Log returns in each volatility.
        lookback_bars: Volatilities in the window, the present one included.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where all are equal, NaN in the first ``short_bars + lookback_bars - 1``
        rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> volatility_percentile(np.exp([0.0, 1.0, 4.0, 6.0]), short_bars=1, lookback_bars=3).tolist()
        [nan, nan, nan, 0.5]

    References: the percentile rank of statistics textbooks, on realised volatility.
    """
    require_lookback(short_bars, least=1)
    require_lookback(lookback_bars)
    level = root_mean_square(log_returns(close), short_bars)
    return rank_in_window(level, lookback_bars, _RELATIVE_TIE * level, warm_up_bars=short_bars)
