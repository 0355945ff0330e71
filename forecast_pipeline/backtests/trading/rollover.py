"""Swap: nights charged at 17:00 New York, with the triple day, from interest rates or from a broker's points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, shifted_clock

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.trading.parameters import TradingParameters

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

# Spot settles after one business day instead of two in these pairs (market convention).
NEXT_DAY_PAIRS = frozenset({"USDCAD", "USDTRY", "USDPHP", "USDRUB", "USDKZT"})
# Money market day count: actual/365 in these currencies, actual/360 in the others.
_365_DAY_CURRENCIES = frozenset({"GBP", "AUD", "NZD", "CAD", "ZAR", "SGD", "HKD", "PLN", "THB", "INR", "KRW"})
_MONDAY = 4  # 1970-01-01 was a Thursday
_DAYS_PER_WEEK = 7


def fx_day_number(instants_us: Instants) -> Instants:
    """FX day (17:00 to 17:00 New York) of UTC instants, as days since 1970; its date is that of the trading day.

    An instant outside the session, from Friday 17:00, counts to a Saturday or Sunday.

    Example:
        >>> before, after = np.array(["2024-01-02T21:59", "2024-01-02T22:00"], "datetime64[us]").astype(np.int64)
        >>> int(fx_day_number(np.array([after]))[0] - fx_day_number(np.array([before]))[0])
        1
    """
    return np.asarray(shifted_clock(instants_us) // (MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE), dtype=np.int64)


def decision_day(issued_us: Instants) -> Instants:
    """FX day that ends with, or holds, each decision: a close at 17:00 belongs to the day it ends.

    A decision made while the market is closed still belongs to Friday.

    Example:
        >>> friday = np.array(["2024-01-05T22:00"], "datetime64[us]").astype(np.int64)
        >>> np.datetime64(int(decision_day(friday)[0]), "D").astype(str).item()
        '2024-01-05'
    """
    day = fx_day_number(issued_us - 1)
    return day - np.maximum((day - _MONDAY) % _DAYS_PER_WEEK - 4, 0)


def rollover_nights(from_us: Instants, to_us: Instants, symbol: str) -> Instants:
    """Nights of interest between two instants for a position open at the first and still held up to the second.

    One for each 17:00 New York from Monday to Friday after the first instant and up to the second
    (a fill at 17:00 itself belongs to the new day), three on Wednesday, on Thursday for pairs that
    settle a day earlier: that night spans the weekend of the value dates. A week has seven.
    Settlement holidays are not known.

    Args:
        from_us: Shape ``(T,)``, UTC microseconds.
        to_us: Shape ``(T,)``, not earlier.
        symbol: Pair, in our spelling.

    Example:
        >>> monday, friday = np.array(["2024-01-08T15:00", "2024-01-12T15:00"], "datetime64[us]").astype(np.int64)
        >>> rollover_nights(np.array([monday]), np.array([friday]), "EURUSD").tolist()
        [6]
    """
    return _nights_since_origin(to_us, symbol) - _nights_since_origin(from_us, symbol)


def _nights_since_origin(instants_us: Instants, symbol: str) -> Instants:
    triple_day = 3 if symbol in NEXT_DAY_PAIRS else 2
    by_day = [3 if day == triple_day else int(day < 5) for day in range(_DAYS_PER_WEEK)]  # noqa: PLR2004 - Monday to Friday
    before = np.concatenate([[0], np.cumsum(by_day)[:-1]])
    week, weekday = np.divmod(fx_day_number(instants_us) - _MONDAY, _DAYS_PER_WEEK)
    return np.asarray(_DAYS_PER_WEEK * week + before[weekday], dtype=np.int64)


def swap_per_night(mid: Floats, parameters: TradingParameters, symbol: str, pip: float) -> tuple[Floats, Floats]:
    """What one unit of the base currency earns a night in quote currency, long and short; negative is paid.

    From rates ``±(m i_base / D_base - m i_quote / D_quote) - m markup / D_quote`` with the money market day count
    ``D`` of each currency; from points ``points · pip / 10``. Zero where neither is given.

    Args:
        mid: Shape ``(T,)``, price.
        parameters: Rates or points.
        symbol: Pair, in our spelling.
        pip: Price change of one pip.

    Example:
        >>> from forecast_pipeline.backtests.trading.parameters import TradingParameters
        >>> points = TradingParameters(swap_long_points=-5.0, swap_short_points=2.0)
        >>> long, short = swap_per_night(np.ones(1), points, "EURUSD", 0.0001)
        >>> round(float(long[0]), 8), round(float(short[0]), 8)
        (-5e-05, 2e-05)
    """
    if parameters.base_rate_annual is not None and parameters.quote_rate_annual is not None:
        base_days, quote_days = _day_count(symbol[:3]), _day_count(symbol[3:])
        carry = mid * (parameters.base_rate_annual / base_days - parameters.quote_rate_annual / quote_days)
        markup = mid * parameters.swap_markup_annual / quote_days
        return carry - markup, -carry - markup
    if parameters.swap_long_points is not None and parameters.swap_short_points is not None:
        point = pip / 10.0
        return (
            np.full(mid.shape, parameters.swap_long_points * point),
            np.full(mid.shape, parameters.swap_short_points * point),
        )
    return np.zeros(mid.shape), np.zeros(mid.shape)


def _day_count(currency: str) -> float:
    return 365.0 if currency in _365_DAY_CURRENCIES else 360.0
