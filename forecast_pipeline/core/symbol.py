"""Names of currency pairs: normalised once, checked before they become a path or a key."""

from __future__ import annotations

import re

from forecast_pipeline.core.errors import UnknownSymbol

_PLAIN = re.compile(r"[A-Z0-9]{2,12}")
_PAIR = re.compile(r"([A-Z]{3})[/_\- ]([A-Z]{3})")
# One pip is the fourth decimal, but the second for currencies of small unit (market convention).
_TWO_DECIMAL_QUOTES = frozenset({"JPY", "HUF", "KRW", "INR", "THB"})
# Metals and the like are quoted to the cent of a dollar.
_METALS = frozenset({"XAU", "XAG", "XPT", "XPD"})
# Device names that Windows reserves; a folder of that name cannot be copied there.
_RESERVED = frozenset({"CON", "PRN", "AUX", "NUL"} | {f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10)})


def normalise_symbol(text: str) -> str:
    """Return the symbol in our spelling, capital letters and digits only.

    A separator is accepted only between two currencies of three letters, so that
    two different names never become the same symbol.

    Raises:
        UnknownSymbol: If ``text`` cannot be a symbol.

    Example:
        >>> normalise_symbol("eur/usd"), normalise_symbol("EURUSD")
        ('EURUSD', 'EURUSD')
    """
    upper = text.upper() if text.isascii() else text
    pair = _PAIR.fullmatch(upper)
    symbol = pair.group(1) + pair.group(2) if pair else upper
    if not _PLAIN.fullmatch(symbol) or symbol in _RESERVED:
        raise UnknownSymbol(
            "symbol must be 2 to 12 letters or digits, or two currencies like EUR/USD",
            was=repr(text[:40]),
            why="it becomes a folder and a partition key",
        )
    return symbol


def pip_size(symbol: str) -> float:
    """Price change that is called one pip.

    Example:
        >>> pip_size("EURUSD"), pip_size("USDJPY"), pip_size("XAUUSD")
        (0.0001, 0.01, 0.01)
    """
    is_coarse = symbol[-3:] in _TWO_DECIMAL_QUOTES or symbol[:3] in _METALS
    return 0.01 if is_coarse else 0.0001
