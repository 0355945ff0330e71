"""All features of one timeframe from its bars: what is computed, block by block, and what is absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.core.memory import keep_freed_memory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.blocks import blocks_of
from forecast_pipeline.features.catalogue.indicator import PEERS, RANGE, VOLUME, Indicator
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.presets import indicators_named

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray
    from forecast_pipeline.features.parameters import FeatureParameters

REASONS = {
    VOLUME: "the bars carry no volume, and zeros would be invented flow",
    RANGE: "the source gives one price a bar, and a range of zero would be invented calm",
    PEERS: "the lake holds no other symbol with bars of this timeframe",
}
NOT_ON_DAILY_BARS = "it describes the course of a day and is the same for every daily bar"
_LEAST_BARS_TO_JUDGE_RANGE = 32
ALL_INPUTS = frozenset(REASONS)


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """What one column is.

    Attributes:
        name: Column name.
        indicator: Name in the catalogue.
        unit: Unit of the values.
        description: What the value says.
        bar_columns: Bar columns it derives from.
        required_bars: Bars that must exist, the present one included; earlier rows are NaN.
    """

    name: str
    indicator: str
    unit: str
    description: str
    bar_columns: tuple[str, ...]
    required_bars: int


@dataclass(frozen=True, slots=True)
class Planned:
    """An indicator with its numbers, ready to be computed.

    Attributes:
        indicator: Line of the catalogue.
        values: Parameters by name, and the tolerance.
        required_bars: Its warm-up on this timeframe.
        columns: Names of its columns.
    """

    indicator: Indicator
    values: Mapping[str, Any]
    required_bars: int
    columns: tuple[str, ...]

    def compute(self, bars: BarArrays, start: int, stop: int) -> tuple[FloatArray, ...]:
        """Values of rows ``start`` to ``stop``, computed from ``required_bars - 1`` bars before them on.

        Rows that lie within the warm-up of the whole history are NaN.
        """
        first = max(0, start - self.required_bars + 1)
        computed = self.indicator.compute(bars.rows(first, stop), self.values)
        n_cold = max(0, self.required_bars - 1 - start)
        parts = tuple(column[start - first :] for column in computed)
        return tuple(_without_warm_up(part, n_cold) for part in parts) if n_cold else parts


def _without_warm_up(values: FloatArray, n_cold: int) -> FloatArray:
    masked = np.array(values, dtype=np.float64)
    masked[:n_cold] = np.nan
    return masked


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """What is computed from bars, and what is not.

    Attributes:
        planned: Indicators in the order of the catalogue.
        absent: Name of an indicator that was asked for and cannot be computed, with the reason.
    """

    planned: tuple[Planned, ...]
    absent: dict[str, str]

    @property
    def required_bars(self) -> int:
        """The longest warm-up."""
        return max((each.required_bars for each in self.planned), default=1)

    @property
    def columns(self) -> tuple[FeatureColumn, ...]:
        """Description of every column, in order."""
        return tuple(
            FeatureColumn(
                name, each.indicator.name, output.unit, output.description, each.indicator.inputs, each.required_bars
            )
            for each in self.planned
            for name, output in zip(each.columns, each.indicator.outputs, strict=True)
        )


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Features of one timeframe at native resolution.

    Attributes:
        frame: ``ts_utc``, ``close_ts_utc``, then Float64 columns; never null, never infinite.
        columns: Description of each Float64 column, in order.
        absent: Name of an indicator that could not be computed, with the reason.
    """

    frame: pl.DataFrame
    columns: tuple[FeatureColumn, ...]
    absent: dict[str, str]


def available_inputs(bars: pl.DataFrame, *, has_peers: bool = False) -> frozenset[str]:
    """Inputs that a source has of those it may lack.

    Volume is there if any bar carries one. High and low are there unless the closes move while no bar of at least
    32 has a range, as with fixings.

    Args:
        bars: Follows ``core.schema.BARS``.
        has_peers: Whether closes of other symbols are at hand.
    """
    inputs = {PEERS} if has_peers else set()
    if bars["volume"].null_count() < bars.height:
        inputs.add(VOLUME)
    is_flat = bars.height >= _LEAST_BARS_TO_JUDGE_RANGE and bool((bars["high"] == bars["low"]).all())
    if not is_flat or bars["close"].n_unique() == 1:
        inputs.add(RANGE)
    return frozenset(inputs)


def plan_features(
    timeframe: Timeframe,
    parameters: FeatureParameters,
    inputs: frozenset[str] = ALL_INPUTS,
    *,
    needs_peers: bool | None = None,
    symbol: str = "",
    peers: Collection[str] | None = None,
) -> FeaturePlan:
    """What is computed for a timeframe: base features always, then the indicators of the settings.

    Args:
        timeframe: Length of the bars.
        parameters: Which indicators, with which numbers.
        inputs: What the source has, from `available_inputs`.
        needs_peers: Only indicators that other symbols enter, or only the others, because the two are published
            apart; all of them if None.
        symbol: Symbol of the bars.
        peers: Other symbols at hand; what cannot be computed with them is absent. Not judged if None.
    """
    chosen = indicators_named(parameters.indicators)
    planned: list[Planned] = []
    absent: dict[str, str] = {}
    for indicator in CATALOGUE.values():
        if not indicator.is_base and indicator.name not in chosen:
            continue
        if needs_peers is not None and needs_peers != (PEERS in indicator.needs):
            continue
        lacking = [reason for name, reason in REASONS.items() if name in indicator.needs - inputs]
        if not lacking and peers is not None and (reason := indicator.peers_lack(symbol, peers)):
            lacking.append(reason)
        if indicator.is_within_day and timeframe is Timeframe.D1:
            lacking.append(NOT_ON_DAILY_BARS)
        if lacking:
            absent[indicator.name] = "; ".join(lacking)
            continue
        values = parameters.values(indicator)
        required = indicator.required_bars(values, timeframe, parameters.tolerance)
        planned.append(Planned(indicator, values, required, indicator.columns(timeframe, values)))
    return FeaturePlan(tuple(planned), absent)


def compute_rows(bars: BarArrays, plan: FeaturePlan, start: int, stop: int) -> dict[str, FloatArray]:
    """Every column of the plan for the rows ``start`` to ``stop`` of one block."""
    keep_freed_memory()
    return {
        name: column
        for each in plan.planned
        for name, column in zip(each.columns, each.compute(bars, start, stop), strict=True)
    }


def compute_features(
    bars: pl.DataFrame,
    timeframe: Timeframe,
    parameters: FeatureParameters,
    *,
    inputs: frozenset[str] | None = None,
    symbol: str = "",
    peers: Mapping[str, FloatArray] | None = None,
) -> FeatureTable:
    """Base features and the indicators of the settings, in one frame.

    NaN policy: a column is NaN in its first ``required_bars - 1`` rows, where a finite window is not full or
    a recursive average still carries more than ``parameters.tolerance`` of its start. After that it is finite,
    with two exceptions: volume indicators are NaN where their window or session holds a bar whose volume was not
    recorded, and cross-pair features where another symbol has no bar. Rows are bars that exist; a hole or a
    weekend is no row.

    Args:
        bars: Follows ``core.schema.BARS``, oldest first; any number of rows, zero included.
        timeframe: Length of the bars.
        parameters: Which indicators, lookbacks and tolerance.
        inputs: What the source has; by default `available_inputs` of the bars. The leak check fixes it, so that
            a prefix has the columns of the whole.
        symbol: Symbol of the bars, for features that need to know the two currencies.
        peers: Closes of other symbols on the rows of ``bars``.

    Returns:
        The table, one row a bar; row ``i`` is known at its ``close_ts_utc``.

    Raises:
        CorruptData: If the bars violate their schema or clock, or hold a price that is no price.
    """
    arrays = bar_arrays(bars, timeframe, symbol, peers)
    known = available_inputs(bars, has_peers=bool(peers)) if inputs is None else inputs
    plan = plan_features(timeframe, parameters, known, symbol=symbol, peers=peers)
    columns = {column.name: np.empty(bars.height) for column in plan.columns}
    for block in blocks_of(arrays.shifted_us, timeframe.minutes):
        for name, part in compute_rows(arrays, plan, block.start, block.stop).items():
            columns[name][block.start : block.stop] = part
    frame = bars.select("ts_utc", "close_ts_utc").with_columns(
        pl.Series(name, column, dtype=pl.Float64) for name, column in columns.items()
    )
    return FeatureTable(frame, plan.columns, plan.absent)
