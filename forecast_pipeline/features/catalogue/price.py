"""Price: shape of the bar, transforms of prices, swings, and levels of the FX day before."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    FLAG,
    LOG_DISTANCE,
    LOG_RETURN,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.price_levels import PRICE_LEVELS
from forecast_pipeline.features.indicators import bar_sequence, bar_shape, price_transform, spanned_returns, swing
from forecast_pipeline.features.warm_up import bars_to_forget

_GROUP = "price"
_OHLC = ("open", "high", "low", "close")
_HLC = ("high", "low", "close")
_SHARE = "0 to 1"
_NISON = "S. Nison, Japanese Candlestick Charting Techniques, 1991"
_CRABEL = "T. Crabel, Day Trading with Short Term Price Patterns and Opening Range Breakout, 1990"
_CAMPBELL = "J. Y. Campbell, A. W. Lo, A. C. MacKinlay, The Econometrics of Financial Markets, 1997, ch. 1"
_HEIKIN_ASHI_SMOOTHING = 0.5

PRICE: tuple[Indicator, ...] = (
    Indicator(
        name="body_share",
        group=_GROUP,
        summary="Body of the bar as a share of its range",
        reference=_NISON,
        inputs=_OHLC,
        outputs=(Output("", _SHARE, "|close - open| / (high - low), 0 without a range"),),
        required_bars=lambda *_: 1,
        compute=lambda b, _: (bar_shape.body_share(b.open, b.high, b.low, b.close),),
    ),
    Indicator(
        name="shadow_shares",
        group=_GROUP,
        summary="Shadows of the bar as shares of its range",
        reference=_NISON,
        inputs=_OHLC,
        outputs=(
            Output("upper", _SHARE, "what lies above the body, 0 without a range"),
            Output("lower", _SHARE, "what lies below the body, 0 without a range"),
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: bar_shape.shadow_shares(b.open, b.high, b.low, b.close),
    ),
    Indicator(
        name="close_location",
        group=_GROUP,
        summary="Chaikin's close location value",
        reference="M. Chaikin; TA-Lib, ta_AD.c",
        inputs=_HLC,
        outputs=(Output("", "-1 to 1", "place of the close between low and high, 0 without a range"),),
        required_bars=lambda *_: 1,
        compute=lambda b, _: (bar_shape.close_location(b.high, b.low, b.close),),
    ),
    Indicator(
        name="gap",
        group=_GROUP,
        summary="Jump from the last close to the open, and the gap left uncovered, in mean true ranges",
        reference="R. D. Edwards, J. Magee, Technical Analysis of Stock Trends, 1948",
        inputs=_OHLC,
        outputs=(
            Output("", "mean true ranges", "open minus the last close"),
            Output("uncovered", "mean true ranges", "what neither this bar nor the last covers, signed"),
        ),
        parameters=(lookback(14, "true ranges in the simple mean"),),
        required_bars=finite(1),
        compute=lambda b, v: bar_shape.gap(b.open, b.high, b.low, b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="inside_bar",
        group=_GROUP,
        summary="Bar strictly inside the one before",
        reference=_CRABEL,
        inputs=("high", "low"),
        outputs=(Output("", FLAG, "lower high and higher low"),),
        required_bars=lambda *_: 2,
        compute=lambda b, _: (bar_sequence.inside_bar(b.high, b.low),),
    ),
    Indicator(
        name="outside_bar",
        group=_GROUP,
        summary="Bar that reaches strictly beyond both ends of the one before",
        reference=_CRABEL,
        inputs=("high", "low"),
        outputs=(Output("", FLAG, "higher high and lower low"),),
        required_bars=lambda *_: 2,
        compute=lambda b, _: (bar_sequence.outside_bar(b.high, b.low),),
    ),
    Indicator(
        name="narrow_range",
        group=_GROUP,
        summary="Share of the window's earlier bars with a wider range; 1 is Crabel's NR7",
        reference=_CRABEL,
        inputs=("high", "low"),
        outputs=(Output("", _SHARE, "1 for the narrowest range of the window, 0 for the widest"),),
        parameters=(lookback(7, most=1000),),
        required_bars=finite(),
        compute=lambda b, v: (bar_sequence.narrow_range(b.high, b.low, v["lookback_bars"]),),
    ),
    Indicator(
        name="price_averages",
        group=_GROUP,
        summary="Close against two averages of its own bar",
        reference="TA-Lib MEDPRICE, AVGPRICE",
        inputs=_OHLC,
        outputs=(
            Output("median", LOG_DISTANCE, "level (high + low) / 2"),
            Output("average", LOG_DISTANCE, "level (open + high + low + close) / 4"),
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: price_transform.price_averages(b.open, b.high, b.low, b.close),
    ),
    Indicator(
        name="heikin_ashi",
        group=_GROUP,
        summary="Body and shadows of the Heikin-Ashi bar",
        reference="D. Valcu, Technical Analysis of Stocks & Commodities 22:2, 2004",
        inputs=_OHLC,
        outputs=(
            Output("body", "log(close / open)", "body of the Heikin-Ashi bar, positive when it rises"),
            Output("upper", "log(high / body)", "its upper shadow"),
            Output("lower", "log(body / low)", "its lower shadow"),
        ),
        required_bars=lambda _v, _, tolerance: bars_to_forget((_HEIKIN_ASHI_SMOOTHING,), tolerance) + 1,
        compute=lambda b, _: price_transform.heikin_ashi(b.open, b.high, b.low, b.close),
    ),
    Indicator(
        name="spanned_return",
        group=_GROUP,
        summary="Log returns over seven spans of Fibonacci's that end at the present close",
        reference=_CAMPBELL,
        inputs=("close",),
        outputs=tuple(Output(f"{span}", LOG_RETURN, f"over the last {span} bars") for span in price_transform.SPANS),
        required_bars=lambda *_: max(price_transform.SPANS) + 1,
        compute=lambda b, _: spanned_returns.spanned_returns(b.close),
    ),
    Indicator(
        name="lagged_return",
        group=_GROUP,
        summary="Log returns of five single bars before the present one",
        reference=_CAMPBELL,
        inputs=("close",),
        outputs=tuple(
            Output(f"{number}", LOG_RETURN, f"of the bar {number} lags ago")
            for number in range(1, price_transform.N_LAGS + 1)
        ),
        parameters=(Parameter(name="lag_bars", default=1, description="bars from one return to the next", least=1),),
        required_bars=lambda v, *_: price_transform.N_LAGS * v["lag_bars"] + 2,
        compute=lambda b, v: spanned_returns.lagged_returns(b.close, v["lag_bars"]),
    ),
    Indicator(
        name="price_acceleration",
        group=_GROUP,
        summary="Log return of the last bars minus that of as many before",
        reference="second difference of the log price",
        inputs=("close",),
        outputs=(Output("", LOG_RETURN, "change of the return, positive when the move gains speed upwards"),),
        parameters=(lookback(5, "bars of each return", least=1),),
        required_bars=lambda v, *_: 2 * v["lookback_bars"] + 1,
        compute=lambda b, v: (spanned_returns.price_acceleration(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="range_position",
        group=_GROUP,
        summary="Place of the close between lowest low and highest high of the window",
        reference="G. C. Lane's raw %K, Technical Analysis of Stocks & Commodities 2:3, 1984, as a fraction",
        inputs=_HLC,
        outputs=(Output("", _SHARE, "0 at the low, 1 at the high, 0.5 without a range"),),
        parameters=(lookback(100),),
        required_bars=finite(),
        compute=lambda b, v: (price_transform.range_position(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="swing_levels",
        group=_GROUP,
        summary="Last three-bar swing high and low, used from the bar that confirms them",
        reference="W. D. Gann's three-bar swing",
        inputs=_HLC,
        outputs=(
            Output("high", LOG_DISTANCE, "level of the last confirmed swing high, else of the highest high"),
            Output("low", LOG_DISTANCE, "level of the last confirmed swing low, else of the lowest low"),
        ),
        parameters=(
            lookback(50, "bars among which the swing must lie", least=12),
            Parameter(name="side_bars", default=1, description="bars on either side that confirm it", least=1, most=10),
        ),
        required_bars=lambda v, *_: v["lookback_bars"] + v["side_bars"],
        compute=lambda b, v: swing.swing_levels(b.high, b.low, b.close, v["lookback_bars"], side_bars=v["side_bars"]),
    ),
    *PRICE_LEVELS,
)
"""Shape of the bar first, levels of the day before last."""
