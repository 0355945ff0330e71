"""Moving averages: the log distance of the close from each, and how several stand to each other."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    LOG_DISTANCE,
    LOG_RETURN,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.warm_up import chain, total
from forecast_pipeline.features.indicators import (
    ehlers_filter,
    ehlers_recursion,
    moving_average,
    moving_average_adaptive,
    moving_average_fractal,
    moving_average_recursive,
    moving_average_relation,
    moving_average_ribbon,
    moving_average_weighted,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

_TREND = "trend"
_FROM_AVERAGE = (Output("", LOG_DISTANCE, "distance of the close from the average"),)
_EXPONENTIAL = (exponential, "lookback_bars")
_RESTARTED = "every value starts from the price memory_bars bars ago, so its memory ends"
_CHANDE_KROLL = "T. S. Chande, S. Kroll, The New Technical Trader, 1994"


def _memory(default: int) -> Parameter:
    return Parameter(name="memory_bars", default=default, description="bars before the present at which it starts")


WINDOW_AVERAGES = (
    Indicator(
        name="wma",
        group=_TREND,
        summary="Linearly weighted moving average",
        reference="TA-Lib WMA",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (moving_average.wma(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="trima",
        group=_TREND,
        summary="Triangular moving average, a simple mean of a simple mean",
        reference="TA-Lib TRIMA",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (moving_average.trima(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="hma",
        group=_TREND,
        summary="Hull's moving average",
        reference="A. Hull, How to reduce lag in a moving average, 2005",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(lookback(20, least=4),),
        required_bars=lambda v, *_: (
            v["lookback_bars"] + moving_average_weighted.hull_smoothing_bars(v["lookback_bars"]) - 1
        ),
        compute=lambda b, v: (moving_average_weighted.hma(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="alma",
        group=_TREND,
        summary="Arnaud Legoux's moving average, a bell of weights near the present",
        reference="A. Legoux, D. Kouzis-Loukas, ALMA: Arnaud Legoux moving average, 2009",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(
            lookback(21),
            Parameter(
                name="offset", default=0.85, description="place of the bell, 1 at the present", least=0.0, most=1.0
            ),
            Parameter(name="width", default=6.0, description="deviations in a window", least=0.1, most=100.0),
        ),
        required_bars=finite(),
        compute=lambda b, v: (moving_average_weighted.alma(b.close, v["lookback_bars"], v["offset"], v["width"]),),
    ),
    Indicator(
        name="midpoint",
        group=_TREND,
        summary="Middle between the highest and the lowest close",
        reference="TA-Lib MIDPOINT",
        inputs=("close",),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the middle"),),
        parameters=(lookback(14),),
        required_bars=finite(),
        compute=lambda b, v: (moving_average.midpoint(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="moving_average_ratio",
        group=_TREND,
        summary="Fast over slow simple average; its sign changes at the golden and the death cross",
        reference="W. Brock, J. Lakonishok, B. LeBaron, Journal of Finance 47, 1992",
        inputs=("close",),
        outputs=(Output("", "log(fast / slow)", "distance of the fast from the slow average"),),
        parameters=(
            Parameter(name="fast_bars", default=50, description="fast simple average", least=1),
            Parameter(name="slow_bars", default=200, description="slow simple average"),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=finite(name="slow_bars"),
        compute=lambda b, v: (moving_average_relation.moving_average_ratio(b.close, v["fast_bars"], v["slow_bars"]),),
    ),
    Indicator(
        name="moving_average_slope",
        group=_TREND,
        summary="Log return per bar of the simple average",
        reference="R. D. Edwards, J. Magee, Technical Analysis of Stock Trends, 1948",
        inputs=("close",),
        outputs=(Output("", f"{LOG_RETURN} per bar", "slope of the average"),),
        parameters=(
            lookback(20, "bars of the average"),
            Parameter(name="slope_bars", default=5, description="bars over which its return counts", least=1),
        ),
        required_bars=total("lookback_bars", "slope_bars"),
        compute=lambda b, v: (
            moving_average_relation.moving_average_slope(b.close, v["lookback_bars"], v["slope_bars"]),
        ),
    ),
    Indicator(
        name="moving_average_order",
        group=_TREND,
        summary="Order of five simple averages, each twice as long as the one before",
        reference="M. J. Pring, Technical Analysis Explained, 1980",
        inputs=("close",),
        outputs=(Output("", "-1 to 1", "1 if every faster average is above the slower one"),),
        parameters=(lookback(5, "bars of the fastest average", most=600),),
        required_bars=lambda v, *_: v["lookback_bars"] * 2 ** (moving_average.N_ORDERED - 1),
        compute=lambda b, v: (moving_average_relation.moving_average_order(b.close, v["lookback_bars"]),),
    ),
)
"""Averages of finite windows."""

DECAYING_AVERAGES = (
    Indicator(
        name="dema",
        group=_TREND,
        summary="Mulloy's double exponential moving average",
        reference="P. G. Mulloy, Technical Analysis of Stocks & Commodities 12, 1994",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(lookback(20, "length of each average"),),
        required_bars=chain(*(_EXPONENTIAL,) * 2),
        compute=lambda b, v: (moving_average_recursive.dema(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="tema",
        group=_TREND,
        summary="Mulloy's triple exponential moving average",
        reference="P. G. Mulloy, Technical Analysis of Stocks & Commodities 12, 1994",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(lookback(20, "length of each average"),),
        required_bars=chain(*(_EXPONENTIAL,) * 3),
        compute=lambda b, v: (moving_average_recursive.tema(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="t3",
        group=_TREND,
        summary="Tillson's T3 moving average",
        reference="T. Tillson, Technical Analysis of Stocks & Commodities 16:1, 1998",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(
            lookback(10, "length of each of six averages"),
            Parameter(name="volume_factor", default=0.7, description="Tillson's hurry", least=0.0, most=1.0),
        ),
        required_bars=chain(*(_EXPONENTIAL,) * 6),
        compute=lambda b, v: (moving_average_recursive.t3(b.close, v["lookback_bars"], v["volume_factor"]),),
    ),
    Indicator(
        name="zlema",
        group=_TREND,
        summary="Zero-lag exponential moving average",
        reference="J. Ehlers, R. Way, Technical Analysis of Stocks & Commodities 28:11, 2010",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(lookback(20, "length of the average", least=3),),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget((exponential(v["lookback_bars"]),), tolerance) + (v["lookback_bars"] - 1) // 2
        ),
        compute=lambda b, v: (moving_average_recursive.zlema(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="kama",
        group=_TREND,
        summary="Kaufman's adaptive moving average, restarted a fixed number of bars before every bar",
        reference="P. J. Kaufman, Smarter Trading, 1995",
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(
            lookback(10, "changes in the efficiency ratio"),
            Parameter(name="fast_bars", default=2, description="length on a straight move", least=1),
            Parameter(name="slow_bars", default=30, description="length on a move that leads nowhere"),
            _memory(100),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=total("lookback_bars", "memory_bars"),
        compute=lambda b, v: (
            moving_average_adaptive.kama(
                b.close,
                v["lookback_bars"],
                fast_bars=v["fast_bars"],
                slow_bars=v["slow_bars"],
                memory_bars=v["memory_bars"],
            ),
        ),
        difference=f"{_RESTARTED}; where nothing moves the efficiency is 0, where TA-Lib says 1",
    ),
    Indicator(
        name="vidya",
        group=_TREND,
        summary="Chande's variable index dynamic average with the momentum oscillator, restarted",
        reference=_CHANDE_KROLL,
        inputs=("close",),
        outputs=_FROM_AVERAGE,
        parameters=(
            lookback(9, "changes in the momentum oscillator"),
            Parameter(name="smoothing_bars", default=12, description="length on a straight move", least=1),
            _memory(150),
        ),
        required_bars=total("lookback_bars", "memory_bars"),
        compute=lambda b, v: (
            moving_average_adaptive.vidya(
                b.close, v["lookback_bars"], smoothing_bars=v["smoothing_bars"], memory_bars=v["memory_bars"]
            ),
        ),
        difference=_RESTARTED,
    ),
    Indicator(
        name="frama",
        group=_TREND,
        summary="Ehlers' fractal adaptive moving average of the median price, restarted",
        reference="J. F. Ehlers, Technical Analysis of Stocks & Commodities 23:10, 2005",
        inputs=("high", "low", "close"),
        outputs=_FROM_AVERAGE,
        parameters=(lookback(16, "bars of the fractal dimension", least=4), _memory(100)),
        required_bars=total("lookback_bars", "memory_bars", extra=-1),
        compute=lambda b, v: (
            moving_average_fractal.frama(b.high, b.low, b.close, v["lookback_bars"], memory_bars=v["memory_bars"]),
        ),
        difference=f"{_RESTARTED}; without a range the dimension is 1.5",
    ),
    Indicator(
        name="super_smoother",
        group=_TREND,
        summary="Ehlers' two-pole super smoother",
        reference="J. F. Ehlers, Cycle Analytics for Traders, 2013, ch. 3",
        inputs=("close",),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the smoothed close"),),
        parameters=(lookback(10, "shortest wave that passes", least=3),),
        required_bars=lambda v, _, tolerance: bars_to_forget(
            (1.0 - ehlers_recursion.super_smoother_pole(v["lookback_bars"]),) * 2, tolerance
        ),
        compute=lambda b, v: (ehlers_filter.super_smoother(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="instantaneous_trendline",
        group=_TREND,
        summary="Ehlers' instantaneous trendline, a two-pole low-pass filter",
        reference="J. F. Ehlers, Cybernetic Analysis for Stocks and Futures, 2004, ch. 3",
        inputs=("close",),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the trendline"),),
        parameters=(lookback(27, "length of the smoothing"),),
        required_bars=chain(*(_EXPONENTIAL,) * 2),
        compute=lambda b, v: (ehlers_filter.instantaneous_trendline(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="alligator",
        group=_TREND,
        summary="Williams' alligator: Wilder's averages of the median price, drawn 8, 5 and 3 bars forward",
        reference="B. Williams, New Trading Dimensions, 1998",
        inputs=("high", "low", "close"),
        outputs=tuple(
            Output(line, LOG_DISTANCE, f"distance of the close from the average of {bars} bars")
            for line, (bars, _) in zip(("jaw", "teeth", "lips"), moving_average_recursive.ALLIGATOR, strict=True)
        ),
        required_bars=lambda _values, _, tolerance: max(
            bars_to_forget((wilder(bars),), tolerance) + displacement
            for bars, displacement in moving_average_recursive.ALLIGATOR
        ),
        compute=lambda b, _: moving_average_ribbon.alligator(b.high, b.low, b.close),
    ),
    Indicator(
        name="guppy",
        group=_TREND,
        summary="Guppy's multiple moving averages: six short and six long exponential ones",
        reference="D. Guppy, Trend Trading, 2004",
        inputs=("close",),
        outputs=(
            Output("gap", "log(short / long)", "distance of the mean short from the mean long average"),
            Output("short_spread", "log(highest / lowest)", "spread of the averages over 3 to 15 bars"),
            Output("long_spread", "log(highest / lowest)", "spread of the averages over 30 to 60 bars"),
        ),
        required_bars=lambda _values, _, tolerance: bars_to_forget(
            (exponential(max(moving_average_recursive.GUPPY_LONG)),), tolerance
        ),
        compute=lambda b, _: moving_average_ribbon.guppy(b.close),
    ),
)
"""Averages that forget slowly, or start anew for every bar."""
