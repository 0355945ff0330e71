"""What one line of the catalogue says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray

LOG_DISTANCE = "log(close / level)"
LOG_RETURN = "log return"
FRACTION = "fraction of close"
PERCENT_SCALE = "0 to 100"
RATIO = "ratio"
FLAG = "0 or 1"

VOLUME, RANGE, PEERS = "volume", "range", "peers"
"""Inputs that a source may lack: recorded volume, high and low of their own, other symbols' closes."""

NO_ORIGIN = "none"
SESSION_ORIGIN = "FX day, 17:00 New York"

Number = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number that a person may change.

    Attributes:
        name: Keyword in `Indicator.compute`; durations end in ``_bars``.
        default: Value used unless another is set; its type, whole or not, is the parameter's.
        description: What it means.
        least: Smallest value accepted.
        most: Largest value accepted.
        setting: The specification's name of the setting, such as ``atr_n``, where it has one; other parameters
            are set under ``parameters.<indicator>.<name>``.
    """

    name: str
    default: Number
    description: str
    least: Number = 2
    most: Number = 10_000
    setting: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One column of an indicator.

    Attributes:
        suffix: Second part of the column name, empty for an indicator of one column.
        unit: Unit of the values.
        description: What the value says.
    """

    suffix: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One line of the catalogue.

    Attributes:
        name: First part of every column name.
        group: Family; a preset of the same name takes the whole family.
        summary: What it measures and which variant it is.
        reference: Source of the definition, with equation or page where there is one.
        inputs: Bar columns it derives from: ``open high low close volume``, ``ts_utc``, ``close_ts_utc``, and
            ``peers`` for the closes of other symbols.
        outputs: Its columns, in the order `compute` returns them.
        parameters: Numbers that stand at the end of the column name, in this order.
        required_bars: Bars that must exist, the present one included, before a value counts: what the finite
            windows need, and for recursive ones what forgets the start up to ``tolerance``. Called with the
            parameters, the timeframe and the tolerance.
        compute: Arrays of the columns, shape ``(T,)``, NaN in the rows where windows are not full. Called with
            bars and with the parameters by name, among them ``tolerance``. It may use rows at and before its
            own only.
        origin: Where a sum that has no finite memory begins; ``none`` for everything that forgets.
        is_base: Describes the bar itself: computed always, taken from the base timeframe only, and named
            without a timeframe.
        is_within_day: Says nothing on daily bars, such as the hour of the day.
        peers_lack: For indicators that other symbols enter: why it cannot be computed for a symbol with the other
            symbols at hand, empty where it can.
        increasing: Names of parameters that must increase strictly in this order.
        difference: How it differs from the usual implementation (TA-Lib's where there is one), in words.
    """

    name: str
    group: str
    summary: str
    reference: str
    inputs: tuple[str, ...]
    outputs: tuple[Output, ...]
    required_bars: Callable[[Mapping[str, Any], Timeframe, float], int]
    compute: Callable[[BarArrays, Mapping[str, Any]], tuple[FloatArray, ...]]
    parameters: tuple[Parameter, ...] = ()
    origin: str = NO_ORIGIN
    is_base: bool = False
    is_within_day: bool = False
    peers_lack: Callable[[str, Collection[str]], str] = lambda _symbol, _peers: ""
    increasing: tuple[str, ...] = ()
    difference: str = ""

    @property
    def needs(self) -> frozenset[str]:
        """Inputs among volume, range and peers that a source must have."""
        needs = {each for each in (VOLUME, PEERS) if each in self.inputs}
        return frozenset(needs | ({RANGE} if {"high", "low"} & set(self.inputs) else set()))

    @property
    def defaults(self) -> dict[str, Number]:
        """Parameters by name with their defaults."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def columns(self, timeframe: Timeframe, values: Mapping[str, Number] | None = None) -> tuple[str, ...]:
        """Column names for one timeframe, with the numbers they were computed with at the end.

        Example:
            >>> from forecast_pipeline.core.timeframe import Timeframe
            >>> from forecast_pipeline.features.catalogue.table import CATALOGUE
            >>> CATALOGUE["bollinger"].columns(Timeframe.M5)[0]
            'bollinger_upper_5m_20_2'
        """
        known = self.defaults | dict(values or {})
        numbers = [f"{known[parameter.name]:g}" for parameter in self.parameters]
        if self.is_base:
            return tuple("_".join([output.suffix, *numbers]) for output in self.outputs)
        return tuple(
            "_".join(part for part in (self.name, output.suffix, timeframe.value, *numbers) if part)
            for output in self.outputs
        )


def lookback(default: int, description: str = "bars in the window", **more: Any) -> Parameter:  # noqa: ANN401 - fields of Parameter
    """The parameter ``lookback_bars``, which most indicators have."""
    return Parameter(name="lookback_bars", default=default, description=description, **more)


def finite(extra: int = 0, name: str = "lookback_bars") -> Callable[[Mapping[str, Any], Timeframe, float], int]:
    """Warm-up of an indicator that looks at one window: its length and ``extra`` bars more.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> finite(1)({"lookback_bars": 14}, Timeframe.H1, 1e-6)
        15
    """
    return lambda values, _timeframe, _tolerance: int(values[name]) + extra
