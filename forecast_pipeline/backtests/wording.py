"""Numbers as a reader should see them: percentages, p-values and the shares of a spread, never with false precision."""

from __future__ import annotations

import math


def percent(value: float | None, digits: int = 1) -> str:
    """Fraction as a percentage, or "undefined".

    Example:
        >>> percent(0.1234), percent(float("nan"))
        ('12.3 %', 'undefined')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    return f"{number(100.0 * value, digits)} %"


def p_text(value: float | None) -> str:
    """P-value without false precision.

    Example:
        >>> p_text(0.00001), p_text(0.0312), p_text(None)
        ('< 0.001', '0.031', 'undefined')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004 - three digits are shown


def p_equation(value: float | None) -> str:
    """P-value with its sign of relation, to follow the letter p.

    Example:
        >>> p_equation(0.00001), p_equation(0.0312)
        ('< 0.001', '= 0.031')
    """
    text = p_text(value)
    return text if text.startswith("<") or text == "undefined" else f"= {text}"


def number(value: float | None, digits: int) -> str:
    """Number with fixed digits, or "undefined"; a negative zero has no sign.

    Example:
        >>> number(1.23456, 2), number(float("nan"), 2), number(-0.0001, 2)
        ('1.23', 'undefined', '0.00')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text


def between(value: float, low: float, high: float, digits: int) -> str:
    """Number with its interval.

    Example:
        >>> between(0.1, -0.05, 0.25, 2)
        '0.10 [-0.05, 0.25]'
    """
    if low is None or not math.isfinite(low):
        return number(value, digits)
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def share(fraction: float, digits: int = 1) -> str:
    """Share of a whole as a percentage that says 0 or 100 % only where it is exactly that.

    Example:
        >>> share(0.25), share(0.0001), share(0.9999), share(1.0)
        ('25.0 %', 'under 0.1 %', 'over 99.9 %', '100.0 %')
        >>> share(0.998, 0), share(0.004, 0), share(0.5, 0)
        ('over 99 %', 'under 1 %', '50 %')
    """
    least = 10.0**-digits
    if 0.0 < fraction < least / 100.0:
        return f"under {least:g} %"
    if 1.0 - least / 100.0 < fraction < 1.0:
        return f"over {100.0 - least:g} %"
    return percent(fraction, digits)


def counted(count: float, name: str, several: str | None = None) -> str:
    """A number of things, singular where it is one; a broken number keeps one digit.

    Example:
        >>> counted(1, "trial"), counted(0, "trial"), counted(28.46, "round trip"), counted(2, "penalty", "penalties")
        ('1 trial', '0 trials', '28.5 round trips', '2 penalties')
    """
    text = number(count, 1).removesuffix(".0")
    return f"{text} {name if text == '1' else several or f'{name}s'}"


def bars(count: int) -> str:
    """A horizon in words.

    Example:
        >>> bars(1), bars(12)
        ('1 bar', '12 bars')
    """
    return counted(count, "bar")


def spread_shares(measured_fraction: float, profiled_fraction: float) -> str:
    """Where the spreads that were charged come from, as shares of all decisions; a set spread is an assumed one.

    Example:
        >>> spread_shares(0.5, 0.25)
        'measured at 50.0 %, profiled at 25.0 % and assumed at 25.0 % of decisions'
    """
    assumed = max(1.0 - measured_fraction - profiled_fraction, 0.0)
    found = (share(measured_fraction), share(profiled_fraction), share(assumed))
    return "measured at {}, profiled at {} and assumed at {} of decisions".format(*found)
