"""Which other symbols share a currency with the bars' own, and what their returns say about a currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from forecast_pipeline.features.bar_arrays import FloatArray

_LETTERS_OF_A_PAIR = 6
_LETTERS_OF_A_CURRENCY = 3
DOLLAR = "USD"


@dataclass(frozen=True, slots=True, eq=False)
class CurrencyPair:
    """Closes of a symbol of six letters, such as EURUSD.

    Attributes:
        base: First currency, EUR.
        quote: Second currency, USD; a close is the price of one euro in dollars.
        closes: Shape ``(T,)``, positive; NaN where there is none.
    """

    base: str
    quote: str
    closes: FloatArray

    def direction(self, currency: str) -> float:
        """1 if the close rises with the currency, -1 if it falls, 0 if it has nothing to do with it.

        Example:
            >>> CurrencyPair("USD", "JPY", np.ones(1)).direction("JPY")
            -1.0
        """
        return float(self.base == currency) - float(self.quote == currency)

    def log_returns(self, span_bars: int) -> FloatArray:
        """Log returns over ``span_bars`` rows, NaN unless both closes are there."""
        out = np.full(self.closes.size, np.nan)
        if 0 < span_bars < self.closes.size:
            out[span_bars:] = np.log(self.closes[span_bars:] / self.closes[:-span_bars])
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """A symbol among the others.

    Attributes:
        own: The symbol's own pair; its currencies are empty if the symbol is none of six letters.
        peers: Pairs that share a currency with it, in the order of their names.
        others: Pairs that share none, in the order of their names.
    """

    own: CurrencyPair
    peers: tuple[CurrencyPair, ...]
    others: tuple[CurrencyPair, ...]

    def direction(self, peer: CurrencyPair) -> float:
        """1 if the peer rises where its shared currency lifts the own pair, -1 if it falls."""
        return peer.direction(self.own.base) or -peer.direction(self.own.quote)

    def aligned_returns(self, span_bars: int) -> list[FloatArray]:
        """Log returns of the peers, turned so that what would lift the own pair is positive."""
        return [self.direction(peer) * peer.log_returns(span_bars) for peer in self.peers]

    def dollar_returns(self, span_bars: int) -> list[FloatArray]:
        """Log returns of the dollar in every other pair that has it; none if no peer shares a currency."""
        pairs = (*self.peers, *self.others) if self.peers else ()
        return [
            direction * pair.log_returns(span_bars) for pair in pairs if (direction := pair.direction(DOLLAR)) != 0.0
        ]


def market_of(symbol: str, close: FloatArray, peers: Mapping[str, FloatArray]) -> Market:
    """Sort other symbols by whether they share a currency with this one.

    Symbols that are not six letters, or name one currency twice, and the own symbol itself are left out.

    Example:
        >>> one = np.ones(1)
        >>> market = market_of("EURUSD", one, {"USDJPY": one, "AUDJPY": one, "XAU": one, "GBPUSD": one})
        >>> [peer.base + peer.quote for peer in market.peers], len(market.others)
        (['GBPUSD', 'USDJPY'], 1)
    """
    own = CurrencyPair(*_currencies(symbol), close)
    pairs = []
    for name in sorted(set(peers) - {symbol}):
        base, quote = _currencies(name)
        if base:
            closes = np.asarray(peers[name], dtype=np.float64)
            pairs.append(CurrencyPair(base, quote, np.where((closes > 0.0) & (closes < np.inf), closes, np.nan)))
    shared = [bool({pair.base, pair.quote} & {own.base, own.quote}) for pair in pairs]
    return Market(
        own,
        tuple(pair for pair, is_shared in zip(pairs, shared, strict=True) if is_shared),
        tuple(pair for pair, is_shared in zip(pairs, shared, strict=True) if not is_shared),
    )


def mean_of_known(columns: Iterable[FloatArray], size: int) -> FloatArray:
    """Mean of the columns that are not NaN in each row; NaN where all are, or where there is no column.

    Example:
        >>> mean_of_known([np.array([1.0, np.nan]), np.array([3.0, np.nan])], 2).tolist()
        [2.0, nan]
    """
    total, count = np.zeros(size), np.zeros(size)
    for column in columns:
        is_known = ~np.isnan(column)
        total += np.where(is_known, column, 0.0)
        count += is_known
    return np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan)


def _currencies(symbol: str) -> tuple[str, str]:
    """Base and quote of a symbol of six letters, otherwise two empty texts."""
    base, quote = symbol[:_LETTERS_OF_A_CURRENCY], symbol[_LETTERS_OF_A_CURRENCY:]
    is_pair = len(symbol) == _LETTERS_OF_A_PAIR and symbol.isascii() and symbol.isalpha() and base != quote
    return (base, quote) if is_pair else ("", "")
