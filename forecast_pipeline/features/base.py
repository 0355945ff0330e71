"""Base features of a timeframe: relative prices, closures, the clock, realised volatility.

Their names carry no timeframe, because a matrix takes them from its base timeframe only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, NEW_YORK
from forecast_pipeline.features.indicators.volatility import realised_volatility, return_std

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray
    from forecast_pipeline.features.parameters import FeatureParameters

LONDON = "Europe/London"
_DAYS_PER_WEEK = 7
_LOG_RETURN, _FLAG, _CYCLE = "log return", "0 or 1", "-1 to 1"


@dataclass(frozen=True, slots=True)
class BaseFeature:
    """One base column with its values, described like an indicator's."""

    name: str
    group: str
    unit: str
    description: str
    bar_columns: tuple[str, ...]
    required_bars: int
    values: FloatArray


def base_features(bars: BarArrays, parameters: FeatureParameters) -> list[BaseFeature]:
    """All base features, in column order.

    ``rel_open`` compares with the last close that exists, so after a weekend or a hole it spans that closure;
    ``is_after_closure`` marks exactly those rows. The clock is read at ``close_ts_utc``, the instant of the
    decision, with minutes as a fraction of the hour.

    Args:
        bars: Arrays of shape ``(T,)``.
        parameters: Where ``rv_window`` stands.

    Returns:
        Columns of shape ``(T,)``; NaN only in the first row or the first ``rv_window`` rows.
    """
    lookback = parameters.rv_window
    return [
        *_relative_prices(bars),
        *_clock(bars.closes_us),
        BaseFeature(
            f"rv_{lookback}",
            "realised_volatility",
            "sqrt of summed squared log returns",
            f"realised volatility of {lookback} bars, not annualised",
            ("close",),
            lookback + 1,
            realised_volatility(bars.close, lookback),
        ),
        BaseFeature(
            f"retstd_{lookback}",
            "realised_volatility",
            _LOG_RETURN,
            f"standard deviation of {lookback} log returns, ddof 0",
            ("close",),
            lookback + 1,
            return_std(bars.close, lookback),
        ),
    ]


def _relative_prices(bars: BarArrays) -> list[BaseFeature]:
    after_previous = np.full(bars.close.size, np.nan)
    after_previous[1:] = np.log(bars.open[1:] / bars.close[:-1])
    spans_closure = np.full(bars.close.size, np.nan)
    spans_closure[1:] = bars.closes_us[:-1] != bars.opens_us[1:]
    group = "relative_ohlc"
    described = (
        ("rel_open", _LOG_RETURN, "log(open / previous close)", ("open", "close"), 2, after_previous),
        ("rel_high", _LOG_RETURN, "log(high / open)", ("high", "open"), 1, np.log(bars.high / bars.open)),
        ("rel_low", _LOG_RETURN, "log(low / open)", ("low", "open"), 1, np.log(bars.low / bars.open)),
        ("rel_close", _LOG_RETURN, "log(close / open)", ("close", "open"), 1, np.log(bars.close / bars.open)),
        (
            "is_after_closure",
            _FLAG,
            "rel_open spans a closure or a hole",
            ("ts_utc", "close_ts_utc"),
            2,
            spans_closure,
        ),
    )
    return [
        BaseFeature(name, group, unit, text, columns, required, values)
        for name, unit, text, columns, required, values in described
    ]


def _clock(closes_us: npt.NDArray[np.int64]) -> list[BaseFeature]:
    instants = pl.Series(closes_us).cast(pl.Datetime("us", "UTC"))
    weekday = (instants.dt.weekday() - 1).to_numpy().astype(np.int64)  # Monday is 0
    cycles = (
        ("hour", "hour of the day, UTC", _minute_of_day(instants), MINUTES_PER_DAY),
        ("dow", "day of the week, UTC, Monday first", weekday, _DAYS_PER_WEEK),
        (
            "new_york_hour",
            "hour of the day, New York",
            _minute_of_day(instants.dt.convert_time_zone(NEW_YORK)),
            MINUTES_PER_DAY,
        ),
        (
            "london_hour",
            "hour of the day, London",
            _minute_of_day(instants.dt.convert_time_zone(LONDON)),
            MINUTES_PER_DAY,
        ),
    )
    features = []
    for name, text, place, length in cycles:
        angle = 2.0 * np.pi * np.arange(length) / length  # looked up: one value for one place on the circle
        for suffix, wave in (("sin", np.sin(angle)), ("cos", np.cos(angle))):
            features.append(
                BaseFeature(
                    f"{name}_{suffix}",
                    "clock",
                    _CYCLE,
                    f"{suffix} of the {text}",
                    ("close_ts_utc",),
                    1,
                    wave[place],
                )
            )
    return features


def _minute_of_day(instants: pl.Series) -> npt.NDArray[np.int64]:
    hour, minute = instants.dt.hour().cast(pl.Int64), instants.dt.minute().cast(pl.Int64)
    return (hour * 60 + minute).to_numpy()
