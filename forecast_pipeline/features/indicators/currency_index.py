"""What the strengths of currencies say of the pair, and the return of the dollar's index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import DOLLAR, Market, mean_of_known
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def strength_residual(market: Market, lookback_bars: int) -> FloatArray:
    """Own return minus the strength difference of its currencies in the other pairs.

    The own pair is left out of the strengths, otherwise it would explain itself.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of the returns.

    Returns:
        Log return of shape ``(T,)``. A currency without another pair counts as unmoved.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> doubled, halved = np.array([1.0, 2.0]), np.array([2.0, 1.0])
        >>> market = market_of("EURUSD", doubled, {"EURJPY": doubled, "USDJPY": halved})
        >>> round(float(np.exp(strength_residual(market, 1)[1])), 9)  # twice as dear; the others say four times
        0.5
    """
    require_lookback(lookback_bars, least=1)
    size = market.own.closes.size
    moves = [(peer, peer.log_returns(lookback_bars)) for peer in market.peers]
    explained = np.zeros(size)
    for currency, sign in ((market.own.base, 1.0), (market.own.quote, -1.0)):
        signed = [peer.direction(currency) * move for peer, move in moves if peer.direction(currency) != 0.0]
        strength = mean_of_known(signed, size)
        explained += sign * np.where(np.isnan(strength), 0.0, strength)
    is_alone = np.isnan(mean_of_known([move for _, move in moves], size))
    return np.where(is_alone, np.nan, market.own.log_returns(lookback_bars) - explained)


def dollar_index_return(market: Market, lookback_bars: int) -> FloatArray:
    """Mean log return of the dollar against every currency it is paired with, the own pair included.

    Args:
        market: The own pair and the others.
        lookback_bars: Rows of the returns.

    Returns:
        Shape ``(T,)``, positive if the dollar rose; NaN where no *other* pair with the dollar has a return.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 2.0]), {"USDJPY": np.array([1.0, 8.0])})
        >>> np.exp(dollar_index_return(market, 1)).round(9).tolist()  # half and eight times: twice in the mean
        [nan, 2.0]

    References: A. Verdelhan, *Journal of Finance* 73, 2018.
    """
    require_lookback(lookback_bars, least=1)
    others = market.dollar_returns(lookback_bars)
    size = market.own.closes.size
    direction = market.own.direction(DOLLAR)
    own = [direction * market.own.log_returns(lookback_bars)] if direction != 0.0 else []
    return np.where(np.isnan(mean_of_known(others, size)), np.nan, mean_of_known([*own, *others], size))
