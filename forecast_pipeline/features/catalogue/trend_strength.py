"""Strength and persistence of a trend, whichever way."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
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
    extreme_age,
    mass_index,
    path_efficiency,
    schaff_trend_cycle,
    trend_count,
    trend_strength,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

_HLC = ("high", "low", "close")
_TREND = "trend"
_SCHAFF_MARGIN = 1000.0  # a small range divides the remainder of the averages, and again that of the first place

STRENGTH = (
    Indicator(
        name="mass_index",
        group=_TREND,
        summary="Dorsey's mass index of widening ranges",
        reference="D. Dorsey, Technical Analysis of Stocks & Commodities 10:6, 1992",
        inputs=("high", "low"),
        outputs=(Output("", "sum of ratios", "range in its own exponential average, summed"),),
        parameters=(
            lookback(25, "ratios that are summed"),
            Parameter(name="smoothing_bars", default=9, description="length of both averages"),
        ),
        required_bars=chain(*((exponential, "smoothing_bars"),) * 2, windows=("lookback_bars",), margin=10.0),
        compute=lambda b, v: (
            mass_index.mass_index(b.high, b.low, v["lookback_bars"], v["smoothing_bars"], v["tolerance"]),
        ),
    ),
    Indicator(
        name="choppiness_index",
        group=_TREND,
        summary="Choppiness index over true highs and lows",
        reference="E. W. Dreiss' choppiness index in its textbook form",
        inputs=_HLC,
        outputs=(Output("", PERCENT_SCALE, "100 if the path leads nowhere, 0 on a straight move"),),
        parameters=(lookback(14, "true ranges in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: (path_efficiency.choppiness_index(b.high, b.low, b.close, v["lookback_bars"]),),
        difference="the range covers the gap before the window, as the true ranges do; 50 without any range",
    ),
    Indicator(
        name="trend_intensity",
        group=_TREND,
        summary="Pee's trend intensity index",
        reference="M. H. Pee, Technical Analysis of Stocks & Commodities 20:6, 2002",
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "share of the deviations that were above the average"),),
        parameters=(
            lookback(30, "deviations that are summed"),
            Parameter(name="average_bars", default=60, description="bars of the simple average"),
        ),
        required_bars=total("lookback_bars", "average_bars", extra=-1),
        compute=lambda b, v: (trend_strength.trend_intensity(b.close, v["lookback_bars"], v["average_bars"]),),
    ),
    Indicator(
        name="random_walk_index",
        group=_TREND,
        summary="Poulos' random walk index, the largest over all spans up to the lookback",
        reference="E. M. Poulos, Technical Analysis of Stocks & Commodities 9:2, 1991",
        inputs=_HLC,
        outputs=(
            Output("up", RATIO, "move up in what a random walk would cover"),
            Output("down", RATIO, "move down in what a random walk would cover"),
        ),
        parameters=(lookback(14, "longest span"),),
        required_bars=finite(1),
        compute=lambda b, v: trend_strength.random_walk_index(b.high, b.low, b.close, v["lookback_bars"]),
        difference="the mean true range is that of the span itself",
    ),
    Indicator(
        name="vertical_horizontal_filter",
        group=_TREND,
        summary="White's vertical horizontal filter",
        reference="A. White, Futures, August 1991",
        inputs=("close",),
        outputs=(Output("", "0 to 1", "range of the closes over the path between them"),),
        parameters=(lookback(28, "changes in the path"),),
        required_bars=finite(1),
        compute=lambda b, v: (path_efficiency.vertical_horizontal_filter(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="efficiency_ratio",
        group=_TREND,
        summary="Kaufman's efficiency ratio",
        reference="P. J. Kaufman, Smarter Trading, 1995",
        inputs=("close",),
        outputs=(Output("", "0 to 1", "net move over the path"),),
        parameters=(lookback(30, "changes in the path"),),
        required_bars=finite(1),
        compute=lambda b, v: (path_efficiency.efficiency_ratio(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="schaff_trend_cycle",
        group=_TREND,
        summary="Schaff's trend cycle: the convergence line's place in its range, twice",
        reference="D. Schaff, The Schaff trend cycle, 1999",
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "100 late in a rise, 0 late in a fall"),),
        parameters=(
            Parameter(name="fast_bars", default=23, description="fast exponential average"),
            Parameter(name="slow_bars", default=50, description="slow exponential average"),
            Parameter(name="cycle_bars", default=10, description="bars whose range counts"),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=lambda v, _, tolerance: (
            max(bars_to_forget((exponential(v["slow_bars"]),), tolerance / _SCHAFF_MARGIN), v["slow_bars"])
            + 2 * (v["cycle_bars"] + bars_to_forget((0.5,), tolerance / _SCHAFF_MARGIN))
        ),
        compute=lambda b, v: (
            schaff_trend_cycle.schaff_trend_cycle(
                b.close,
                fast_bars=v["fast_bars"],
                slow_bars=v["slow_bars"],
                cycle_bars=v["cycle_bars"],
                tolerance=v["tolerance"],
            ),
        ),
        difference="where the first place has no range it counts itself, where Schaff keeps the last value",
    ),
    Indicator(
        name="mann_kendall",
        group=_TREND,
        summary="Kendall's tau a between close and time",
        reference="H. B. Mann, Econometrica 13, 1945",
        inputs=("close",),
        outputs=(Output("", "-1 to 1", "rising minus falling pairs as a share of all"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (trend_count.mann_kendall(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="trend_score",
        group=_TREND,
        summary="Chande's trend score",
        reference="T. S. Chande, Technical Analysis of Stocks & Commodities 11:9, 1993",
        inputs=("close",),
        outputs=(Output("", "-10 to 10", "closes 11 to 20 bars ago below minus those above the present one"),),
        required_bars=fixed(trend_count.FARTHEST_SCORED + 1),
        compute=lambda b, _: (trend_count.trend_score(b.close),),
        difference="equal closes count 0",
    ),
    Indicator(
        name="directional_bars",
        group=_TREND,
        summary="Share of bars with higher, and of bars with lower high and low",
        reference="R. D. Edwards, J. Magee, Technical Analysis of Stock Trends, 1948",
        inputs=("high", "low"),
        outputs=(
            Output("rising", "0 to 1", "share of bars with a higher high and a higher low"),
            Output("falling", "0 to 1", "share of bars with a lower high and a lower low"),
        ),
        parameters=(lookback(20, "bars that are counted"),),
        required_bars=finite(1),
        compute=lambda b, v: trend_count.directional_bars(b.high, b.low, v["lookback_bars"]),
    ),
    Indicator(
        name="breakout_age",
        group=_TREND,
        summary="Age of the last break out of the range of the bars before",
        reference="R. D. Donchian, Financial Analysts Journal 16, 1960",
        inputs=("high", "low"),
        outputs=(
            Output("up", "0 to 1", "bars since the last new high, as a share of the largest age"),
            Output("down", "0 to 1", "bars since the last new low, as a share of the largest age"),
        ),
        parameters=(
            lookback(20, "bars whose range is broken"),
            Parameter(name="memory_bars", default=100, description="largest age"),
        ),
        required_bars=total("lookback_bars", "memory_bars"),
        compute=lambda b, v: extreme_age.breakout_age(b.high, b.low, v["lookback_bars"], v["memory_bars"]),
    ),
)
"""How much of a trend there is."""
