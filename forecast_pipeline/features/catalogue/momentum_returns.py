"""Momentum as returns over spans of bars, as distances and as counts."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    FRACTION,
    LOG_RETURN,
    PERCENT_SCALE,
    RATIO,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.warm_up import chain, fixed, total
from forecast_pipeline.features.indicators import (
    candle_momentum,
    ehlers_filter,
    ehlers_oscillator,
    ehlers_recursion,
    momentum_range,
    momentum_rate_of_change,
    normalised_momentum,
    streak,
    summed_momentum,
    trend_count,
    trend_regression,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

_MOMENTUM = "momentum"
_PER_BAR = f"{LOG_RETURN} per bar"
_TIME_SERIES_MOMENTUM = "T. J. Moskowitz, Y. H. Ooi, L. H. Pedersen, Journal of Financial Economics 104, 2012"
_CHANDE_KROLL = "T. S. Chande, S. Kroll, The New Technical Trader, 1994"

RETURNS = (
    Indicator(
        name="roc",
        group=_MOMENTUM,
        summary="Rate of change as a log return",
        reference="TA-Lib ROCR, of which this is the logarithm",
        inputs=("close",),
        outputs=(Output("", LOG_RETURN, "return over the span"),),
        parameters=(lookback(12, "bars of the span", least=1),),
        required_bars=finite(1),
        compute=lambda b, v: (momentum_rate_of_change.roc(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="rate_of_change",
        group=_MOMENTUM,
        summary="Log returns per bar over three spans",
        reference=_TIME_SERIES_MOMENTUM,
        inputs=("close",),
        outputs=(
            Output("short", _PER_BAR, "return over the first span per bar"),
            Output("middle", _PER_BAR, "return over the second span per bar"),
            Output("long", _PER_BAR, "return over the third span per bar"),
        ),
        # None of the spans of `spanned_return`, nor that of `roc`.
        parameters=(
            Parameter(name="short_bars", default=20, description="first span", least=1),
            Parameter(name="middle_bars", default=60, description="second span"),
            Parameter(name="long_bars", default=120, description="third span"),
        ),
        increasing=("short_bars", "middle_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: momentum_rate_of_change.rate_of_change(
            b.close, short_bars=v["short_bars"], middle_bars=v["middle_bars"], long_bars=v["long_bars"]
        ),
    ),
    Indicator(
        name="normalised_momentum",
        group=_MOMENTUM,
        summary="Log return over the window in units of its realised volatility",
        reference=_TIME_SERIES_MOMENTUM,
        inputs=("close",),
        outputs=(Output("", RATIO, "return over the root of the summed squared returns"),),
        parameters=(lookback(50, "log returns in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: (normalised_momentum.normalised_momentum(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="momentum_acceleration",
        group=_MOMENTUM,
        summary="Log return over the last span minus that over the span before",
        reference="the second difference of the log close",
        inputs=("close",),
        outputs=(Output("", LOG_RETURN, "how much faster the market has become"),),
        parameters=(lookback(10, "bars of each span", least=1),),
        required_bars=lambda v, *_: 2 * v["lookback_bars"] + 1,
        compute=lambda b, v: (normalised_momentum.momentum_acceleration(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="smoothed_roc",
        group=_MOMENTUM,
        summary="Schutzman's rate of change of the exponential average",
        reference="F. G. Schutzman, Technical Analysis of Stocks & Commodities 9, 1991",
        inputs=("close",),
        outputs=(Output("", LOG_RETURN, "return of the average over the span"),),
        parameters=(
            lookback(21, "bars of the span", least=1),
            Parameter(name="smoothing_bars", default=13, description="length of the average"),
        ),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget((exponential(v["smoothing_bars"]),), tolerance) + v["lookback_bars"]
        ),
        compute=lambda b, v: (momentum_rate_of_change.smoothed_roc(b.close, v["lookback_bars"], v["smoothing_bars"]),),
    ),
    Indicator(
        name="kst",
        group=_MOMENTUM,
        summary="Pring's know sure thing, short-term setting, of log returns",
        reference="M. J. Pring, Martin Pring on Market Momentum, 1993",
        inputs=("close",),
        outputs=(
            Output("", LOG_RETURN, "weighted sum of four smoothed returns"),
            Output("signal", LOG_RETURN, "simple mean of the line"),
        ),
        required_bars=fixed(53),  # 30 bars of the longest return, 15 and 9 of the means over it, less their overlap
        compute=lambda b, _: summed_momentum.kst(b.close),
        difference="log returns for percent changes",
    ),
    Indicator(
        name="coppock",
        group=_MOMENTUM,
        summary="Coppock's curve of log returns, his months taken as bars",
        reference="E. S. C. Coppock, Barron's, 15 October 1962",
        inputs=("close",),
        outputs=(Output("", LOG_RETURN, "weighted mean of the returns over 14 and 11 bars"),),
        required_bars=fixed(24),
        compute=lambda b, _: (summed_momentum.coppock(b.close),),
        difference="log returns for percent changes",
    ),
    Indicator(
        name="price_momentum_oscillator",
        group=_MOMENTUM,
        summary="Swenlin's price momentum oscillator: the one-bar log return averaged twice",
        reference="C. Swenlin, DecisionPoint price momentum oscillator, StockCharts ChartSchool",
        inputs=("close",),
        outputs=(
            Output("", _PER_BAR, "doubly averaged return"),
            Output("signal", _PER_BAR, "exponential average of the line"),
        ),
        parameters=(
            Parameter(name="first_bars", default=34, description="first average; Swenlin's 2/35"),
            Parameter(name="second_bars", default=19, description="second average; Swenlin's 2/20"),
            Parameter(name="signal_bars", default=10, description="average of the line"),
        ),
        required_bars=chain(
            (exponential, "first_bars"), (exponential, "second_bars"), (exponential, "signal_bars"), extra=1
        ),
        compute=lambda b, v: summed_momentum.price_momentum_oscillator(
            b.close, first_bars=v["first_bars"], second_bars=v["second_bars"], signal_bars=v["signal_bars"]
        ),
        difference="without the factors 10 and 100",
    ),
    Indicator(
        name="detrended_price",
        group=_MOMENTUM,
        summary="Detrended price oscillator in its causal form",
        reference="S. B. Achelis, Technical Analysis from A to Z, 1995",
        inputs=("close",),
        outputs=(Output("", "log(close / earlier average)", "distance of the close from an earlier average"),),
        parameters=(lookback(20, "bars of the simple average"),),
        required_bars=lambda v, *_: v["lookback_bars"] + v["lookback_bars"] // 2 + 1,
        compute=lambda b, v: (normalised_momentum.detrended_price(b.close, v["lookback_bars"]),),
        difference="the average is not centred, which would need later bars",
    ),
    Indicator(
        name="chande_forecast",
        group=_MOMENTUM,
        summary="Chande's forecast oscillator: the close beside what the line before it pointed at",
        reference=_CHANDE_KROLL,
        inputs=("close",),
        outputs=(Output("", "log(close / forecast)", "surprise of the last close"),),
        parameters=(lookback(14, "log closes in the line"),),
        required_bars=finite(1),
        compute=lambda b, v: (trend_regression.chande_forecast(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="roofing_filter",
        group=_MOMENTUM,
        summary="Ehlers' roofing filter of the log close",
        reference="J. F. Ehlers, Cycle Analytics for Traders, 2013, ch. 7",
        inputs=("close",),
        outputs=(Output("", LOG_RETURN, "waves between the two lengths"),),
        parameters=(
            Parameter(name="low_pass_bars", default=10, description="shortest wave that passes", least=3),
            Parameter(name="high_pass_bars", default=48, description="longest wave that passes", least=4),
        ),
        increasing=("low_pass_bars", "high_pass_bars"),
        required_bars=lambda v, _, tolerance: bars_to_forget(
            (1.0 - ehlers_recursion.high_pass_pole(v["high_pass_bars"]),) * 2
            + (1.0 - ehlers_recursion.super_smoother_pole(v["low_pass_bars"]),) * 2,
            tolerance,
        ),
        compute=lambda b, v: (ehlers_filter.roofing_filter(b.close, v["low_pass_bars"], v["high_pass_bars"]),),
    ),
    Indicator(
        name="center_of_gravity",
        group=_MOMENTUM,
        summary="Ehlers' centre of gravity of the last closes",
        reference="J. F. Ehlers, Technical Analysis of Stocks & Commodities 20:5, 2002",
        inputs=("close",),
        outputs=(Output("", "bars", "distance from the middle of the window towards the newer closes"),),
        parameters=(lookback(10),),
        required_bars=finite(),
        compute=lambda b, v: (ehlers_oscillator.center_of_gravity(b.close, v["lookback_bars"]),),
        difference="of the close, where Ehlers takes the median price; positive if the newer half is heavier",
    ),
    Indicator(
        name="elder_ray",
        group=_MOMENTUM,
        summary="Elder's bull and bear power",
        reference="A. Elder, Trading for a Living, 1993",
        inputs=("high", "low", "close"),
        outputs=(
            Output("bull", FRACTION, "high minus exponential average"),
            Output("bear", FRACTION, "low minus exponential average"),
        ),
        parameters=(lookback(13, "length of the average"),),
        required_bars=chain((exponential, "lookback_bars")),
        compute=lambda b, v: momentum_range.elder_ray(b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="awesome_oscillator",
        group=_MOMENTUM,
        summary="Williams' awesome oscillator and its accelerator",
        reference="B. Williams, New Trading Dimensions, 1998",
        inputs=("high", "low", "close"),
        outputs=(
            Output("", FRACTION, "fast minus slow simple mean of the median price"),
            Output("accelerator", FRACTION, "oscillator minus its simple mean"),
        ),
        parameters=(
            Parameter(name="fast_bars", default=5, description="fast mean, and the accelerator's", least=1),
            Parameter(name="slow_bars", default=34, description="slow mean"),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=total("fast_bars", "slow_bars", extra=-1),
        compute=lambda b, v: momentum_range.awesome_oscillator(
            b.high, b.low, b.close, fast_bars=v["fast_bars"], slow_bars=v["slow_bars"]
        ),
    ),
    Indicator(
        name="qstick",
        group=_MOMENTUM,
        summary="Chande's Qstick, the simple mean of the bodies",
        reference=_CHANDE_KROLL,
        inputs=("open", "close"),
        outputs=(Output("", FRACTION, "mean of close minus open"),),
        parameters=(lookback(8, "bars of the mean", least=1),),
        required_bars=finite(),
        compute=lambda b, v: (candle_momentum.qstick(b.open, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="psychological_line",
        group=_MOMENTUM,
        summary="Percentage of rising closes; an unchanged one counts one half",
        reference="the textbook definition, unchanged closes aside",
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "share of rising closes"),),
        parameters=(lookback(12, "changes that are counted"),),
        required_bars=finite(1),
        compute=lambda b, v: (trend_count.psychological_line(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="streak",
        group=_MOMENTUM,
        summary="Present run of rises or falls; a longer one counts as its last most_bars changes",
        reference="L. Connors, C. Alvarez, Short Term Trading Strategies That Work, 2009",
        inputs=("close",),
        outputs=(
            Output("", "bars", "changes in the run, negative for falls"),
            Output("return", LOG_RETURN, "return of the run"),
        ),
        parameters=(Parameter(name="most_bars", default=20, description="largest length"),),
        required_bars=finite(1, "most_bars"),
        compute=lambda b, v: streak.streak(b.close, v["most_bars"]),
    ),
)
"""Returns, distances and counts."""
