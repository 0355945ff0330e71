"""How the own returns move with those of the other pairs: surprise and breadth.

A peer's return is *aligned*: turned so that a gain of the shared currency counts as it counts in the own pair. For
EURUSD that leaves GBPUSD and EURJPY as they are and turns USDJPY round. Every function takes a `Market` whose
closes have shape ``(T,)``, oldest first. Rows in which no peer has a return do not count; a window without any
gives NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import Market, mean_of_known
from forecast_pipeline.features.indicators.peer_returns import moments_from, peers_return, regression
from forecast_pipeline.features.indicators.ratios import ROUNDING
from forecast_pipeline.features.indicators.returns import NO_SPREAD
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def peer_surprise(market: Market, lookback_bars: int) -> FloatArray:
    """Own return minus what the peers' mean return explains, in standard deviations of the window's rest.

    The line is fitted by least squares to the window, the present bar included.

    Args:
        market: The own pair and its peers.
        lookback_bars: Returns in the window.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars`` rows and where no peer has a return at
        this row. 0 where nothing is left to explain or fewer than half of the rows are known.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 1.0, 1.0, 2.0]), {"GBPUSD": np.ones(4)})
        >>> round(float(peer_surprise(market, 3)[3] ** 2), 9)  # one of three returns, alone: root of n - 1
        2.0
    """
    require_lookback(lookback_bars, least=3)
    own, peers = market.own.log_returns(1), peers_return(market, 1)
    moments = moments_from(1, lookback_bars, peers, own)
    slope = regression(moments, lookback_bars)[1]
    rest = (own - moments.means[1]) - slope * (peers - moments.means[0])
    left = np.maximum(moments.deviations[2] - slope * moments.deviations[1], 0.0)
    # What rounding leaves of a perfect fit is a share of the whole, and not a surprise.
    is_explained = (left <= ROUNDING * moments.deviations[2]) | (left <= moments.count * NO_SPREAD**2)
    std = np.sqrt(left / np.maximum(moments.count, 1.0))
    score = np.where(
        is_explained | moments.is_scarce(lookback_bars), 0.0 * rest, rest / np.where(is_explained, 1.0, std)
    )
    return np.where(moments.count > 0.0, score, np.nan)


def peer_breadth(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Share of the peers that moved the same way as the own pair, and share that rose, all aligned.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of the returns.

    Returns:
        Two shares of shape ``(T,)``; a return that is nothing but rounding counts half, on either side. NaN where
        no peer has a return.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> peers = {"GBPUSD": np.array([1.0, 2.0]), "USDJPY": np.array([1.0, 1.0])}
        >>> market = market_of("EURUSD", np.array([2.0, 1.0]), peers)
        >>> [float(share[1]) for share in peer_breadth(market, 1)]  # one rose, one stood, the own pair fell
        [0.25, 0.75]
    """
    require_lookback(lookback_bars, least=1)
    own = _sign(market.own.log_returns(lookback_bars))
    signs = [_sign(move) for move in market.aligned_returns(lookback_bars)]
    agreement = mean_of_known([(1.0 + own * sign) / 2.0 for sign in signs], own.size)
    return agreement, mean_of_known([(1.0 + sign) / 2.0 for sign in signs], own.size)


def _sign(moves: FloatArray) -> FloatArray:
    """Sign of returns, 0 for rounding, NaN for NaN."""
    return np.where(np.abs(moves) <= ROUNDING, 0.0, np.sign(moves))
