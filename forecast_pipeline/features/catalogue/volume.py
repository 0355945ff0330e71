"""Volume: flow of money first, then volume beside returns and level of the volume; absent without volume."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.core18 import session_bars
from forecast_pipeline.features.catalogue.indicator import (
    SESSION_ORIGIN,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.volume_level import VOLUME_LEVEL
from forecast_pipeline.features.catalogue.volume_price import VOLUME_PRICE
from forecast_pipeline.features.indicators import decayed_money_flow, klinger, money_flow, volume_force
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

_GROUP = "volume"
_HLCV = ("high", "low", "close", "volume")
_SIGNED = "-1 to 1"

VOLUME: tuple[Indicator, ...] = (
    Indicator(
        name="accumulation_distribution",
        group=_GROUP,
        summary="Accumulation and distribution of the FX day, which starts at 17:00 New York",
        reference="M. Chaikin; TA-Lib AD",
        inputs=(*_HLCV, "ts_utc"),
        outputs=(Output("", _SIGNED, "volume weighted by close location, as a share of the session's"),),
        required_bars=session_bars,
        compute=lambda b, _: (money_flow.accumulation_distribution(b.high, b.low, b.close, b.volume, b.session),),
        origin=SESSION_ORIGIN,
        difference="TA-Lib sums from the first bar of the history, so its level depends on where that is",
    ),
    Indicator(
        name="chaikin_money_flow",
        group=_GROUP,
        summary="Chaikin's money flow, the windowed share of accumulation",
        reference="J. J. Murphy, Technical Analysis of the Financial Markets, 1999",
        inputs=_HLCV,
        outputs=(Output("", _SIGNED, "volume weighted by close location over volume, 0 without volume"),),
        parameters=(lookback(21),),
        required_bars=finite(),
        compute=lambda b, v: (money_flow.chaikin_money_flow(b.high, b.low, b.close, b.volume, v["lookback_bars"]),),
    ),
    Indicator(
        name="chaikin_oscillator",
        group=_GROUP,
        summary="Chaikin's oscillator: fast minus slow average of the accumulation line, without the line's level",
        reference="M. Chaikin; TA-Lib ADOSC",
        inputs=_HLCV,
        outputs=(Output("", "mean volumes", "momentum of accumulation, 0 once all volume is forgotten"),),
        parameters=(
            Parameter(name="fast_bars", default=3, description="fast exponential average"),
            Parameter(name="slow_bars", default=10, description="slow exponential average, also of the volume"),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=lambda v, _, tolerance: bars_to_forget((exponential(v["slow_bars"]),), tolerance),
        compute=lambda b, v: (
            decayed_money_flow.chaikin_oscillator(
                b.high, b.low, b.close, b.volume, v["fast_bars"], v["slow_bars"], tolerance=v["tolerance"]
            ),
        ),
        difference="TA-Lib's divided by the slow average of the volume",
    ),
    Indicator(
        name="twiggs_money_flow",
        group=_GROUP,
        summary="Twiggs' money flow: close location in the true range, Wilder's smoothing",
        reference="C. Twiggs, Incredible Charts, 2002",
        inputs=_HLCV,
        outputs=(Output("", _SIGNED, "smoothed volume weighted by close location over smoothed volume"),),
        parameters=(lookback(21, "bars of Wilder's averages"),),
        required_bars=lambda v, _, tolerance: bars_to_forget((wilder(v["lookback_bars"]),), tolerance) + 1,
        compute=lambda b, v: (
            decayed_money_flow.twiggs_money_flow(
                b.high, b.low, b.close, b.volume, v["lookback_bars"], tolerance=v["tolerance"]
            ),
        ),
    ),
    Indicator(
        name="klinger",
        group=_GROUP,
        summary="Klinger's volume oscillator in its short form: averages of signed volume",
        reference="S. J. Klinger, Technical Analysis of Stocks & Commodities 15:12, 1997",
        inputs=_HLCV,
        outputs=(
            Output("", "mean volumes", "fast minus slow average of volume signed by the typical price"),
            Output("signal", "mean volumes", "exponential average of it"),
        ),
        parameters=(
            Parameter(name="fast_bars", default=34, description="fast exponential average", least=1),
            Parameter(name="slow_bars", default=55, description="slow exponential average, also of the volume"),
            Parameter(name="signal_bars", default=13, description="average of the oscillator", least=1),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget((exponential(v["slow_bars"]), exponential(v["signal_bars"])), tolerance) + 1
        ),
        compute=lambda b, v: klinger.klinger(
            b.high,
            b.low,
            b.close,
            b.volume,
            fast_bars=v["fast_bars"],
            slow_bars=v["slow_bars"],
            signal_bars=v["signal_bars"],
            tolerance=v["tolerance"],
        ),
        difference="Klinger's own weighs by ranges summed since the trend turned, which has no finite memory",
    ),
    Indicator(
        name="force_index",
        group=_GROUP,
        summary="Elder's force index over a window, simple means",
        reference="A. Elder, Trading for a Living, 1993",
        inputs=_HLCV,
        outputs=(Output("", "mean volumes times mean true ranges", "mean of change times volume"),),
        parameters=(lookback(13, "changes in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: (volume_force.force_index(b.high, b.low, b.close, b.volume, v["lookback_bars"]),),
        difference="Elder's average is exponential and in units of price and volume",
    ),
    Indicator(
        name="ease_of_movement",
        group=_GROUP,
        summary="Arms' ease of movement, free of units and defined without volume",
        reference="R. W. Arms, Volume Cycles in the Stock Market, 1983",
        inputs=_HLCV,
        outputs=(Output("", "squared true ranges", "moves of the bar's middle that little volume made"),),
        parameters=(lookback(14, "moves in the window, and bars of the mean volume"),),
        required_bars=lambda v, *_: 2 * v["lookback_bars"] - 1,
        compute=lambda b, v: (volume_force.ease_of_movement(b.high, b.low, b.close, b.volume, v["lookback_bars"]),),
        difference="Arms divides by the volume, here by the mean of volume and mean volume",
    ),
    *VOLUME_PRICE,
    *VOLUME_LEVEL,
)
"""Flow of money, then volume beside returns, then the level of the volume."""
