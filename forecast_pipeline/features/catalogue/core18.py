"""The specification's eighteen indicators, in its order.

All outputs are dimensionless, because a model meets them over years in which the price level moves: ``ema``,
``sma``, ``bollinger``, ``keltner``, ``donchian`` and ``vwap`` are stored as the log distance of the close from
their level, ``log(close / level)``; ``atr`` and ``macd`` as fractions of the close; the oscillators keep their
own scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.catalogue.indicator import (
    FRACTION,
    LOG_DISTANCE,
    PERCENT_SCALE,
    SESSION_ORIGIN,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.warm_up import chain
from forecast_pipeline.features.indicators import channel, momentum, statistics, trend, volatility, volume
from forecast_pipeline.features.warm_up import exponential, wilder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.core.timeframe import Timeframe


def levels(level: str) -> tuple[Output, ...]:
    """Outputs of a band: upper, middle and lower line."""
    return tuple(
        Output(suffix, LOG_DISTANCE, f"distance of the close from the {suffix} {level}")
        for suffix in ("upper", "middle", "lower")
    )


def session_bars(_: Mapping[str, Any], timeframe: Timeframe, _tolerance: float) -> int:
    """A whole session and the close before it: then the present session began inside the history."""
    return -(-MINUTES_PER_DAY // timeframe.minutes) + 1


wilder_bars = chain((wilder, "lookback_bars"), extra=1)
"""Warm-up of Wilder's average of changes over ``lookback_bars``."""

exponential_bars = chain((exponential, "lookback_bars"))
"""Warm-up of one exponential average over ``lookback_bars``."""


_HLC = ("high", "low", "close")
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"
_VOLATILITY, _MOMENTUM, _TREND = "volatility", "momentum", "trend"
_VOLUME, _CHANNEL, _ADVANCED = "volume", "channel", "advanced"

CORE18 = (
    Indicator(
        name="atr",
        group=_VOLATILITY,
        summary="Average true range, Wilder's smoothing",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", FRACTION, "mean range of a bar, gaps included"),),
        parameters=(lookback(14, "bars of Wilder's average", setting="atr_n"),),
        required_bars=wilder_bars,
        compute=lambda b, v: (volatility.atr(b.high, b.low, b.close, v["lookback_bars"]),),
        difference="TA-Lib's NATR without the factor 100",
    ),
    Indicator(
        name="bollinger",
        group=_VOLATILITY,
        summary="Bollinger bands, simple mean and standard deviation with ddof 0",
        reference="J. Bollinger, Bollinger on Bollinger Bands, 2001, ch. 7",
        inputs=("close",),
        outputs=levels("Bollinger band"),
        parameters=(
            lookback(20, setting="bb_n"),
            Parameter(name="width", default=2.0, description="standard deviations to a band", least=0.1, most=10.0),
        ),
        required_bars=finite(),
        compute=lambda b, v: volatility.bollinger(b.close, v["lookback_bars"], v["width"]),
    ),
    Indicator(
        name="keltner",
        group=_CHANNEL,
        summary="Keltner channel, Raschke's variant: exponential mean of closes, Wilder's average true range",
        reference="L. B. Raschke, Street Smarts, 1996",
        inputs=_HLC,
        outputs=levels("Keltner line"),
        parameters=(
            lookback(20, "bars of the exponential mean"),
            Parameter(name="atr_lookback_bars", default=10, description="bars of the average true range"),
            Parameter(name="width", default=2.0, description="true ranges to a line", least=0.1, most=10.0),
        ),
        required_bars=lambda v, timeframe, tolerance: max(
            chain((exponential, "lookback_bars"))(v, timeframe, tolerance),
            chain((wilder, "atr_lookback_bars"), extra=1)(v, timeframe, tolerance),
        ),
        compute=lambda b, v: volatility.keltner(
            b.high, b.low, b.close, v["lookback_bars"], atr_lookback_bars=v["atr_lookback_bars"], width=v["width"]
        ),
        difference="not Keltner's own, which used simple means of typical prices and of ranges",
    ),
    Indicator(
        name="rsi",
        group=_MOMENTUM,
        summary="Relative strength index, Wilder's smoothing",
        reference=_WILDER,
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "share of gains in the smoothed changes of the close"),),
        parameters=(lookback(14, "bars of Wilder's average", setting="rsi_n"),),
        required_bars=wilder_bars,
        compute=lambda b, v: (momentum.rsi(b.close, v["lookback_bars"], v["tolerance"]),),
        difference="50 once a market that stands still has been forgotten, where TA-Lib says 0 or its last value",
    ),
    Indicator(
        name="stochastic",
        group=_MOMENTUM,
        summary="Lane's slow stochastic",
        reference="G. C. Lane, Technical Analysis of Stocks & Commodities 2:3, 1984",
        inputs=_HLC,
        outputs=(
            Output("k", PERCENT_SCALE, "place of the close in the recent range, smoothed"),
            Output("d", PERCENT_SCALE, "the same, smoothed once more"),
        ),
        parameters=(
            lookback(14, "bars whose range counts"),
            Parameter(name="k_bars", default=3, description="simple mean that makes %K", least=1),
            Parameter(name="d_bars", default=3, description="simple mean that makes %D", least=1),
        ),
        required_bars=lambda v, *_: v["lookback_bars"] + v["k_bars"] + v["d_bars"] - 2,
        compute=lambda b, v: momentum.stochastic(
            b.high, b.low, b.close, v["lookback_bars"], k_bars=v["k_bars"], d_bars=v["d_bars"]
        ),
        difference="a range of zero counts as 50, where TA-Lib says 0",
    ),
    Indicator(
        name="cci",
        group=_MOMENTUM,
        summary="Commodity channel index",
        reference="D. R. Lambert, Commodities 9, 1980",
        inputs=_HLC,
        outputs=(Output("", "0.015 mean deviations", "distance of the typical price from its mean"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (momentum.cci(b.high, b.low, b.close, v["lookback_bars"]),),
        difference="0 where typical prices are equal up to rounding",
    ),
    Indicator(
        name="williams_r",
        group=_MOMENTUM,
        summary="Williams' %R",
        reference="L. Williams, How I Made One Million Dollars, 1973",
        inputs=_HLC,
        outputs=(Output("", "-100 to 0", "distance of the close below the top of the recent range"),),
        parameters=(lookback(14, "bars whose range counts"),),
        required_bars=finite(),
        compute=lambda b, v: (momentum.williams_r(b.high, b.low, b.close, v["lookback_bars"]),),
        difference="a range of zero gives -50, where TA-Lib says 0",
    ),
    Indicator(
        name="mfi",
        group=_MOMENTUM,
        summary="Money flow index, typical prices compared without rounding noise",
        reference="G. Quong, A. Soudack, Technical Analysis of Stocks & Commodities 7:3, 1989",
        inputs=(*_HLC, "volume"),
        outputs=(Output("", PERCENT_SCALE, "share of flow that came with a rising typical price"),),
        parameters=(lookback(14, "changes of the typical price"),),
        required_bars=finite(1),
        compute=lambda b, v: (momentum.mfi(b.high, b.low, b.close, b.volume, v["lookback_bars"]),),
        difference="typical prices that are equal in ticks are equal; an unrecorded volume spoils its windows only",
    ),
    Indicator(
        name="macd",
        group=_TREND,
        summary="Moving average convergence and divergence",
        reference="G. Appel, The Moving Average Convergence-Divergence Trading Method, 1979",
        inputs=("close",),
        outputs=(
            Output("", FRACTION, "fast minus slow exponential average of the close"),
            Output("signal", FRACTION, "exponential average of the line"),
            Output("histogram", FRACTION, "line minus signal"),
        ),
        parameters=(
            Parameter(name="fast_bars", default=12, description="fast exponential average"),
            Parameter(name="slow_bars", default=26, description="slow exponential average"),
            Parameter(name="signal_bars", default=9, description="exponential average of the line", least=1),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=chain((exponential, "slow_bars"), (exponential, "signal_bars")),
        compute=lambda b, v: trend.macd(b.close, v["fast_bars"], v["slow_bars"], v["signal_bars"]),
        difference="TA-Lib's MACD over the close",
    ),
    Indicator(
        name="adx",
        group=_TREND,
        summary="Average directional movement index, Wilder's smoothing twice",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", PERCENT_SCALE, "strength of the trend, whichever way"),),
        parameters=(lookback(14, "bars of each average"),),
        required_bars=chain(*((wilder, "lookback_bars"),) * 2, extra=1),
        compute=lambda b, v: (trend.adx(b.high, b.low, b.close, v["lookback_bars"], v["tolerance"]),),
        difference="TA-Lib starts with one movement less; moves that are equal in ticks tie here",
    ),
    Indicator(
        name="ema",
        group=_TREND,
        summary="Exponential moving average",
        reference="TA-Lib EMA: simple mean first, then 2 / (n + 1)",
        inputs=("close",),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the average"),),
        # Neither the middle of Keltner's channel (20) nor a leg of the MACD (12, 26).
        parameters=(lookback(30, "length of the average"),),
        required_bars=exponential_bars,
        compute=lambda b, v: (trend.ema(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="sma",
        group=_TREND,
        summary="Simple moving average",
        reference="TA-Lib SMA",
        inputs=("close",),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the average"),),
        parameters=(lookback(50),),  # the Bollinger middle is the simple mean of 20
        required_bars=finite(),
        compute=lambda b, v: (trend.sma(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="trix",
        group=_TREND,
        summary="Return of the triple exponential average",
        reference="J. K. Hutson, Technical Analysis of Stocks & Commodities 1:5, 1983",
        inputs=("close",),
        outputs=(Output("", "simple return per bar", "slope of the smoothed close"),),
        parameters=(lookback(15, "length of each average"),),
        required_bars=chain(*((exponential, "lookback_bars"),) * 3, extra=1),
        compute=lambda b, v: (trend.trix(b.close, v["lookback_bars"]),),
        difference="TA-Lib's without the factor 100",
    ),
    Indicator(
        name="obv",
        group=_VOLUME,
        summary="On-balance volume of the FX day, which starts at 17:00 New York",
        reference="J. E. Granville, New Key to Stock Market Profits, 1963",
        inputs=("close", "volume"),
        outputs=(Output("", "-1 to 1", "signed volume of the session as a share of its volume"),),
        required_bars=session_bars,
        compute=lambda b, _: (volume.obv(b.close, b.volume, b.session),),
        origin=SESSION_ORIGIN,
        difference="TA-Lib sums from the first bar of the history, so its level depends on where that is",
    ),
    Indicator(
        name="vwap",
        group=_VOLUME,
        summary="Volume-weighted average price of the FX day, which starts at 17:00 New York",
        reference="Berkowitz, Logue, Noser, Journal of Finance 43, 1988",
        inputs=(*_HLC, "volume"),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the session's average price"),),
        required_bars=session_bars,
        compute=lambda b, _: (volume.vwap(b.high, b.low, b.close, b.volume, b.session),),
        origin=SESSION_ORIGIN,
    ),
    Indicator(
        name="donchian",
        group=_CHANNEL,
        summary="Donchian channel, the present bar included",
        reference="R. D. Donchian, Financial Analysts Journal 16, 1960",
        inputs=_HLC,
        outputs=levels("Donchian line"),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: channel.donchian(b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="hurst",
        group=_ADVANCED,
        summary="Hurst exponent by rescaled range, Anis and Lloyd's correction",
        reference="H. E. Hurst, Trans. ASCE 116, 1951; A. A. Anis, E. H. Lloyd, Biometrika 63, 1976",
        inputs=("close",),
        outputs=(Output("", "exponent", "0.5 without memory, more if moves persist, less if they revert"),),
        # Two chunk sizes are the least a slope needs.
        parameters=(lookback(64, "log returns in the window", least=16, most=4096, setting="hurst_window"),),
        required_bars=finite(1),
        compute=lambda b, v: (statistics.hurst(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="ultimate_oscillator",
        group=_ADVANCED,
        summary="Williams' ultimate oscillator over three spans",
        reference="L. Williams, Technical Analysis of Stocks & Commodities 3:4, 1985",
        inputs=_HLC,
        outputs=(Output("", PERCENT_SCALE, "buying pressure, weighted 4, 2, 1"),),
        parameters=(
            Parameter(name="short_bars", default=7, description="first span", least=1),
            Parameter(name="middle_bars", default=14, description="second span"),
            Parameter(name="long_bars", default=28, description="third span"),
        ),
        increasing=("short_bars", "middle_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: (
            momentum.ultimate_oscillator(
                b.high,
                b.low,
                b.close,
                short_bars=v["short_bars"],
                middle_bars=v["middle_bars"],
                long_bars=v["long_bars"],
            ),
        ),
        difference="a span without any range counts as 50, where TA-Lib says 0",
    ),
)
"""The eighteen, in the specification's order."""
