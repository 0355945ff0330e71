"""Group F of the planted leaks: every way a feature pipeline is known to look ahead or to serve stale values.

Each is put into the real pipeline in place of the honest part. None of them is reachable from anywhere else.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.bars.resample import resample
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import NEW_YORK
from forecast_pipeline.splits.align import align
from forecast_pipeline.verification.leaking_indicators import LEAKING_INDICATORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast_pipeline.features.compute import Planned
    from forecast_pipeline.verification.pipeline import Join, Pipeline

_FOR_EVER_MINUTES = 10**9


@dataclass(frozen=True, slots=True)
class PlantedLeak:
    """One mutant of the pipeline.

    Attributes:
        code: Its number in group F.
        text: What is wrong with it.
        plant: Puts it into a pipeline.
    """

    code: str
    text: str
    plant: Callable[[Pipeline], Pipeline]


def _on_open_label(base: pl.DataFrame, other: pl.DataFrame, columns: list[str], limit: int) -> pl.DataFrame:
    length = other["close_ts_utc"] - other["ts_utc"]
    return align(base, other.with_columns(close_ts_utc=pl.col("close_ts_utc") - length), columns, 2 * limit)


def _one_bar_stale(base: pl.DataFrame, other: pl.DataFrame, columns: list[str], limit: int) -> pl.DataFrame:
    return align(base, other.with_columns(pl.col(columns).shift(1)), columns, limit)


def _still_forming(base: pl.DataFrame, other: pl.DataFrame, columns: list[str], _limit: int) -> pl.DataFrame:
    """The slow bar that holds the base row, with its final values."""
    holding = other.select(pl.col("ts_utc").alias("holds"), "close_ts_utc", *columns).rename({"close_ts_utc": "until"})
    joined = base.join_asof(holding, left_on="ts_utc", right_on="holds")
    is_inside = pl.col("ts_utc") < pl.col("until")
    return joined.with_columns(pl.when(is_inside).then(pl.col(name)).alias(name) for name in columns).drop(
        "holds", "until"
    )


def _filled_for_ever(base: pl.DataFrame, other: pl.DataFrame, columns: list[str], _limit: int) -> pl.DataFrame:
    return align(base, other, columns, _FOR_EVER_MINUTES)


def _midnight_days(zone: str) -> Callable[[pl.DataFrame, Timeframe], pl.DataFrame]:
    """Day bars from midnight to midnight of a zone, as a resampling by calendar day gives them."""

    def days(candles: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
        honest = resample(candles, timeframe)
        if timeframe is not Timeframe.D1:
            return honest
        day = pl.col("ts_utc").dt.convert_time_zone(zone).dt.truncate("1d").dt.convert_time_zone("UTC")
        made = candles.group_by(day.alias("day"), maintain_order=True).agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            pl.col("spread").mean(),
            pl.len().cast(pl.Int32).alias("n_obs"),
        )
        whole = made.with_columns(
            ts_utc=pl.col("day"), close_ts_utc=pl.col("day") + pl.duration(days=1), n_slots=pl.lit(1440, pl.Int32)
        )
        return whole.select(honest.columns).cast(dict(honest.schema))  # type: ignore[arg-type]  # names to types

    return days


def _interpolated(candles: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """Missing bars of the day drawn as straight lines between their neighbours."""
    bars = resample(candles, timeframe)
    if timeframe is Timeframe.D1 or bars.height < 2:  # noqa: PLR2004 - a line needs two ends
        return bars
    step = f"{timeframe.minutes}m"
    full = pl.DataFrame({"ts_utc": pl.datetime_range(bars["ts_utc"][0], bars["ts_utc"][-1], step, eager=True)})
    known = full.cast({"ts_utc": bars.schema["ts_utc"]}).join(bars, on="ts_utc", how="left")
    numbers = pl.col("open", "high", "low", "close", "volume").interpolate()
    gap = (pl.col("close").is_null()).rle_id()
    sized = known.with_columns(run=pl.len().over(gap), missing=pl.col("close").is_null()).with_columns(numbers)
    at_most_a_day = (pl.col("run") * timeframe.minutes) < Timeframe.D1.minutes
    return (
        sized.filter(~pl.col("missing") | at_most_a_day)
        .with_columns(
            close_ts_utc=pl.col("ts_utc") + pl.duration(minutes=timeframe.minutes),
            n_obs=pl.col("n_obs").fill_null(0),
            n_slots=pl.col("n_slots").fill_null(0),
        )
        .select(bars.columns)
    )


def _joining(join: Join) -> Callable[[Pipeline], Pipeline]:
    return lambda pipeline: dataclasses.replace(pipeline, join=join)


def _resampling(made: Callable[[pl.DataFrame, Timeframe], pl.DataFrame]) -> Callable[[Pipeline], Pipeline]:
    return lambda pipeline: dataclasses.replace(pipeline, resample=made)


def _computing(planned: Planned) -> Callable[[Pipeline], Pipeline]:
    return lambda pipeline: dataclasses.replace(pipeline, planted=(planned,))


_COMPUTED = [PlantedLeak(code, text, _computing(planned)) for code, text, planned in LEAKING_INDICATORS]
_BUILT = [
    PlantedLeak("F1", "slow bars joined by their open", _joining(_on_open_label)),
    PlantedLeak("F2", "slow bars one bar stale", _joining(_one_bar_stale)),
    PlantedLeak("F3", "the slow bar in the making shown with its final values", _joining(_still_forming)),
    PlantedLeak("F13", "values carried forward without limit", _joining(_filled_for_ever)),
    PlantedLeak("F14", "day bars cut at midnight UTC", _resampling(_midnight_days("UTC"))),
    PlantedLeak("F15", "day bars cut at midnight New York, the offset ignored", _resampling(_midnight_days(NEW_YORK))),
    PlantedLeak("F17", "missing bars interpolated", _resampling(_interpolated)),
]
PLANTED_LEAKS = tuple(sorted([*_BUILT, *_COMPUTED], key=lambda leak: int(leak.code[1:])))
"""F1 to F17, in order."""
EXPECTED = {
    **dict.fromkeys(["F1", "F2", "F3", "F13"], "visibility"),
    **dict.fromkeys(["F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F16"], "publication check"),
    **dict.fromkeys(["F14", "F15", "F17"], "grid"),
}
"""The first test that catches each of them."""
