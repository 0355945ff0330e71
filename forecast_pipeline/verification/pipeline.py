"""The feature pipeline with exchangeable parts, from candles to the joined matrix, as the leak suite runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.bars.resample import resample
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.blocks import blocks_of
from forecast_pipeline.features.compute import ALL_INPUTS, compute_rows, plan_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.splits.align import align
from forecast_pipeline.splits.native_panel import NativePanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.compute import FeaturePlan, Planned

    Join = Callable[[pl.DataFrame, pl.DataFrame, list[str], int], pl.DataFrame]

PROBED = ("williams_r", "sma", "rsi")
"""Indicators that travel through the whole pipeline; the catalogue itself is proven at its own resolution."""


def probing(**numbers: int) -> FeatureParameters:
    """Settings that ask for the probed indicators, with other numbers than the usual ones if given."""
    return FeatureParameters(indicators=PROBED, **numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What stands between candles and a matrix; every part may be replaced by a leaking one.

    Attributes:
        base: Base timeframe.
        slower: Timeframes that are joined onto it.
        resample: Candles to bars of a timeframe.
        parameters: Settings of the feature stage.
        planted: Indicators that are computed on the base timeframe besides the real ones.
        join: As-of join of another timeframe onto base rows.
    """

    base: Timeframe
    slower: tuple[Timeframe, ...]
    resample: Callable[[pl.DataFrame, Timeframe], pl.DataFrame] = resample
    parameters: FeatureParameters = field(default_factory=probing)
    planted: tuple[Planned, ...] = field(default=())
    join: Join = align

    def plan(self, timeframe: Timeframe) -> FeaturePlan:
        """What is computed from bars of a timeframe, planned as the feature stage plans it."""
        plan = plan_features(timeframe, self.parameters, ALL_INPUTS)
        if timeframe is not self.base:
            return plan
        return type(plan)((*plan.planned, *self.planted), plan.absent)

    def features(self, bars: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
        """Clock of the bars and their features, block by block as they are published."""
        arrays, plan = bar_arrays(bars, timeframe), self.plan(timeframe)
        parts = [
            pl.DataFrame(compute_rows(arrays, plan, block.start, block.stop))
            for block in blocks_of(arrays.shifted_us, arrays.minutes)
        ]
        names = [column.name for column in plan.columns]
        values = pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys(names, pl.Float64()))
        renamed = values.rename({name: f"{name}@{timeframe.value}" for name in names})
        return bars.select("ts_utc", "close_ts_utc").hstack(renamed.fill_nan(None))

    def tables(self, candles: pl.DataFrame) -> dict[Timeframe, pl.DataFrame]:
        """Features of the base and of every slower timeframe."""
        return {each: self.features(self.resample(candles, each), each) for each in (self.base, *self.slower)}

    def matrix(self, candles: pl.DataFrame) -> pl.DataFrame:
        """Base rows with the features of every timeframe as the join shows them."""
        return self.joined(self.tables(candles))

    def joined(self, tables: dict[Timeframe, pl.DataFrame]) -> pl.DataFrame:
        """The matrix of features that are computed already."""
        matrix = tables[self.base]
        for each in self.slower:
            matrix = self.join(matrix, tables[each], columns_of(tables[each]), self.limit_minutes(each))
        return matrix

    def limit_minutes(self, timeframe: Timeframe) -> int:
        """Age from which on a value of a timeframe is no longer shown."""
        return max(timeframe.minutes, self.base.minutes)


def columns_of(table: pl.DataFrame) -> list[str]:
    """Feature columns of a table, without its clock."""
    return [name for name in table.columns if name not in ("ts_utc", "close_ts_utc")]


def native_panel(table: pl.DataFrame, timeframe: Timeframe) -> NativePanel:
    """A table of features as the panel that the lake would hold."""
    columns = columns_of(table)
    values = table.select(pl.col(columns).cast(pl.Float32).fill_null(float("nan"))).to_numpy()
    return NativePanel(timeframe.minutes, table["close_ts_utc"].cast(pl.Int64).to_numpy(), values, tuple(columns))
