"""How the own returns move with those of the other pairs: correlation, lead, surprise, volatility, breadth.

A peer's return is *aligned*: turned so that a gain of the shared currency counts as it counts in the own pair. For
EURUSD that leaves GBPUSD and EURJPY as they are and turns USDJPY round. Every function takes a `Market` whose
closes have shape ``(T,)``, oldest first. Rows in which no peer has a return do not count; a window without any
gives NaN.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import Market, mean_of_known
from forecast_pipeline.features.indicators.sliding_moments import NO_SPREAD, Moments, sliding_moments
from forecast_pipeline.features.indicators.windows import ROUNDING, require_lookback, window_sum

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
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> close = np.array([1.0, 2.0, 1.0, 1.0])
        >>> market = market_of("EURUSD", close**2, {"GBPUSD": close})
        >>> [round(float(column[3]), 9) for column in peer_regression(market, 3)]  # twice the peer's return
        [1.0, 2.0]
    """
    require_lookback(lookback_bars)
    own = market.own.log_returns(1)
    return _regression(_moments_from(1, lookback_bars, peers_return(market, 1), own), lookback_bars)


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
    return _regression(_moments_from(1, lookback_bars, dollar, own), lookback_bars)


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
        columns.append(_regression(_moments_from(2, lookback_bars, before, follower), lookback_bars)[0])
    return columns[0], columns[1]


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
    moments = _moments_from(1, lookback_bars, peers, own)
    slope = _regression(moments, lookback_bars)[1]
    rest = (own - moments.means[1]) - slope * (peers - moments.means[0])
    left = np.maximum(moments.deviations[2] - slope * moments.deviations[1], 0.0)
    # What rounding leaves of a perfect fit is a share of the whole, and not a surprise.
    is_explained = (left <= ROUNDING * moments.deviations[2]) | (left <= moments.count * NO_SPREAD**2)
    std = np.sqrt(left / np.maximum(moments.count, 1.0))
    score = np.where(
        is_explained | moments.is_scarce(lookback_bars), 0.0 * rest, rest / np.where(is_explained, 1.0, std)
    )
    return np.where(moments.count > 0.0, score, np.nan)


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


def _moments_from(first: int, lookback_bars: int, *series: FloatArray) -> Moments:
    """Moments of the windows that begin at row ``first`` or later; the rows before hold no return yet."""
    moments = sliding_moments(lookback_bars, *series)
    count = moments.count.copy()
    count[: first + lookback_bars - 1] = np.nan
    return dataclasses.replace(moments, count=count)


def _regression(moments: Moments, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
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
