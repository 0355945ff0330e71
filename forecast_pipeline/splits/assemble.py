"""The matrix: base bars, their features and those of other timeframes, as known at each close."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.bars.build import available_timeframes, read_bars
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.schema import check_clock
from forecast_pipeline.features.build import read_features
from forecast_pipeline.features.catalogue.indicator import PEERS
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.cross import read_cross_features
from forecast_pipeline.features.presets import resolve_indicator_timeframes
from forecast_pipeline.splits.align import align
from forecast_pipeline.splits.native_lake import native_features
from forecast_pipeline.splits.visibility import check_visibility

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.native import NativeSource

MARKET_COLUMNS = (
    "ts_utc",
    "close_ts_utc",
    "price",
    "bar_return",
    "bar_open",
    "bar_high",
    "bar_low",
    "spread",
    "fill_ts_utc",
    "fill_price",
)
"""Columns of the matrix that are not features: clock, close, log return of the bar since the last close, its other
prices, measured spread, and the open of the next bar, the first price at which a decision can trade."""

_N_SHOWN = 8


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
        defined_from_us: Close of the bar that ends its warm-up; None if the history is shorter than that.
    """

    name: str
    timeframe: Timeframe
    required_bars: int
    unit: str
    description: str
    bar_columns: tuple[str, ...]
    defined_from_us: int | None


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
        leak_suite: Cuts and findings of the checks of every feature partition read, and how many rows of the
            joins were looked up again.
        upstream: Hash of every partition read.
        native: Past features at their own resolution, opened when a forecaster asks for them.
    """

    frame: pl.DataFrame
    origins: tuple[FeatureOrigin, ...]
    indicator_timeframes: dict[str, list[str]]
    feature_parameters: dict[str, Any]
    absent: dict[str, str]
    sources: list[dict[str, Any]]
    leak_suite: dict[str, int]
    upstream: dict[str, str]
    native: NativeSource | None = None

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(origin.name for origin in self.origins)

    def keeping(self, origins: tuple[FeatureOrigin, ...], absent: Mapping[str, str]) -> Matrix:
        """The same rows with fewer features, and the reasons for those that went."""
        kept = {origin.name for origin in origins}
        dropped = [origin.name for origin in self.origins if origin.name not in kept]
        return dataclasses.replace(
            self, frame=self.frame.drop(dropped), origins=origins, absent=self.absent | dict(absent)
        )


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
    partitions = _partitions(home, symbol, timeframe, wanted)
    matrix = _market(bars.read_frame())
    origins: list[FeatureOrigin] = []
    absent: dict[str, str] = {}
    n_rows_looked_up = 0
    for each, partition in partitions:
        chosen = [column for column in partition.card["columns"] if _is_wanted(column, each, timeframe, wanted)]
        names = [str(column["name"]) for column in chosen]
        features = partition.read_frame(columns=["close_ts_utc", *names])
        closes_us = features["close_ts_utc"].cast(pl.Int64).to_numpy()
        features = features.with_columns(pl.col(names).fill_nan(None))
        limit_minutes = max(each.minutes, timeframe.minutes)
        matrix = align(matrix, features, names, limit_minutes)
        what = f"{partition.card['stage']} of {symbol} {each} on {timeframe}"
        n_rows_looked_up += check_visibility(matrix, features, names, limit_minutes, what)
        origins += [_origin(column, each, closes_us) for column in chosen]
        lacking = {name: why for name, why in partition.card["absent"].items() if each in wanted.get(name, ())}
        absent |= {f"{name} {each}": str(why) for name, why in lacking.items()}
    if not origins:
        raise MissingData(f"{symbol} {timeframe} must have at least one feature", do="check indicator_tfs")
    _require_all(wanted, partitions, absent, symbol)
    check_clock(matrix, f"matrix of {symbol} {timeframe}")
    cards = [partition.card for _, partition in partitions]
    return Matrix(
        frame=matrix,
        origins=tuple(origins),
        indicator_timeframes={name: [t.value for t in timeframes] for name, timeframes in wanted.items()},
        feature_parameters=partitions[0][1].card["parameters"],
        absent=absent,
        sources=bars.card["sources"],
        leak_suite={name: sum(int(card["leak_check"][name]) for card in cards) for name in ("n_cuts", "n_findings")}
        | {"n_rows_looked_up": n_rows_looked_up},
        upstream={f"bars/{timeframe}": bars.sha256}
        | {f"{partition.card['stage']}/{each}": partition.sha256 for each, partition in partitions},
        native=native_features(home, symbol, timeframe),
    )


def _partitions(
    home: Home, symbol: str, base: Timeframe, wanted: Mapping[str, Sequence[Timeframe]]
) -> list[tuple[Timeframe, Published]]:
    """Feature partitions that hold what is wanted, the base timeframe's first."""
    slower = {t for timeframes in wanted.values() for t in timeframes} - {base}
    found = [(each, read_features(home, symbol, each)) for each in (base, *sorted(slower))]
    crossed = {t for name, timeframes in wanted.items() if PEERS in CATALOGUE[name].needs for t in timeframes}
    return found + [(each, read_cross_features(home, symbol, each)) for each in sorted(crossed)]


def _require_all(
    wanted: Mapping[str, Sequence[Timeframe]],
    partitions: Sequence[tuple[Timeframe, Published]],
    absent: Mapping[str, str],
    symbol: str,
) -> None:
    held = {(c["indicator"], each) for each, partition in partitions for c in partition.card["columns"]}
    lacking = [
        f"{name} {each}"
        for name, timeframes in wanted.items()
        for each in timeframes
        if (name, each) not in held and f"{name} {each}" not in absent
    ]
    if lacking:
        raise MissingData(
            f"features of {symbol} must hold every indicator that is asked for",
            was=f"no {', '.join(lacking[:_N_SHOWN])}"
            + (f" and {len(lacking) - _N_SHOWN} more" if len(lacking) > _N_SHOWN else ""),
            do="build the features again; features.indicators names what is computed beside splits.indicator_tfs",
        )


def _market(bars: pl.DataFrame) -> pl.DataFrame:
    follows = pl.col("close_ts_utc").shift(1) == pl.col("ts_utc")
    # Friday's close to Sunday's open is one slot on the trading clock, but its return is not one bar's.
    bar_return = pl.when(follows.fill_null(value=False)).then((pl.col("close") / pl.col("close").shift(1)).log())
    within = (pl.col("close") / pl.col("open")).log()
    return bars.with_columns(
        pl.col("close").alias("price"),
        bar_return.otherwise(within).alias("bar_return"),
        pl.col("open", "high", "low").name.prefix("bar_"),
        pl.col("ts_utc").shift(-1).alias("fill_ts_utc"),  # the next open: used to value trades, never as an input
        pl.col("open").shift(-1).alias("fill_price"),
    ).select(MARKET_COLUMNS)


def _is_wanted(
    column: Mapping[str, Any], timeframe: Timeframe, base: Timeframe, wanted: Mapping[str, Sequence[Timeframe]]
) -> bool:
    indicator = CATALOGUE.get(str(column["indicator"]))
    if indicator is not None and indicator.is_base:
        return timeframe == base  # relative prices, clock and realised volatility belong to their own timeframe
    return timeframe in wanted.get(str(column["indicator"]), ())


def _origin(column: Mapping[str, Any], timeframe: Timeframe, closes_us: npt.NDArray[np.int64]) -> FeatureOrigin:
    required_bars = int(column["required_bars"])
    is_long_enough = closes_us.size >= required_bars
    return FeatureOrigin(
        name=str(column["name"]),
        timeframe=timeframe,
        required_bars=required_bars,
        unit=str(column["unit"]),
        description=str(column["description"]),
        bar_columns=tuple(column["bar_columns"]),
        defined_from_us=int(closes_us[required_bars - 1]) if is_long_enough else None,
    )
