"""Channels of extremes, quantiles, regression lines and standard deviations."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.core18 import levels
from forecast_pipeline.features.catalogue.indicator import (
    LOG_DISTANCE,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.indicators import (
    close_channels,
    extremes,
    regression_channel,
    spread_channels,
    squeeze,
    swing,
)

_GROUP = "channel"
_HLC = ("high", "low", "close")
_DONCHIAN = "R. D. Donchian, Financial Analysts Journal 16, 1960"
# Loops over the lags of the window: a longer one would cost seconds.
_MOST_LAGS = 1000


def _deviations(default: float, description: str) -> Parameter:
    return Parameter(name="width", default=default, description=description, least=0.1, most=10.0)


def _two(level: str) -> tuple[Output, ...]:
    return tuple(
        Output(suffix, LOG_DISTANCE, f"distance of the close from the {suffix} {level}")
        for suffix in ("upper", "lower")
    )


CHANNEL_SPREAD: tuple[Indicator, ...] = (
    Indicator(
        name="donchian_previous",
        group=_GROUP,
        summary="Donchian channel of the bars before the present one: his breakout rule",
        reference=_DONCHIAN,
        inputs=_HLC,
        outputs=_two("line of the earlier bars' channel"),
        parameters=(lookback(20, "bars before the present one"),),
        required_bars=finite(1),
        compute=lambda b, v: extremes.donchian_previous(b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="donchian_width",
        group=_GROUP,
        summary="Width of the Donchian channel, the present bar included",
        reference=_DONCHIAN,
        inputs=("high", "low"),
        outputs=(Output("", "fraction of the middle", "distance between upper and lower line"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (extremes.donchian_width(b.high, b.low, v["lookback_bars"]),),
    ),
    Indicator(
        name="donchian_position",
        group=_GROUP,
        summary="Place of the close in the Donchian channel of the bars before the present one",
        reference=_DONCHIAN,
        inputs=_HLC,
        outputs=(Output("", "fraction of the channel", "below 0 or above 1 on a breakout, cut at -10 and 11"),),
        parameters=(lookback(20, "bars before the present one"),),
        required_bars=finite(1),
        compute=lambda b, v: (extremes.donchian_position(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="price_channel_width",
        group=_GROUP,
        summary="Log distance between the highest and the lowest close of the window",
        reference=f"{_DONCHIAN}, on closes",
        inputs=("close",),
        outputs=(Output("", "log(highest / lowest)", "how far closes have spread"),),
        parameters=(lookback(50),),
        required_bars=finite(),
        compute=lambda b, v: (close_channels.price_channel_width(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="quantile_channel",
        group=_GROUP,
        summary="Upper and lower quantile of the window's closes, interpolated",
        reference="R. J. Hyndman, Y. Fan, The American Statistician 50, 1996, type 7",
        inputs=("close",),
        outputs=_two("quantile of the closes"),
        parameters=(
            lookback(50, most=_MOST_LAGS),
            Parameter(
                name="tail_fraction", default=0.1, description="share of closes beyond a line", least=0.01, most=0.49
            ),
        ),
        required_bars=finite(),
        compute=lambda b, v: close_channels.quantile_channel(b.close, v["lookback_bars"], v["tail_fraction"]),
    ),
    Indicator(
        name="bandwidth_percentile",
        group=_GROUP,
        summary="Share of recent Bollinger bandwidths that are narrower than the present one",
        reference="J. Bollinger, Bollinger on Bollinger Bands, 2001 (BandWidth)",
        inputs=("close",),
        outputs=(Output("", "0 to 1", "0 in the tightest squeeze, 0.5 if all are equal"),),
        parameters=(
            lookback(20, "closes in a band", most=_MOST_LAGS),
            Parameter(name="rank_bars", default=120, description="bandwidths compared", most=_MOST_LAGS),
        ),
        required_bars=lambda v, *_: v["lookback_bars"] + v["rank_bars"] - 1,
        compute=lambda b, v: (squeeze.bandwidth_percentile(b.close, v["lookback_bars"], v["rank_bars"]),),
    ),
    Indicator(
        name="double_bands",
        group=_GROUP,
        summary="Zone of the close among Bollinger bands at one and two standard deviations",
        reference="K. Lien, Day Trading and Swing Trading the Currency Market, 2006",
        inputs=("close",),
        outputs=(
            Output("zone", "-2 to 2", "beyond both bands 2, between them 1, inside 0; negative below"),
            Output("upper", LOG_DISTANCE, "distance of the close from the inner upper band"),
            Output("lower", LOG_DISTANCE, "distance of the close from the inner lower band"),
        ),
        parameters=(lookback(20, most=_MOST_LAGS),),
        required_bars=finite(),
        compute=lambda b, v: spread_channels.double_bands(b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="linear_weighted_bands",
        group=_GROUP,
        summary="Linearly weighted mean of closes, bands at their standard deviation of the same weights",
        reference="Bollinger's bands with the weights of TA-Lib WMA",
        inputs=("close",),
        outputs=levels("weighted band"),
        parameters=(lookback(25, most=_MOST_LAGS), _deviations(2.0, "weighted standard deviations to a band")),
        required_bars=finite(),
        compute=lambda b, v: spread_channels.linear_weighted_bands(b.close, v["lookback_bars"], v["width"]),
    ),
    Indicator(
        name="regression_channel",
        group=_GROUP,
        summary="End of the least-squares line of closes and parallels at its residuals' standard deviation",
        reference="G. Raff, Technical Analysis of Stocks & Commodities 9:10, 1991; TA-Lib LINEARREG",
        inputs=("close",),
        outputs=levels("line of the regression channel"),
        parameters=(
            lookback(60, "closes in the line", least=3, most=_MOST_LAGS),
            _deviations(2.0, "standard deviations of the residuals, ddof 0, to a parallel"),
        ),
        required_bars=finite(),
        compute=lambda b, v: regression_channel.regression_channel(b.close, v["lookback_bars"], v["width"]),
        difference="Raff draws the parallels through the farthest residual",
    ),
    Indicator(
        name="projection_bands",
        group=_GROUP,
        summary="Widner's projection bands: extremes carried forward along their regression slopes",
        reference="M. Widner, Technical Analysis of Stocks & Commodities 13:7, 1995",
        inputs=_HLC,
        outputs=_two("projection band"),
        parameters=(lookback(14, most=_MOST_LAGS),),
        required_bars=finite(),
        compute=lambda b, v: regression_channel.projection_bands(b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="fractal_bands",
        group=_GROUP,
        summary="Last of Williams' five-bar fractals, used from the bar that confirms them",
        reference="B. M. Williams, Trading Chaos, 1995",
        inputs=_HLC,
        outputs=(
            Output("upper", LOG_DISTANCE, "level of the last confirmed fractal high, else of the highest high"),
            Output("lower", LOG_DISTANCE, "level of the last confirmed fractal low, else of the lowest low"),
        ),
        parameters=(lookback(80, "bars among which the fractal must lie", least=4),),
        required_bars=finite(2),
        compute=lambda b, v: swing.swing_levels(b.high, b.low, b.close, v["lookback_bars"], side_bars=2),
    ),
)
"""The present bar is part of the window unless the summary says otherwise."""
