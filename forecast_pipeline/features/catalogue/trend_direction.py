"""Direction of a trend: movements, extremes, lines and curves."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.core18 import wilder_bars
from forecast_pipeline.features.catalogue.indicator import (
    LOG_DISTANCE,
    LOG_RETURN,
    PERCENT_SCALE,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.warm_up import chain, total
from forecast_pipeline.features.indicators import (
    directional_index,
    directional_movement,
    extreme_age,
    ichimoku,
    trend_regression,
)
from forecast_pipeline.features.warm_up import wilder

_HLC = ("high", "low", "close")
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"
_TREND = "trend"

DIRECTION = (
    Indicator(
        name="directional_movement",
        group=_TREND,
        summary="Wilder's directional indicators +DI and -DI",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(
            Output("plus", PERCENT_SCALE, "smoothed move up in the smoothed true range"),
            Output("minus", PERCENT_SCALE, "smoothed move down in the smoothed true range"),
        ),
        parameters=(lookback(14, "bars of Wilder's average"),),
        required_bars=wilder_bars,
        compute=lambda b, v: directional_movement.directional_movement(
            b.high, b.low, b.close, v["lookback_bars"], v["tolerance"]
        ),
        difference="TA-Lib starts with one movement less; moves that are equal in ticks tie here",
    ),
    Indicator(
        name="dx",
        group=_TREND,
        summary="Directional index with the sign of the direction",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", "-100 to 100", "difference of the directional indicators over their sum"),),
        parameters=(lookback(14, "bars of Wilder's average"),),
        required_bars=wilder_bars,
        compute=lambda b, v: (directional_index.dx(b.high, b.low, b.close, v["lookback_bars"], v["tolerance"]),),
        difference="TA-Lib's DX is its absolute value, and ties moves by rounding",
    ),
    Indicator(
        name="adxr",
        group=_TREND,
        summary="Average directional movement rating: mean of the index now and a lookback ago",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", PERCENT_SCALE, "strength of the trend, whichever way, over a longer time"),),
        parameters=(lookback(14, "bars of each average, and between the two"),),
        required_bars=chain(*((wilder, "lookback_bars"),) * 2, windows=("lookback_bars",), extra=2),
        compute=lambda b, v: (directional_index.adxr(b.high, b.low, b.close, v["lookback_bars"], v["tolerance"]),),
        difference="TA-Lib's two indices are one bar closer, and it ties moves by rounding",
    ),
    Indicator(
        name="vortex",
        group=_TREND,
        summary="Vortex indicator",
        reference="E. Botes, D. Siepman, Technical Analysis of Stocks & Commodities 28:1, 2010",
        inputs=_HLC,
        outputs=(
            Output("plus", "true ranges", "distance of highs from the lows before"),
            Output("minus", "true ranges", "distance of lows from the highs before"),
        ),
        parameters=(lookback(14, "bars that are summed"),),
        required_bars=finite(1),
        compute=lambda b, v: directional_movement.vortex(b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="aroon",
        group=_TREND,
        summary="Chande's Aroon; the latest of equal extremes counts",
        reference="T. S. Chande, Technical Analysis of Stocks & Commodities 13:9, 1995",
        inputs=("high", "low"),
        outputs=(
            Output("up", PERCENT_SCALE, "how recent the highest high is"),
            Output("down", PERCENT_SCALE, "how recent the lowest low is"),
            Output("oscillator", "-100 to 100", "up minus down"),
        ),
        parameters=(lookback(25, "bars before the present one"),),
        required_bars=finite(1),
        compute=lambda b, v: extreme_age.aroon(b.high, b.low, v["lookback_bars"]),
    ),
    Indicator(
        name="ichimoku",
        group=_TREND,
        summary="Hosoda's lines, and the cloud as it was drawn forward to the present bar",
        reference="N. Elliott, Ichimoku Charts, 2007",
        inputs=_HLC,
        outputs=(
            Output("tenkan", LOG_DISTANCE, "distance of the close from the conversion line"),
            Output("kijun", LOG_DISTANCE, "distance of the close from the base line"),
            Output("span_a", LOG_DISTANCE, "distance of the close from the cloud's first edge"),
            Output("span_b", LOG_DISTANCE, "distance of the close from the cloud's second edge"),
        ),
        parameters=(
            Parameter(name="conversion_bars", default=9, description="window of the conversion line"),
            Parameter(name="base_bars", default=26, description="window of the base line"),
            Parameter(name="span_bars", default=52, description="window of the second edge"),
            Parameter(name="displacement_bars", default=26, description="bars the cloud is drawn forward", least=1),
        ),
        increasing=("conversion_bars", "base_bars", "span_bars"),
        required_bars=total("span_bars", "displacement_bars"),
        compute=lambda b, v: ichimoku.ichimoku(
            b.high,
            b.low,
            b.close,
            conversion_bars=v["conversion_bars"],
            base_bars=v["base_bars"],
            span_bars=v["span_bars"],
            displacement_bars=v["displacement_bars"],
        ),
        difference="without the lagging line, which would be a price of the future",
    ),
    Indicator(
        name="linear_regression",
        group=_TREND,
        summary="Least-squares line through the last log closes",
        reference="TA-Lib LINEARREG, here of the log close",
        inputs=("close",),
        outputs=(
            Output("distance", "log(close / line)", "distance of the close from the end of the line"),
            Output("slope", f"{LOG_RETURN} per bar", "slope of the line"),
            Output("r_squared", "0 to 1", "share of the variance that the line explains"),
        ),
        parameters=(lookback(20, least=3),),
        required_bars=finite(),
        compute=lambda b, v: trend_regression.linear_regression(b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="quadratic_regression",
        group=_TREND,
        summary="Least-squares parabola through the last log closes",
        reference="P. R. Bevington, Data Reduction and Error Analysis for the Physical Sciences, 1969",
        inputs=("close",),
        outputs=(
            Output("distance", "log(close / curve)", "distance of the close from the end of the parabola"),
            Output("curvature", f"{LOG_RETURN} per bar squared", "how fast the slope changes"),
        ),
        parameters=(lookback(30, least=4),),
        required_bars=finite(),
        compute=lambda b, v: trend_regression.quadratic_regression(b.close, v["lookback_bars"]),
    ),
)
"""Which way the market goes."""
