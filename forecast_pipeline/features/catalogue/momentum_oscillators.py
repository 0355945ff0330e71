"""Momentum as places in ranges and as ratios of decaying averages."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    PERCENT_SCALE,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.warm_up import chain, total
from forecast_pipeline.features.indicators import (
    bar_vigour,
    ehlers_filter,
    ehlers_oscillator,
    oscillator,
    stochastic,
    wave_trend,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

_MOMENTUM = "momentum"
_HLC = ("high", "low", "close")
_SIGNED = "-100 to 100"
_FISHER_MARGIN = 500.0  # slope of the transform at its limit

RANGES = (
    Indicator(
        name="stochastic_fast",
        group=_MOMENTUM,
        summary="Lane's fast stochastic",
        reference="G. C. Lane, Technical Analysis of Stocks & Commodities 2:3, 1984",
        inputs=_HLC,
        outputs=(
            Output("k", PERCENT_SCALE, "place of the close in the recent range"),
            Output("d", PERCENT_SCALE, "the same, smoothed"),
        ),
        # Over 14 bars its %K would be Williams' %R plus 100, and its %D the slow %K.
        parameters=(
            lookback(5, "bars whose range counts"),
            Parameter(name="d_bars", default=3, description="simple mean that makes %D", least=1),
        ),
        required_bars=total("lookback_bars", "d_bars", extra=-1),
        compute=lambda b, v: stochastic.stochastic_fast(b.high, b.low, b.close, v["lookback_bars"], v["d_bars"]),
        difference="a range of zero counts as 50, where TA-Lib says 0",
    ),
    Indicator(
        name="stochastic_momentum_index",
        group=_MOMENTUM,
        summary="Blau's stochastic momentum index",
        reference="W. Blau, Momentum, Direction, and Divergence, 1995",
        inputs=_HLC,
        outputs=(
            Output("", _SIGNED, "distance from the middle of the range in half ranges, averaged"),
            Output("signal", _SIGNED, "exponential average of the line"),
        ),
        parameters=(
            lookback(13, "bars whose range counts"),
            Parameter(name="first_bars", default=25, description="first exponential average"),
            Parameter(name="second_bars", default=2, description="second exponential average"),
            Parameter(name="signal_bars", default=9, description="exponential average of the line"),
        ),
        required_bars=chain(
            (exponential, "first_bars"),
            (exponential, "second_bars"),
            (exponential, "signal_bars"),
            windows=("lookback_bars",),
            extra=1,
        ),
        compute=lambda b, v: stochastic.stochastic_momentum_index(
            b.high,
            b.low,
            b.close,
            v["lookback_bars"],
            first_bars=v["first_bars"],
            second_bars=v["second_bars"],
            signal_bars=v["signal_bars"],
            tolerance=v["tolerance"],
        ),
    ),
    Indicator(
        name="balance_of_power",
        group=_MOMENTUM,
        summary="Livshin's balance of power, body over range, simply averaged",
        reference="I. Livshin, Technical Analysis of Stocks & Commodities 19:8, 2001",
        inputs=("open", *_HLC),
        outputs=(Output("", "-1 to 1", "mean of the bodies in their ranges"),),
        parameters=(lookback(14, "bars of the mean", least=1),),
        required_bars=finite(),
        compute=lambda b, v: (bar_vigour.balance_of_power(b.open, b.high, b.low, b.close, v["lookback_bars"]),),
        difference="TA-Lib's BOP is that of one bar",
    ),
    Indicator(
        name="relative_vigor_index",
        group=_MOMENTUM,
        summary="Ehlers' relative vigor index: weighted bodies over weighted ranges",
        reference="J. F. Ehlers, Technical Analysis of Stocks & Commodities 20:1, 2002",
        inputs=("open", *_HLC),
        outputs=(
            Output("", "-1 to 1", "bodies over ranges"),
            Output("signal", "-1 to 1", "the line weighted 1, 2, 2, 1"),
        ),
        parameters=(lookback(10, "weighted bars that are summed"),),
        required_bars=finite(6),
        compute=lambda b, v: bar_vigour.relative_vigor_index(b.open, b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="fisher_transform",
        group=_MOMENTUM,
        summary="Ehlers' Fisher transform of the median price's place in its range",
        reference="J. F. Ehlers, Technical Analysis of Stocks & Commodities 20:11, 2002",
        inputs=("high", "low"),
        outputs=(Output("", "dimensionless", "place in the range, its edges stretched"),),
        parameters=(lookback(10, "bars whose median prices make the range"),),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget(ehlers_filter.FISHER_SMOOTHINGS, tolerance / _FISHER_MARGIN) + v["lookback_bars"] - 1
        ),
        compute=lambda b, v: (ehlers_oscillator.fisher_transform(b.high, b.low, v["lookback_bars"]),),
        difference="Ehlers feeds the limit of 0.999 back",
    ),
)
"""Places in ranges."""

AVERAGED = (
    Indicator(
        name="tsi",
        group=_MOMENTUM,
        summary="Blau's true strength index",
        reference="W. Blau, Momentum, Direction, and Divergence, 1995",
        inputs=("close",),
        outputs=(
            Output("", _SIGNED, "averaged change over the averaged absolute change"),
            Output("signal", _SIGNED, "exponential average of the line"),
        ),
        parameters=(
            Parameter(name="first_bars", default=25, description="first exponential average"),
            Parameter(name="second_bars", default=13, description="second exponential average"),
            Parameter(name="signal_bars", default=7, description="exponential average of the line"),
        ),
        required_bars=chain(
            (exponential, "first_bars"), (exponential, "second_bars"), (exponential, "signal_bars"), extra=1
        ),
        compute=lambda b, v: oscillator.tsi(
            b.close,
            first_bars=v["first_bars"],
            second_bars=v["second_bars"],
            signal_bars=v["signal_bars"],
            tolerance=v["tolerance"],
        ),
    ),
    Indicator(
        name="pretty_good_oscillator",
        group=_MOMENTUM,
        summary="Johnson's oscillator: distance from the simple mean in exponentially averaged true ranges",
        reference="M. Johnson's pretty good oscillator, as published on TradingView",
        inputs=_HLC,
        outputs=(Output("", "true ranges", "distance of the close from its mean"),),
        parameters=(lookback(14, "bars of the mean and of the average"),),
        required_bars=chain((exponential, "lookback_bars"), extra=1),
        compute=lambda b, v: (
            oscillator.pretty_good_oscillator(b.high, b.low, b.close, v["lookback_bars"], v["tolerance"]),
        ),
    ),
    Indicator(
        name="wave_trend",
        group=_MOMENTUM,
        summary="Wave trend: a channel index with exponential averages, averaged",
        reference="LazyBear, WaveTrend oscillator, TradingView, 2014",
        inputs=_HLC,
        outputs=(
            Output("", "0.015 mean deviations", "averaged distance of the typical price from its average"),
            Output("signal", "0.015 mean deviations", "simple mean of the line"),
        ),
        parameters=(
            Parameter(name="channel_bars", default=10, description="averages of price and distance"),
            Parameter(name="average_bars", default=21, description="average of the index"),
            Parameter(name="signal_bars", default=4, description="simple mean of the line", least=1),
        ),
        required_bars=chain(
            (exponential, "channel_bars"),
            (exponential, "channel_bars"),
            (exponential, "average_bars"),
            windows=("signal_bars",),
            extra=1,
        ),
        compute=lambda b, v: wave_trend.wave_trend(
            b.high,
            b.low,
            b.close,
            channel_bars=v["channel_bars"],
            average_bars=v["average_bars"],
            signal_bars=v["signal_bars"],
            tolerance=v["tolerance"],
        ),
    ),
    Indicator(
        name="inertia",
        group=_MOMENTUM,
        summary="Dorsey's inertia: end of the line through the relative volatility index of closes",
        reference="D. Dorsey, Technical Analysis of Stocks & Commodities 13:9, 1995",
        inputs=("close",),
        outputs=(Output("", "percent", "share of the volatility that came with rises, smoothed"),),
        parameters=(
            lookback(20, "values of the volatility index in the line"),
            Parameter(name="volatility_bars", default=14, description="bars of Wilder's average"),
        ),
        required_bars=chain(
            (wilder, "volatility_bars"),
            windows=("lookback_bars",),
            extra=oscillator.INERTIA_DEVIATION_BARS,
        ),
        compute=lambda b, v: (wave_trend.inertia(b.close, v["lookback_bars"], v["volatility_bars"], v["tolerance"]),),
    ),
)
"""Ratios of decaying averages."""
