"""The two currencies of the pair beside all others: ranks, momentum of the strength, dispersion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import Market, mean_of_known
from forecast_pipeline.features.indicators.currency_strength import currency_strength, of_own, strengths
from forecast_pipeline.features.indicators.ratios import ROUNDING

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
    for own, strength in zip((market.own.base, market.own.quote), of_own(market, found), strict=True):
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
