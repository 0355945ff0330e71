"""What one step of an integer price is worth, and between which prices a pair of currencies can trade."""

from __future__ import annotations

from forecast_pipeline.core.symbol import pip_size

_METALS = ("XAU", "XAG", "XPT", "XPD")
_DIGITS = 5
_PAIR_CHARACTERS = 6
# Lowest and highest value of one unit in US dollars since 1990, generous; currencies that were
# redenominated or collapsed (TRY, RUB, BRL, ZWL) and crypto are left out, so nothing is refused for them.
_DOLLARS = {
    "USD": (1.0, 1.0),
    "EUR": (0.8, 1.65),
    "GBP": (1.0, 2.2),
    "CHF": (0.5, 1.6),
    "JPY": (0.0055, 0.0135),
    "AUD": (0.45, 1.15),
    "NZD": (0.37, 0.95),
    "CAD": (0.6, 1.12),
    "SEK": (0.08, 0.19),
    "NOK": (0.085, 0.21),
    "DKK": (0.11, 0.22),
    "CNH": (0.11, 0.18),
    "CNY": (0.11, 0.28),
    "HKD": (0.125, 0.132),
    "SGD": (0.5, 0.9),
    "MXN": (0.035, 0.35),
    "ZAR": (0.045, 0.4),
    "PLN": (0.18, 0.55),
    "CZK": (0.023, 0.075),
    "HUF": (0.0021, 0.0095),
}
_SLACK = 2.0


def default_point(symbol: str) -> float | None:
    """Price of one step in Dukascopy's integers; None where the pair is not known.

    Example:
        >>> default_point("EURUSD"), default_point("USDJPY"), default_point("BTCUSD")
        (1e-05, 0.001, None)
    """
    if symbol[:3] in _METALS:
        return 0.001
    if len(symbol) != _PAIR_CHARACTERS or not {symbol[:3], symbol[3:]} <= set(_DOLLARS) | {"TRY", "RUB"}:
        return None
    return 0.001 if pip_size(symbol) > 0.001 or symbol[3:] == "RUB" else 0.00001  # noqa: PLR2004 - two-decimal pips


def plausible_range(symbol: str) -> tuple[float, float] | None:
    """Lowest and highest price at which a pair can have traded; None where that is not known.

    Example:
        >>> [round(price, 1) for price in plausible_range("USDJPY")]
        [37.0, 363.6]
    """
    base, quote = _DOLLARS.get(symbol[:3]), _DOLLARS.get(symbol[3:])
    if base is None or quote is None:
        return None
    return base[0] / quote[1] / _SLACK, base[1] / quote[0] * _SLACK


def points_in(median: float, symbol: str) -> float | None:
    """The power of ten that brings whole-number prices into the pair's range, if exactly one usual one does.

    Example:
        >>> points_in(158611.0, "GBPUSD"), points_in(1.58, "GBPUSD")
        (1e-05, None)
    """
    bounds = plausible_range(symbol)
    if bounds is None or bounds[0] <= median <= bounds[1]:
        return None
    usual = 0.001 if pip_size(symbol) > 0.001 else 0.00001  # noqa: PLR2004 - two-decimal pips
    fits = [point for point in (usual, usual * 10) if bounds[0] <= median * point <= bounds[1]]
    return fits[0] if len(fits) == 1 else None
