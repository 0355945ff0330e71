"""What other symbols did a bar earlier, and how volatile they are beside the pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.peer_returns import moments_from, peers_return, regression
from forecast_pipeline.features.indicators.returns import NO_SPREAD
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray
    from forecast_pipeline.features.indicators.currency_pairs import Market


def lead_lag(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Correlation across one bar: own return with the peers' mean of the bar before, and the other way round.

    Args:
        market: The own pair and its peers.
        lookback_bars: Pairs of returns in the window.

    Returns:
        Two correlations in ``[-1, 1]``, each of shape ``(T,)``, NaN in the first ``lookback_bars + 1`` rows; 0
        where one side stands still or fewer than half of the rows are known. The first is positive where the
        peers lead, the second where the own pair does.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> peer = np.array([1.0, 2.0, 1.0, 1.0, 2.0, 2.0])
        >>> market = market_of("EURUSD", np.concatenate([[1.0], peer[:-1]]), {"GBPUSD": peer})
        >>> round(float(lead_lag(market, 4)[0][5]), 9)  # the own pair repeats the peer one bar later
        1.0

    References: A. W. Lo, A. C. MacKinlay, *Review of Financial Studies* 3, 1990.
    """
    require_lookback(lookback_bars)
    own, peers = market.own.log_returns(1), peers_return(market, 1)
    columns = []
    for leader, follower in ((peers, own), (own, peers)):
        before = np.full(leader.size, np.nan)
        before[1:] = leader[:-1]
        columns.append(regression(moments_from(2, lookback_bars, before, follower), lookback_bars)[0])
    return columns[0], columns[1]


def peer_relative_volatility(market: Market, lookback_bars: int) -> FloatArray:
    """Own volatility as a share of own and peers' volatility together.

    Volatility is the root mean square of the returns of the window, the peers' that over all peers and bars.

    Args:
        market: The own pair and its peers.
        lookback_bars: Returns in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where both are equal, or stand still. NaN in the first ``lookback_bars``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> close = np.array([1.0, 2.0, 1.0])
        >>> round(float(peer_relative_volatility(market_of("EURUSD", close**3, {"GBPUSD": close}), 2)[2]), 9)
        0.75
    """
    require_lookback(lookback_bars)
    own = market.own.log_returns(1)
    squares, counts = np.zeros(own.size), np.zeros(own.size)
    for move in market.aligned_returns(1):
        squares += np.where(np.isnan(move), 0.0, move**2)
        counts += ~np.isnan(move)
    total, count = window_sum(squares, lookback_bars), window_sum(counts, lookback_bars)
    peers = np.sqrt(total / np.maximum(count, 1.0))
    alone = np.sqrt(window_sum(own**2, lookback_bars) / lookback_bars)
    both = alone + peers
    is_still = both <= NO_SPREAD
    share = np.where(is_still, 0.5, alone / np.where(is_still, 1.0, both))
    return np.where(count > 0.0, share, np.nan)
