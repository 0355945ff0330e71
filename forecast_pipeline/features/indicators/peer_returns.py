"""The mean return of the other symbols, and moments of the pair's returns with such returns."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import Market, mean_of_known
from forecast_pipeline.features.indicators.sliding_moments import Moments, sliding_moments
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def peers_return(market: Market, lookback_bars: int) -> FloatArray:
    """Mean aligned log return of the peers over ``lookback_bars`` rows.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of the returns.

    Returns:
        Shape ``(T,)``; NaN where no peer has a return.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> peers = {"GBPUSD": np.array([1.0, 4.0]), "USDJPY": np.array([1.0, 1.0])}
        >>> np.exp(peers_return(market_of("EURUSD", np.ones(2), peers), 1)).round(9).tolist()
        [nan, 2.0]
    """
    require_lookback(lookback_bars, least=1)
    return mean_of_known(market.aligned_returns(lookback_bars), market.own.closes.size)


def moments_from(first: int, lookback_bars: int, *series: FloatArray) -> Moments:
    """Moments of the windows that begin at row ``first`` or later; the rows before hold no return yet."""
    moments = sliding_moments(lookback_bars, *series)
    count = moments.count.copy()
    count[: first + lookback_bars - 1] = np.nan
    return dataclasses.replace(moments, count=count)


def regression(moments: Moments, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Correlation and slope of the second series on the first; NaN where the window holds nothing known."""
    xx, xy, yy = moments.deviations
    is_known = moments.count > 0.0
    is_neutral = ~is_known | moments.stood_still(0) | moments.stood_still(2) | moments.is_scarce(lookback_bars)
    correlation = xy / np.where(is_neutral, 1.0, np.sqrt(xx) * np.sqrt(yy))
    slope = xy / np.where(is_neutral, 1.0, xx)
    return (
        np.where(is_known, np.where(is_neutral, 0.0, np.clip(correlation, -1.0, 1.0)), np.nan),
        np.where(is_known, np.where(is_neutral, 0.0, slope), np.nan),
    )
