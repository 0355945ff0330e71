"""Volatility by filters and bands: RiskMetrics, GJR, Chaikin, Dorsey, Bollinger's width, squeeze, ulcer index."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    FLAG,
    LOG_RETURN,
    PERCENT_SCALE,
    RATIO,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.indicators import (
    deviation_bands,
    drawdown,
    filtered_volatility,
    smoothed_volatility,
    squeeze,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

_HLC = ("high", "low", "close")
_CLOSE = ("close",)
_VOLATILITY = "volatility"
_BOLLINGER = "J. Bollinger, Bollinger on Bollinger Bands, 2001"
_WIDTH = Parameter(name="width", default=2.0, description="standard deviations to a band", least=0.1, most=10.0)

FILTERED_VOLATILITY = (
    Indicator(
        name="ewma_volatility",
        group=_VOLATILITY,
        summary="Root of the exponentially weighted mean of squared log returns, RiskMetrics",
        reference="J. P. Morgan, Reuters, RiskMetrics Technical Document, 4th edition, 1996",
        inputs=_CLOSE,
        outputs=(Output("", LOG_RETURN, "standard deviation of one bar"),),
        parameters=(Parameter(name="decay", default=0.94, description="weight kept a bar", least=0.5, most=0.999),),
        # One bar for the first return, one for the bar whose return starts the average.
        required_bars=lambda v, _, tolerance: filtered_volatility.bars_to_forget_variance(v["decay"], tolerance) + 2,
        compute=lambda b, v: (filtered_volatility.ewma_volatility(b.close, v["decay"]),),
    ),
    Indicator(
        name="gjr_volatility",
        group=_VOLATILITY,
        summary="Next bar's volatility of a GJR model with fixed parameters that returns to the window's variance",
        reference="L. R. Glosten, R. Jagannathan, D. E. Runkle, Journal of Finance 48, 1993",
        inputs=_CLOSE,
        outputs=(Output("", LOG_RETURN, "standard deviation expected of the next bar"),),
        parameters=(
            Parameter(name="decay", default=0.9, description="weight of the previous variance", least=0.5, most=0.99),
            Parameter(name="asymmetry", default=0.4, description="how much more falls count", least=0.0, most=1.0),
            Parameter(name="pull", default=0.3, description="share of the window's variance", least=0.0, most=1.0),
            lookback(120, "log returns whose variance it returns to"),
        ),
        required_bars=lambda v, _, tolerance: (
            filtered_volatility.bars_to_forget_variance(v["decay"], tolerance) + v["lookback_bars"] + 1
        ),
        compute=lambda b, v: (
            filtered_volatility.gjr_volatility(
                b.close,
                decay=v["decay"],
                asymmetry=v["asymmetry"],
                pull=v["pull"],
                lookback_bars=v["lookback_bars"],
            ),
        ),
    ),
    Indicator(
        name="chaikin_volatility",
        group=_VOLATILITY,
        summary="Change of the exponentially smoothed range over its sum with the old one",
        reference="S. B. Achelis, Technical Analysis from A to Z, 1995, Chaikin's volatility",
        inputs=("high", "low"),
        outputs=(Output("", "-1 to 1", "positive while ranges widen"),),
        parameters=(
            lookback(10, "bars of the exponential average"),
            Parameter(name="lag_bars", default=10, description="bars between the two averages", least=1),
        ),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget((exponential(v["lookback_bars"]),), tolerance) + v["lag_bars"]
        ),
        compute=lambda b, v: (
            smoothed_volatility.chaikin_volatility(
                b.high, b.low, v["lookback_bars"], lag_bars=v["lag_bars"], tolerance=v["tolerance"]
            ),
        ),
        difference="the change is taken over the sum of both averages, which has bounds, not over the old one",
    ),
    Indicator(
        name="relative_volatility_index",
        group=_VOLATILITY,
        summary="Dorsey's index: share of the deviation of log closes that came with rises, Wilder's smoothing",
        reference="D. Dorsey, Technical Analysis of Stocks & Commodities 11, 1993",
        inputs=_CLOSE,
        outputs=(Output("", PERCENT_SCALE, "above 50 where deviation comes with rises"),),
        parameters=(
            lookback(14, "bars of Wilder's average"),
            Parameter(name="deviation_bars", default=10, description="log closes in each standard deviation"),
        ),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget((wilder(v["lookback_bars"]),), tolerance) + v["deviation_bars"]
        ),
        compute=lambda b, v: (
            smoothed_volatility.relative_volatility_index(
                b.close, v["lookback_bars"], deviation_bars=v["deviation_bars"], tolerance=v["tolerance"]
            ),
        ),
        difference="50 once a market that stands still has been forgotten",
    ),
    Indicator(
        name="bollinger_bandwidth",
        group=_VOLATILITY,
        summary="Distance of Bollinger's bands over the middle one, ddof 0",
        reference=_BOLLINGER,
        inputs=_CLOSE,
        outputs=(Output("", "fraction of the mean close", "width of the bands"),),
        parameters=(lookback(20), _WIDTH),
        required_bars=finite(),
        compute=lambda b, v: (deviation_bands.bollinger_bandwidth(b.close, v["lookback_bars"], width=v["width"]),),
    ),
    Indicator(
        name="bollinger_percent_b",
        group=_VOLATILITY,
        summary="Place of the close between Bollinger's bands, ddof 0",
        reference=_BOLLINGER,
        inputs=_CLOSE,
        outputs=(Output("", "0 to 1 within the bands", "0 at the lower, 1 at the upper band, 0.5 where all is flat"),),
        parameters=(lookback(20), _WIDTH),
        required_bars=finite(),
        compute=lambda b, v: (deviation_bands.bollinger_percent_b(b.close, v["lookback_bars"], width=v["width"]),),
    ),
    Indicator(
        name="squeeze",
        group=_VOLATILITY,
        summary="Bollinger's bands against a Keltner channel of simple means around the same middle",
        reference="J. F. Carter, Mastering the Trade, 2005",
        inputs=_HLC,
        outputs=(
            Output("on", FLAG, "the bands lie inside the channel"),
            Output("ratio", RATIO, "width of the bands over that of the channel"),
        ),
        parameters=(
            lookback(20),
            _WIDTH,
            Parameter(
                name="range_width", default=1.5, description="true ranges to a Keltner line", least=0.1, most=10.0
            ),
        ),
        required_bars=finite(1),
        compute=lambda b, v: squeeze.squeeze(
            b.high, b.low, b.close, v["lookback_bars"], width=v["width"], range_width=v["range_width"]
        ),
    ),
    Indicator(
        name="ulcer_index",
        group=_VOLATILITY,
        summary="Root mean square of the falls below the highest close of the window each of them ends",
        reference="P. G. Martin, B. B. McCann, The Investor's Guide to Fidelity Funds, 1989",
        inputs=_CLOSE,
        outputs=(Output("", "fraction of the peak", "depth of the falls"),),
        parameters=(lookback(14, "falls in the mean and closes behind each peak"),),
        required_bars=lambda v, *_: 2 * v["lookback_bars"] - 1,
        compute=lambda b, v: (drawdown.ulcer_index(b.close, v["lookback_bars"]),),
        difference="fractions where Martin has percent",
    ),
)
