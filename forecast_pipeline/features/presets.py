"""Names for sets of indicators, and which timeframes of them enter a matrix."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from forecast_pipeline.core.errors import InvalidConfiguration, UnknownTimeframe
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.catalogue.core18 import CORE18
from forecast_pipeline.features.catalogue.table import CATALOGUE, GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

N_SLOWER_TIMEFRAMES = 2
DEFAULT_INDICATORS = ("core18",)

_CORE = ("atr", "bollinger", "rsi", "stochastic", "cci", "macd", "adx", "ema", "sma", "trix", "donchian", "hurst")
CHOICES: tuple[str, ...] = tuple(name for name, each in CATALOGUE.items() if not each.is_base)
"""Indicators that a person may choose, in the order of the catalogue."""

PRESETS: dict[str, tuple[str, ...]] = {
    "core": _CORE,
    "core18": tuple(each.name for each in CORE18),
    "all": CHOICES,
    "none": (),
    **GROUPS,
}
"""Indicators of each preset: ``core`` is a dozen that need prices only, ``core18`` the specification's eighteen,
``all`` the whole catalogue; every group is a preset of its own."""


def indicators_named(names: Iterable[str]) -> tuple[str, ...]:
    """Indicators that names of indicators, groups and presets stand for, in the order of the catalogue.

    Raises:
        ValueError: If a name is unknown; the nearest known one is proposed.

    Example:
        >>> indicators_named(["macd", "atr"])
        ('atr', 'macd')
    """
    wanted: set[str] = set()
    for name in names:
        if name not in PRESETS and name not in CHOICES:
            raise ValueError(f"{name!r} must be an indicator, a group or a preset; {_near(name, [*CHOICES, *PRESETS])}")
        wanted.update((name,) if name in CHOICES else PRESETS[name])
    return tuple(name for name in CHOICES if name in wanted)


def indicator_of(name: str) -> str:
    """The indicator that a name or a column belongs to.

    Raises:
        InvalidConfiguration: If there is none; the nearest is proposed.

    Example:
        >>> indicator_of("rsi_1h_14"), indicator_of("stochastic"), indicator_of("rel_open")
        ('rsi', 'stochastic', 'relative_open')
    """
    if name in CATALOGUE:
        return name
    for indicator in CATALOGUE.values():
        suffixes = [output.suffix for output in indicator.outputs]
        if indicator.is_base and any(name == each or name.startswith(f"{each}_") for each in suffixes):
            return indicator.name
    for timeframe in Timeframe:
        head = name.partition(f"_{timeframe.value}")[0]
        for indicator in CATALOGUE.values():
            if head in {f"{indicator.name}_{each.suffix}".rstrip("_") for each in indicator.outputs} and head != name:
                return indicator.name
    raise InvalidConfiguration("feature must be one of the catalogue", was=f"{name!r}; {_near(name, CATALOGUE)}")


def resolve_indicator_timeframes(
    indicator_timeframes: Mapping[str, Sequence[str]],
    preset: str,
    base: Timeframe,
    available: Sequence[Timeframe],
) -> dict[str, list[Timeframe]]:
    """Indicator names with the timeframes they are taken from.

    Args:
        indicator_timeframes: The specification's ``indicator_tfs``, such as ``{"rsi": ["1m", "1h"]}``. If it
            is empty the preset counts, otherwise it alone counts.
        preset: A key of `PRESETS`. A preset takes the base timeframe and the next two slower ones that are
            available.
        base: Base timeframe of the matrix.
        available: Timeframes whose features exist or can be built.

    Returns:
        Names in the order of the catalogue, timeframes from fast to slow without repeats.

    Raises:
        InvalidConfiguration: If a name or the preset is unknown, or a name has no timeframe.
        UnknownTimeframe: If a timeframe is none of ours or not available.

    Example:
        >>> chosen = resolve_indicator_timeframes({"rsi": ["1h", "15m"]}, "core", Timeframe.M15, list(Timeframe))
        >>> [timeframe.value for timeframe in chosen["rsi"]]
        ['15m', '1h']
    """
    _require_available(base, available, "base timeframe")
    if preset not in PRESETS:
        raise InvalidConfiguration("preset must be a known one", was=f"{preset!r}; {_near(preset, PRESETS)}")
    if not indicator_timeframes:
        slower = sorted(timeframe for timeframe in set(available) if base < timeframe)
        timeframes = [base, *slower[:N_SLOWER_TIMEFRAMES]]
        return {name: list(timeframes) for name in CHOICES if name in PRESETS[preset]}
    for name, texts in indicator_timeframes.items():
        if name not in CHOICES:
            raise InvalidConfiguration(
                "indicator must be one of the catalogue", was=f"{name!r}; {_near(name, CHOICES)}"
            )
        if isinstance(texts, str) or not texts:
            raise InvalidConfiguration(f"indicator_tfs of {name} must list at least one timeframe", was=repr(texts))
    resolved = {}
    for name in CHOICES:
        if name in indicator_timeframes:
            timeframes = [Timeframe.parse(text) for text in indicator_timeframes[name]]
            for timeframe in timeframes:
                _require_available(timeframe, available, f"timeframe of {name}")
            resolved[name] = sorted(set(timeframes))
    return resolved


def _require_available(timeframe: Timeframe, available: Sequence[Timeframe], what: str) -> None:
    if timeframe not in available:
        names = " ".join(other.value for other in sorted(available)) or "none"
        raise UnknownTimeframe(
            f"{what} must be available ({names})",
            was=timeframe.value,
            do="build its bars and features first, or leave it out",
        )


def _near(name: str, names: Iterable[str]) -> str:
    known = list(names)
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
