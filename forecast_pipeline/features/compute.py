"""All features of one timeframe from its bars, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.base import base_features
from forecast_pipeline.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.bar_arrays import FloatArray
    from forecast_pipeline.features.parameters import FeatureParameters

NO_VOLUME = "the bars carry no volume, and zeros would be invented flow"


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """What one column is.

    Attributes:
        name: Column name.
        indicator: Name in the catalogue, or the group of a base feature.
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


def has_volume(bars: pl.DataFrame) -> bool:
    """Whether any bar carries a volume; without it volume indicators are absent, never made of zeros."""
    return bars["volume"].null_count() < bars.height


def compute_features(
    bars: pl.DataFrame,
    timeframe: Timeframe,
    parameters: FeatureParameters,
    *,
    uses_volume: bool | None = None,
) -> FeatureTable:
    """Base features and the whole catalogue.

    NaN policy: a column is NaN in its first ``required_bars - 1`` rows, where a finite window is not full or
    a recursive average still carries more than ``parameters.tolerance`` of its start. After that it is
    finite, with one exception: volume indicators are NaN where their window or session holds a bar whose
    volume was not recorded. Rows are bars that exist; a hole or a weekend is no row.

    Args:
        bars: Follows ``core.schema.BARS``, oldest first; any number of rows, zero included.
        timeframe: Length of the bars.
        parameters: Lookbacks and tolerance.
        uses_volume: Whether to compute volume indicators; by default, if any bar has a volume. The leak check
            fixes it, so that a prefix has the columns of the whole.

    Returns:
        The table, one row a bar; row ``i`` is known at its ``close_ts_utc``.

    Raises:
        CorruptData: If the bars violate their schema or clock, or hold a price that is no price.
    """
    arrays = bar_arrays(bars)
    wants_volume = has_volume(bars) if uses_volume is None else uses_volume
    columns: list[FeatureColumn] = []
    values: dict[str, FloatArray] = {}
    absent: dict[str, str] = {}
    for feature in base_features(arrays, parameters):
        columns.append(
            FeatureColumn(
                feature.name,
                feature.group,
                feature.unit,
                feature.description,
                feature.bar_columns,
                feature.required_bars,
            )
        )
        values[feature.name] = feature.values
    for indicator in CATALOGUE.values():
        if indicator.needs_volume and not wants_volume:
            absent[indicator.name] = NO_VOLUME
            continue
        required = indicator.required_bars(parameters, timeframe)
        names = indicator.columns(timeframe, parameters)
        arrays_out = indicator.compute(arrays, parameters)
        for name, output, column in zip(names, indicator.outputs, arrays_out, strict=True):
            columns.append(
                FeatureColumn(name, indicator.name, output.unit, output.description, indicator.inputs, required)
            )
            values[name] = column
    for described in columns:
        values[described.name] = _without_warm_up(values[described.name], described.required_bars)
    frame = bars.select("ts_utc", "close_ts_utc").with_columns(
        pl.Series(name, column, dtype=pl.Float64) for name, column in values.items()
    )
    return FeatureTable(frame, tuple(columns), absent)


def _without_warm_up(values: FloatArray, required_bars: int) -> FloatArray:
    values = np.array(values, dtype=np.float64)
    values[: required_bars - 1] = np.nan
    return values
