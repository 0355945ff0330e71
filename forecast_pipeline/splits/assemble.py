"""The matrix: base bars, their features and those of other timeframes, as known at each close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.bars.build import available_timeframes, read_bars
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.schema import check_clock
from forecast_pipeline.features.build import read_features
from forecast_pipeline.features.catalogue import CATALOGUE
from forecast_pipeline.features.presets import resolve_indicator_timeframes
from forecast_pipeline.splits.align import align

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe

MARKET_COLUMNS = ("ts_utc", "close_ts_utc", "price", "bar_return", "spread", "fill_ts_utc", "fill_price")
"""Columns of the matrix that are not features: clock, close, log return of the bar since the last close,
measured spread, and the open of the next bar, the first price at which a decision can trade."""


@dataclass(frozen=True, slots=True)
class FeatureOrigin:
    """Where a matrix column comes from.

    Attributes:
        name: Column name, the same in the matrix and in the feature partition.
        timeframe: Timeframe whose partition holds it.
        required_bars: Warm-up of the column in bars of that timeframe.
        unit: Unit of its values.
        description: What it measures.
        bar_columns: Columns of that timeframe's bars it is computed from.
    """

    name: str
    timeframe: Timeframe
    required_bars: int
    unit: str
    description: str
    bar_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Aligned rows of one base timeframe.

    Attributes:
        frame: `MARKET_COLUMNS`, then Float32 features; one row a base bar, oldest first.
        origins: One entry a feature, in column order.
        indicator_timeframes: The configuration as resolved.
        feature_parameters: Lookbacks the features of the base timeframe were computed with.
        absent: Features that were asked for and cannot be computed, with the reason.
        sources: Vendor files behind the bars.
        leak_suite: Cuts and findings of the truncation checks of every feature partition read.
        upstream: Hash of every partition read.
    """

    frame: pl.DataFrame
    origins: tuple[FeatureOrigin, ...]
    indicator_timeframes: dict[str, list[str]]
    feature_parameters: dict[str, Any]
    absent: dict[str, str]
    sources: list[dict[str, Any]]
    leak_suite: dict[str, int]
    upstream: dict[str, str]

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(origin.name for origin in self.origins)

    @property
    def base_warmup_bars(self) -> int:
        """Rows before every feature of the base timeframe is defined."""
        base = [o.required_bars for o in self.origins if o.timeframe == self.frame_timeframe]
        return max(base, default=0)

    @property
    def frame_timeframe(self) -> Timeframe:
        """Base timeframe: the one of the first feature."""
        return self.origins[0].timeframe


def assemble(
    home: Home,
    symbol: str,
    timeframe: Timeframe,
    indicator_tfs: Mapping[str, Sequence[str]],
    indicator_preset: str,
) -> Matrix:
    """Join the features of all timeframes asked for onto the base bars.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe, the clock of the rows.
        indicator_tfs: Indicators by timeframe; empty means the preset.
        indicator_preset: Name of the preset.

    Raises:
        MissingData: If bars or features that are needed have not been built.
    """
    bars = read_bars(home, symbol, timeframe)
    wanted = resolve_indicator_timeframes(
        {name: list(timeframes) for name, timeframes in indicator_tfs.items()},
        indicator_preset,
        timeframe,
        available_timeframes(home, symbol),
    )
    partitions = {timeframe: read_features(home, symbol, timeframe)}
    for each in sorted(
        {t for timeframes in wanted.values() for t in timeframes} - {timeframe}, key=lambda t: t.minutes
    ):
        partitions[each] = read_features(home, symbol, each)
    matrix = _market(bars.read_frame())
    origins: list[FeatureOrigin] = []
    absent: dict[str, str] = {}
    for each, partition in partitions.items():
        chosen = [column for column in partition.card["columns"] if _is_wanted(column, each, timeframe, wanted)]
        names = [str(column["name"]) for column in chosen]
        features = partition.read_frame().select("close_ts_utc", pl.col(names).cast(pl.Float32).fill_nan(None))
        matrix = align(matrix, features, names, max(each.minutes, timeframe.minutes))
        origins += [_origin(column, each) for column in chosen]
        lacking = {name: why for name, why in partition.card["absent"].items() if each in wanted.get(name, ())}
        absent |= {f"{name} {each}": str(why) for name, why in lacking.items()}
    if not origins:
        raise MissingData(f"{symbol} {timeframe} must have at least one feature", do="check indicator_tfs")
    check_clock(matrix, f"matrix of {symbol} {timeframe}")
    return Matrix(
        frame=matrix,
        origins=tuple(origins),
        indicator_timeframes={name: [t.value for t in timeframes] for name, timeframes in wanted.items()},
        feature_parameters=partitions[timeframe].card["parameters"],
        absent=absent,
        sources=bars.card["sources"],
        leak_suite={
            name: sum(int(partition.card["leak_check"][name]) for partition in partitions.values())
            for name in ("n_cuts", "n_findings")
        },
        upstream={f"bars/{timeframe}": bars.sha256}
        | {f"features/{each}": partition.sha256 for each, partition in partitions.items()},
    )


def _market(bars: pl.DataFrame) -> pl.DataFrame:
    follows = pl.col("close_ts_utc").shift(1) == pl.col("ts_utc")
    # Friday's close to Sunday's open is one slot on the trading clock, but its return is not one bar's.
    bar_return = pl.when(follows.fill_null(value=False)).then((pl.col("close") / pl.col("close").shift(1)).log())
    within = (pl.col("close") / pl.col("open")).log()
    return bars.with_columns(
        pl.col("close").alias("price"),
        bar_return.otherwise(within).alias("bar_return"),
        pl.col("ts_utc").shift(-1).alias("fill_ts_utc"),  # the next open: used to value trades, never as an input
        pl.col("open").shift(-1).alias("fill_price"),
    ).select(MARKET_COLUMNS)


def _is_wanted(
    column: Mapping[str, Any], timeframe: Timeframe, base: Timeframe, wanted: Mapping[str, Sequence[Timeframe]]
) -> bool:
    indicator = str(column["indicator"])
    if indicator in CATALOGUE:
        return timeframe in wanted.get(indicator, ())
    return timeframe == base  # relative prices, clock and realised volatility belong to their own timeframe


def _origin(column: Mapping[str, Any], timeframe: Timeframe) -> FeatureOrigin:
    return FeatureOrigin(
        name=str(column["name"]),
        timeframe=timeframe,
        required_bars=int(column["required_bars"]),
        unit=str(column["unit"]),
        description=str(column["description"]),
        bar_columns=tuple(column["bar_columns"]),
    )
