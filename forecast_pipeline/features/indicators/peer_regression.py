"""Regressions of the pair's returns on those of other symbols and of the dollar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.currency_pairs import Market, mean_of_known
from forecast_pipeline.features.indicators.peer_returns import moments_from, peers_return, regression
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def peer_regression(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Correlation and slope of the own returns against the peers' mean aligned return, bar by bar.

    Args:
        market: The own pair and its peers.
        lookback_bars: Returns in the window.

    Returns:
        Pearson's correlation in ``[-1, 1]`` and the least-squares slope, each of shape ``(T,)``, NaN in the first
        ``lookback_bars`` rows. Both are 0 where one side stands still or fewer than half of the rows are known.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> close = np.array([1.0, 2.0, 1.0, 1.0])
        >>> market = market_of("EURUSD", close**2, {"GBPUSD": close})
        >>> [round(float(column[3]), 9) for column in peer_regression(market, 3)]  # twice the peer's return
        [1.0, 2.0]
    """
    require_lookback(lookback_bars)
    own = market.own.log_returns(1)
    return regression(moments_from(1, lookback_bars, peers_return(market, 1), own), lookback_bars)


def dollar_regression(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Correlation and slope of the own returns against the dollar's mean return in the other pairs, bar by bar.

    Args:
        market: The own pair and the others.
        lookback_bars: Returns in the window.

    Returns:
        Pearson's correlation in ``[-1, 1]`` and the least-squares slope, each of shape ``(T,)``, NaN in the first
        ``lookback_bars`` rows and everywhere if no other pair has the dollar. Both are 0 where one side stands
        still or fewer than half of the rows are known.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> close = np.array([1.0, 2.0, 1.0, 1.0])
        >>> market = market_of("EURUSD", close**2, {"GBPUSD": close})
        >>> [round(float(column[3]), 9) for column in dollar_regression(market, 3)]
        [-1.0, -2.0]

    References: A. Verdelhan, *Journal of Finance* 73, 2018.
    """
    require_lookback(lookback_bars)
    own = market.own.log_returns(1)
    dollar = mean_of_known(market.dollar_returns(1), own.size)
    return regression(moments_from(1, lookback_bars, dollar, own), lookback_bars)
