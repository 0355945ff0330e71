"""Strength of currencies: mean log return against all counter-currencies at hand.

The pairs are the bars' own and the other symbols that share a currency with it; a return counts where both of its
closes exist. Every function takes a `Market` whose closes have shape ``(T,)``, oldest first, and returns NaN where
no other pair has a return, everywhere if there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import DOLLAR, Market, mean_of_known
from forecast_pipeline.features.indicators.windows import ROUNDING, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def strengths(market: Market, lookback_bars: int) -> dict[str, FloatArray]:
    """Mean log return of each currency over ``lookback_bars`` rows against the currencies it is paired with.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of the returns.

    Returns:
        Currency to array of shape ``(T,)``, in alphabetical order; NaN where the currency has no return, and
        everywhere where no peer has one, because one pair alone says nothing about either of its currencies.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> still, doubled = np.array([1.0, 1.0]), np.array([1.0, 2.0])
        >>> market = market_of("EURUSD", doubled, {"USDJPY": still})
        >>> {name: round(float(np.exp(2 * value[1])), 9) for name, value in strengths(market, 1).items()}
        {'EUR': 4.0, 'JPY': 1.0, 'USD': 0.5}
    """
    require_lookback(lookback_bars, least=1)
    pairs = (market.own, *market.peers)
    moves = [pair.log_returns(lookback_bars) for pair in pairs]
    is_alone = np.isnan(mean_of_known(moves[1:], market.own.closes.size))
    result = {}
    for currency in sorted({name for pair in pairs for name in (pair.base, pair.quote)}):
        signed = [
            direction * move
            for pair, move in zip(pairs, moves, strict=True)
            if (direction := pair.direction(currency)) != 0.0
        ]
        result[currency] = np.where(is_alone, np.nan, mean_of_known(signed, is_alone.size))
    return result


def currency_strength(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Strength of the base currency, of the quote currency, and base minus quote.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of the returns.

    Returns:
        Three log returns of shape ``(T,)``.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 2.0]), {"USDJPY": np.array([1.0, 1.0])})
        >>> [round(float(np.exp(2 * column[1])), 9) for column in currency_strength(market, 1)]
        [4.0, 0.5, 8.0]
    """
    found = strengths(market, lookback_bars)
    base, quote = _of_own(market, found)
    return base, quote, base - quote


def strength_rank(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Share of the other currencies that are weaker than the base, and than the quote currency.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of the returns.

    Returns:
        Two shares of shape ``(T,)``, 0 for the weakest and 1 for the strongest currency; an equal one counts half.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 2.0]), {"USDJPY": np.array([1.0, 1.0])})
        >>> [float(rank[1]) for rank in strength_rank(market, 1)]
        [1.0, 0.0]
    """
    found = strengths(market, lookback_bars)
    ranks = []
    for own, strength in zip((market.own.base, market.own.quote), _of_own(market, found), strict=True):
        weaker = [
            np.where(np.abs(strength - other) <= ROUNDING, 0.5, (strength > other).astype(np.float64)) + 0.0 * other
            for name, other in found.items()
            if name != own
        ]
        ranks.append(np.where(np.isnan(strength), np.nan, mean_of_known(weaker, strength.size)))
    return ranks[0], ranks[1]


def strength_momentum(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Strength over the last ``lookback_bars`` rows minus that over as many rows before.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of each of the two returns.

    Returns:
        Change for base, quote and their difference, log returns of shape ``(T,)``; NaN in the first
        ``2 * lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 2.0, 4.0]), {"USDJPY": np.ones(3)})
        >>> [float(column[2]) for column in strength_momentum(market, 1)]  # as strong as before
        [0.0, 0.0, 0.0]

    References: L. Menkhoff, L. Sarno, M. Schmeling, A. Schrimpf, *Journal of Financial Economics* 106, 2012.
    """
    columns = []
    for strength in currency_strength(market, lookback_bars):
        changed = np.full(strength.size, np.nan)
        changed[lookback_bars:] = strength[lookback_bars:] - strength[:-lookback_bars]
        columns.append(changed)
    return columns[0], columns[1], columns[2]


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


def strength_dispersion(market: Market, lookback_bars: int) -> FloatArray:
    """Standard deviation, ddof 0, of the currencies' strengths.

    Args:
        market: The own pair and its peers.
        lookback_bars: Rows of the returns.

    Returns:
        Log return of shape ``(T,)``, at least 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 1.0]), {"USDJPY": np.array([1.0, 1.0])})
        >>> strength_dispersion(market, 1).tolist()
        [nan, 0.0]

    References: B. Solnik, J. Roulet, *Financial Analysts Journal* 56, 2000, on dispersion across a section.
    """
    found = list(strengths(market, lookback_bars).values())
    size = market.own.closes.size
    centre = mean_of_known(found, size)
    return np.sqrt(mean_of_known([(strength - centre) ** 2 for strength in found], size))


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


def _of_own(market: Market, found: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Strengths of the own pair's currencies."""
    return found[market.own.base], found[market.own.quote]
