"""Realised volatility of log returns: its spans, its quarticity, its leverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.second_moments import centred_squares, correlation
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def close_to_close(close: FloatArray, lookbacks_bars: tuple[int, ...]) -> tuple[FloatArray, ...]:
    """Standard deviation (ddof 1) of log returns over several spans, not annualised.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookbacks_bars: Log returns of each span, from short to long.

    Returns:
        One array a span, shape ``(T,)``, log return of one bar, at least 0; each NaN in the first rows that its
        span needs.

    Raises:
        ValueError: If a span is less than 2.

    Example:
        >>> close_to_close(np.exp([0.0, 1.0, 3.0]), (2,))[0].round(4).tolist()  # returns 1 and 2
        [nan, nan, 0.7071]

    References: M. B. Garman, M. J. Klass, *Journal of Business* 53, 1980, the classical estimator.
    """
    require_lookback(min(lookbacks_bars))
    returns = log_returns(close)
    return tuple(np.sqrt(centred_squares(returns, bars) / (bars - 1)) for bars in lookbacks_bars)


def realised_quarticity(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Realised quarticity over the squared realised variance, how unevenly the variance came.

    ``(n / 3) sum(r ** 4) / sum(r ** 2) ** 2``: 1 for normal returns of one variance, ``n / 3`` for a single jump.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, ratio, at least 1/3; 1 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> realised_quarticity(np.exp([0.0, 1.0, 1.0, 1.0]), 3).round(9).tolist()
        [nan, nan, nan, 1.0]

    References: O. E. Barndorff-Nielsen, N. Shephard, "Econometric analysis of realized volatility and its use in
    estimating stochastic volatility models", *Journal of the Royal Statistical Society B* 64, 2002.
    """
    require_lookback(lookback_bars)
    squares = log_returns(close) ** 2
    total = window_sum(squares, lookback_bars)
    return ratio(lookback_bars / 3.0 * window_sum(squares * squares, lookback_bars), total * total, 1.0)


def leverage(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Correlation of a log return with the size of the next one.

    Negative where falls are followed by large moves (Black's leverage effect). The last pair ends with the present
    bar, so nothing of the future is used.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Pairs in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where one of the two does not vary, NaN in the first ``lookback_bars + 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> leverage(np.exp([0.0, 1.0, 2.0, 1.0, -1.0]), 3).round(9).tolist()  # pairs (1, 1), (1, 1), (-1, 2)
        [nan, nan, nan, nan, -1.0]

    References: F. Black, "Studies of stock price volatility changes", *Proceedings of the American Statistical
    Association*, 1976.
    """
    require_lookback(lookback_bars, least=3)
    returns = log_returns(close)
    return correlation(lagged(returns, 1), np.abs(returns), lookback_bars)
