"""Candlestick patterns: TA-Lib's recognisers on prices in whole quanta.

TA-Lib compares bodies and shadows with averages of up to ten bars, which it keeps as running sums, and prices move
in ticks, so ties are common. In floats a tie is decided by the last bits of the prices, which differ from one unit
or level to the next; and where prices cross powers of two, the running sums keep the rounding residue of every bar
that ever passed, so that even the start of the history decides. Here prices are whole numbers of quanta, a power of
ten between a billionth and a ten-billionth of the first close. Every sum of whole numbers is exact.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_DIGITS = 9  # a tick of a currency is a millionth of its price or more, so it has a thousand quanta


def whole_prices(*prices: FloatArray) -> tuple[FloatArray, ...]:
    """Prices in quanta of ``10 ** (floor(log10(first close)) - 9)``, rounded to whole numbers.

    A price that has fewer than ten digits is hit exactly, whatever its float's last bits are. TA-Lib's thresholds
    (a twentieth to three fifths of a mean over five or ten bars) then are whole numbers as well, and the product with
    such a factor rounds to them, so that the choice of the decade does not matter either.

    Args:
        *prices: Arrays of shape ``(T,)``, positive, oldest first; the first of the last one, the close, sets the
            quantum.

    Returns:
        The same arrays as whole numbers in float64; exact below ``2 ** 53`` quanta, a million times the first
        close and less.

    Example:
        >>> whole_prices(np.array([1.1, 1.10001]), np.array([1.10001, 9e-8]))[1].tolist()
        [1100010000.0, 90.0]
    """
    close = prices[-1]
    if close.size == 0:
        return prices
    places = _DIGITS - math.floor(math.log10(close[0]))
    if places < 0:
        return tuple(np.rint(price / 10.0**-places) for price in prices)
    return tuple(np.rint(price * 10.0**places) for price in prices)


@functools.lru_cache(maxsize=128)
def pattern_bars(function: str) -> int:
    """Bars that a pattern needs, the present one included: TA-Lib's lookback and one.

    Example:
        >>> pattern_bars("CDLENGULFING"), pattern_bars("CDLDOJI")
        (3, 11)
    """
    import talib.abstract

    return int(getattr(talib.abstract, function).lookback) + 1


def pattern(
    function: str,
    open_: FloatArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    strongest: float = 100.0,
) -> FloatArray:
    """A candlestick pattern as TA-Lib recognises it, on whole prices.

    Args:
        function: TA-Lib's name, such as ``CDLDOJI``; penetrations have TA-Lib's defaults.
        open_: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        strongest: TA-Lib's largest value of this pattern, which becomes 1.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``: 0 without the pattern; NaN in the first rows, where TA-Lib does not look.

    Example:
        >>> open_, close = np.array([3.0, 1.0, 0.5]), np.array([2.0, 0.9, 4.0])
        >>> pattern("CDLENGULFING", open_, np.full(3, 4.0), np.full(3, 0.5), close).tolist()
        [nan, nan, 1.0]

    References: S. Nison, *Japanese Candlestick Charting Techniques*, 1991; TA-Lib, ``ta_CDL*.c``.
    """
    import talib

    found = getattr(talib, function)(*whole_prices(open_, high, low, close))
    out = np.asarray(found, dtype=np.float64) / strongest
    out[: pattern_bars(function) - 1] = np.nan
    return out
