"""Strength of currencies: mean log return against all counter-currencies at hand.

The pairs are the bars' own and the other symbols that share a currency with it; a return counts where both of its
closes exist. Every function takes a `Market` whose closes have shape ``(T,)``, oldest first, and returns NaN where
no other pair has a return, everywhere if there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import Market, mean_of_known
from forecast_pipeline.features.indicators.windows import require_lookback

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
    base, quote = of_own(market, found)
    return base, quote, base - quote


def of_own(market: Market, found: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Strengths of the own pair's currencies."""
    return found[market.own.base], found[market.own.quote]
