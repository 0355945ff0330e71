"""Channels: bands around averages, and after them extremes, ranks and deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.features.catalogue.channel_spread import CHANNEL_SPREAD
from forecast_pipeline.features.catalogue.core18 import levels
from forecast_pipeline.features.catalogue.indicator import (
    LOG_DISTANCE,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.indicators import atr_bands, bands, range_bands
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast_pipeline.core.timeframe import Timeframe

_GROUP = "channel"
_HLC = ("high", "low", "close")


def _width(default: float, description: str) -> Parameter:
    return Parameter(name="width", default=default, description=description, least=0.1, most=10.0)


def _two(level: str) -> tuple[Output, ...]:
    return tuple(Output(suffix, LOG_DISTANCE, f"distance of the close from the {suffix} {level}") for suffix in _SIDES)


_SIDES = ("upper", "lower")


def _atr_bars(name: str, extra: int = 1) -> Callable[[Mapping[str, Any], Timeframe, float], int]:
    return lambda v, _, tolerance: bars_to_forget((wilder(v[name]),), tolerance) + extra


_ATR_BARS = Parameter(name="atr_lookback_bars", default=15, description="bars of Wilder's average true range")

CHANNEL: tuple[Indicator, ...] = (
    Indicator(
        name="envelope",
        group=_GROUP,
        summary="Place of the close in an envelope of fixed width around its simple mean",
        reference="J. J. Murphy, Technical Analysis of the Financial Markets, 1999",
        inputs=("close",),
        outputs=(Output("", "-1 to 1 inside", "1 at the upper band, -1 at the lower, beyond them outside"),),
        parameters=(
            lookback(40),
            Parameter(
                name="width_fraction", default=0.0025, description="band's distance over the mean", least=1e-5, most=0.5
            ),
        ),
        required_bars=finite(),
        compute=lambda b, v: (bands.envelope(b.close, v["lookback_bars"], v["width_fraction"]),),
    ),
    Indicator(
        name="starc",
        group=_GROUP,
        summary="Stoller's average range channel: short simple mean, Wilder's average true range",
        reference="M. Stoller's STARC bands, 1980s",
        inputs=_HLC,
        outputs=levels("STARC band"),
        parameters=(
            lookback(6, "bars of the simple mean"),
            _ATR_BARS,
            _width(2.0, "average true ranges to a band"),
        ),
        required_bars=lambda v, _, tolerance: max(
            v["lookback_bars"], bars_to_forget((wilder(v["atr_lookback_bars"]),), tolerance) + 1
        ),
        compute=lambda b, v: range_bands.starc(
            b.high, b.low, b.close, v["lookback_bars"], atr_lookback_bars=v["atr_lookback_bars"], width=v["width"]
        ),
    ),
    Indicator(
        name="acceleration_bands",
        group=_GROUP,
        summary="Headley's acceleration bands",
        reference="P. Headley, Big Trends in Trading, 2002; TA-Lib ACCBANDS",
        inputs=_HLC,
        outputs=_two("acceleration band"),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: bands.acceleration_bands(b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="chandelier_exit",
        group=_GROUP,
        summary="Le Beau's chandelier exits: average true ranges from the window's extremes",
        reference="C. Le Beau; A. Elder, Come Into My Trading Room, 2002",
        inputs=_HLC,
        outputs=(
            Output("long", LOG_DISTANCE, "distance of the close from the exit of a long position"),
            Output("short", LOG_DISTANCE, "distance of the close from the exit of a short position"),
        ),
        parameters=(
            lookback(22, "window of the extremes, and bars of Wilder's average true range"),
            _width(3.0, "average true ranges from the extreme"),
        ),
        required_bars=_atr_bars("lookback_bars"),
        compute=lambda b, v: atr_bands.chandelier_exit(b.high, b.low, b.close, v["lookback_bars"], v["width"]),
    ),
    Indicator(
        name="keltner_simple",
        group=_GROUP,
        summary="Keltner's own channel: simple means of typical prices and of ranges",
        reference="C. W. Keltner, How To Make Money in Commodities, 1960",
        inputs=_HLC,
        outputs=levels("line of Keltner's own channel"),
        parameters=(lookback(10, "bars of both means"),),
        required_bars=finite(),
        compute=lambda b, v: range_bands.keltner_simple(b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="keltner_width",
        group=_GROUP,
        summary="Width of Raschke's Keltner channel",
        reference="L. B. Raschke, Street Smarts, 1996",
        inputs=_HLC,
        outputs=(Output("", "fraction of the middle", "distance between upper and lower line"),),
        parameters=(
            lookback(20, "bars of the exponential mean"),
            Parameter(name="atr_lookback_bars", default=10, description="bars of the average true range"),
            _width(2.0, "average true ranges to a line"),
        ),
        required_bars=lambda v, _, tolerance: max(
            bars_to_forget((exponential(v["lookback_bars"]),), tolerance),
            bars_to_forget((wilder(v["atr_lookback_bars"]),), tolerance) + 1,
        ),
        compute=lambda b, v: (
            atr_bands.keltner_width(
                b.high, b.low, b.close, v["lookback_bars"], atr_lookback_bars=v["atr_lookback_bars"], width=v["width"]
            ),
        ),
    ),
    Indicator(
        name="atr_bands",
        group=_GROUP,
        summary="Bands of average true ranges around the close before: a breakout of the last bar's range",
        reference="J. W. Wilder, New Concepts in Technical Trading Systems, 1978, volatility system",
        inputs=_HLC,
        outputs=_two("band around the last close"),
        parameters=(
            lookback(14, "bars of Wilder's average true range"),
            _width(1.5, "average true ranges to a band"),
        ),
        required_bars=_atr_bars("lookback_bars", 2),
        compute=lambda b, v: atr_bands.atr_bands(b.high, b.low, b.close, v["lookback_bars"], v["width"]),
        difference="Wilder measures from the extreme close of the trade, which has no finite memory",
    ),
    Indicator(
        name="moving_average_channel",
        group=_GROUP,
        summary="Simple means of the highs and of the lows",
        reference="J. Bernstein's moving average channel",
        inputs=_HLC,
        outputs=(
            Output("upper", LOG_DISTANCE, "distance of the close from the mean of the highs"),
            Output("lower", LOG_DISTANCE, "distance of the close from the mean of the lows"),
        ),
        parameters=(
            Parameter(name="high_bars", default=10, description="highs in the upper line"),
            Parameter(name="low_bars", default=8, description="lows in the lower line"),
        ),
        required_bars=lambda v, *_: max(v["high_bars"], v["low_bars"]),
        compute=lambda b, v: bands.moving_average_channel(b.high, b.low, b.close, v["high_bars"], v["low_bars"]),
    ),
    *CHANNEL_SPREAD,
)
"""Bands around averages first, then those of `channel_spread`."""
