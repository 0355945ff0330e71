"""What every timeframe has beside its indicators: relative prices, the clock, realised volatility.

Their names carry no timeframe, because a matrix takes them from its base timeframe only.
"""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import FLAG, LOG_RETURN, Indicator, Output, finite, lookback
from forecast_pipeline.features.indicators import bar, clock, volatility

_CYCLE = "-1 to 1"
_CLOCKS = (
    ("hour", "hour of the day, UTC"),
    ("dow", "day of the week, UTC, Monday first"),
    ("new_york_hour", "hour of the day, New York"),
    ("london_hour", "hour of the day, London"),
)
_SPECIFIED = "specification, relative OHLC features"
_RV = lookback(60, "log returns in the window", setting="rv_window")

BASE = (
    Indicator(
        name="relative_open",
        group="base",
        summary="Open relative to the last close that exists",
        reference=_SPECIFIED,
        inputs=("open", "close"),
        outputs=(Output("rel_open", LOG_RETURN, "log(open / previous close); spans a closure after one"),),
        required_bars=lambda *_: 2,
        compute=lambda b, _: (bar.relative_open(b.open, b.close),),
        is_base=True,
    ),
    Indicator(
        name="relative_range",
        group="base",
        summary="High, low and close relative to the bar's own open",
        reference=_SPECIFIED,
        inputs=("open", "high", "low", "close"),
        outputs=(
            Output("rel_high", LOG_RETURN, "log(high / open)"),
            Output("rel_low", LOG_RETURN, "log(low / open)"),
            Output("rel_close", LOG_RETURN, "log(close / open)"),
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: bar.relative_range(b.open, b.high, b.low, b.close),
        is_base=True,
    ),
    Indicator(
        name="closure",
        group="base",
        summary="Whether the bar follows a weekend or a hole",
        reference="docs/parameters.md, relative prices",
        inputs=("ts_utc", "close_ts_utc"),
        outputs=(Output("is_after_closure", FLAG, "rel_open spans a closure or a hole"),),
        required_bars=lambda *_: 2,
        compute=lambda b, _: (bar.is_after_closure(b.opens_us, b.closes_us),),
        is_base=True,
    ),
    Indicator(
        name="clock",
        group="base",
        summary="Hour and weekday as points on a circle, read at the close of the bar",
        reference="specification, temporal features; New York and London added",
        inputs=("close_ts_utc",),
        outputs=tuple(
            Output(f"{name}_{wave}", _CYCLE, f"{wave} of the {text}")
            for name, text in _CLOCKS
            for wave in ("sin", "cos")
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: clock.clock_cycles(b.closes_us),
        is_base=True,
    ),
    Indicator(
        name="realised_volatility",
        group="base",
        summary="Root of summed squared log returns, not annualised",
        reference="Andersen, Bollerslev, Diebold, Labys, Econometrica 71, 2003, eq. 2",
        inputs=("close",),
        outputs=(Output("rv", "sqrt of summed squared log returns", "realised volatility of the window"),),
        parameters=(_RV,),
        required_bars=finite(1),
        compute=lambda b, v: (volatility.realised_volatility(b.close, v["lookback_bars"]),),
        is_base=True,
    ),
    Indicator(
        name="return_std",
        group="base",
        summary="Standard deviation of log returns, ddof 0",
        reference="specification, realised volatility; its second definition",
        inputs=("close",),
        outputs=(Output("retstd", LOG_RETURN, "standard deviation of the window's log returns"),),
        parameters=(_RV,),
        required_bars=finite(1),
        compute=lambda b, v: (volatility.return_std(b.close, v["lookback_bars"]),),
        is_base=True,
    ),
)
"""Computed for every timeframe, whatever indicators are chosen."""
