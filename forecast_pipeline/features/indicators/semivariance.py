"""Realised variance of rises and falls apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.second_moments import root_mean_square
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def realised_semivariance(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Root mean square of the rising and of the falling log returns, each over all bars of the window.

    The lower one is the downside deviation below zero; the two squares add up to the realised variance per bar.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Upper and lower root, each of shape ``(T,)``, log return of one bar, at least 0; NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> [half[2].round(4).item() for half in realised_semivariance(np.exp([0.0, 2.0, 1.0]), 2)]
        [1.4142, 0.7071]

    References: O. E. Barndorff-Nielsen, S. Kinnebrock, N. Shephard, "Measuring downside risk: realised
    semivariance", in *Volatility and Time Series Econometrics*, 2010.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    upper, lower = np.maximum(returns, 0.0), np.minimum(returns, 0.0)
    return root_mean_square(upper, lookback_bars), root_mean_square(lower, lookback_bars)


def signed_jump(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Upper minus lower realised semivariance, as a share of the realised variance.

    The diffusive halves cancel, so what is left is the balance of jumps.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> signed_jump(np.exp([0.0, 3.0, 2.0]), 2).round(9).tolist()  # squares 9 up and 1 down
        [nan, nan, 0.8]

    References: A. J. Patton, K. Sheppard, "Good volatility, bad volatility: signed jumps and the persistence of
    volatility", *Review of Economics and Statistics* 97, 2015.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    signed = window_sum(returns * np.abs(returns), lookback_bars)
    return ratio(signed, window_sum(returns * returns, lookback_bars), 0.0)
