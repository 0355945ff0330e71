"""Warm-ups of indicators that put decaying averages and finite windows one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.features.warm_up import bars_to_forget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast_pipeline.core.timeframe import Timeframe

Stage = tuple["Callable[[int], float]", str]
"""Rule of a decaying average, `warm_up.exponential` or `warm_up.wilder`, and the parameter that is its length."""


def chain(
    *stages: Stage, windows: tuple[str, ...] = (), extra: int = 0, margin: float = 1.0
) -> Callable[[Mapping[str, Any], Timeframe, float], int]:
    """Warm-up of averages one after the other and of the windows over their result.

    Args:
        *stages: Averages in their order.
        windows: Parameters that are lengths of windows over the result.
        extra: Bars that changes and lags need on top.
        margin: How much more an error of the averages weighs in what is made of them, as where a small range divides
            it: they are held to a tolerance so many times smaller.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> from forecast_pipeline.features.warm_up import exponential
        >>> required = chain((exponential, "lookback_bars"), windows=("signal_bars",))
        >>> required({"lookback_bars": 12, "signal_bars": 9}, Timeframe.H1, 1e-6)  # 83 and 8
        91
    """

    def required_bars(values: Mapping[str, Any], _timeframe: Timeframe, tolerance: float) -> int:
        forgotten = bars_to_forget(tuple(rule(values[name]) for rule, name in stages), tolerance / margin)
        # A generous tolerance forgets the start before every average has its first value.
        started = sum(values[name] - 1 for _, name in stages) + 1
        return int(max(forgotten, started) + sum(values[name] - 1 for name in windows) + extra)

    return required_bars


def total(*names: str, extra: int = 0) -> Callable[[Mapping[str, Any], Timeframe, float], int]:
    """Warm-up of windows one after the other: their lengths and ``extra`` bars, which may be negative.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> total("lookback_bars", "d_bars", extra=-1)({"lookback_bars": 5, "d_bars": 3}, Timeframe.H1, 1e-6)
        7
    """
    return lambda values, _timeframe, _tolerance: int(sum(values[name] for name in names) + extra)


def fixed(bars: int) -> Callable[[Mapping[str, Any], Timeframe, float], int]:
    """Warm-up of an indicator without parameters.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> fixed(21)({}, Timeframe.H1, 1e-6)
        21
    """
    return lambda _values, _timeframe, _tolerance: bars
