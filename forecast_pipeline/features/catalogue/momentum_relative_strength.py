"""Momentum as shares of gains among the changes of a bar or of the close."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    PERCENT_SCALE,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.warm_up import chain, fixed
from forecast_pipeline.features.indicators import (
    candle_momentum,
    ehlers_oscillator,
    momentum_range,
    momentum_relative_strength,
    rsi_derived,
    rsi_variants,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

_MOMENTUM = "momentum"
_SIGNED = "-100 to 100"
_WILDER = (wilder, "lookback_bars")
_CHANDE_KROLL = "T. S. Chande, S. Kroll, The New Technical Trader, 1994"
_INDEX_MARGIN = 100.0  # a small range or a small sum divides the remainder of the averages

RELATIVE_STRENGTH = (
    Indicator(
        name="cmo",
        group=_MOMENTUM,
        summary="Chande's momentum oscillator with simple sums",
        reference=_CHANDE_KROLL,
        inputs=("close",),
        outputs=(Output("", _SIGNED, "gains minus losses over their sum"),),
        parameters=(lookback(14, "changes that are summed"),),
        required_bars=finite(1),
        compute=lambda b, v: (momentum_relative_strength.cmo(b.close, v["lookback_bars"]),),
        difference="TA-Lib's CMO averages as Wilder's RSI, of which it is twice the value minus 100",
    ),
    Indicator(
        name="relative_momentum_index",
        group=_MOMENTUM,
        summary="Altman's relative momentum index: Wilder's index of changes over several bars",
        reference="R. Altman, Technical Analysis of Stocks & Commodities 11:2, 1993",
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "share of gains in the smoothed changes"),),
        parameters=(
            lookback(20, "bars of Wilder's average"),
            Parameter(name="momentum_bars", default=5, description="bars of each change", least=1),
        ),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget((wilder(v["lookback_bars"]),), tolerance) + v["momentum_bars"]
        ),
        compute=lambda b, v: (
            momentum_relative_strength.relative_momentum_index(
                b.close, v["lookback_bars"], v["momentum_bars"], v["tolerance"]
            ),
        ),
    ),
    Indicator(
        name="stochastic_rsi",
        group=_MOMENTUM,
        summary="Place of Wilder's relative strength index in its recent range, smoothed once and twice",
        reference=_CHANDE_KROLL,
        inputs=("close",),
        outputs=(
            Output("k", PERCENT_SCALE, "place of the index, smoothed"),
            Output("d", PERCENT_SCALE, "the same, smoothed once more"),
        ),
        parameters=(
            lookback(14, "bars of Wilder's average"),
            Parameter(name="range_bars", default=14, description="values of the index whose range counts"),
            Parameter(name="k_bars", default=3, description="simple mean that makes %K", least=1),
            Parameter(name="d_bars", default=3, description="simple mean that makes %D", least=1),
        ),
        required_bars=chain(_WILDER, windows=("range_bars", "k_bars", "d_bars"), extra=1, margin=_INDEX_MARGIN),
        compute=lambda b, v: rsi_derived.stochastic_rsi(
            b.close,
            v["lookback_bars"],
            range_bars=v["range_bars"],
            k_bars=v["k_bars"],
            d_bars=v["d_bars"],
            tolerance=v["tolerance"],
        ),
        difference="an index that stands still counts as 50, where TA-Lib says 0; %K is smoothed, TA-Lib's is not",
    ),
    Indicator(
        name="rsi_slope",
        group=_MOMENTUM,
        summary="Change of Wilder's relative strength index",
        reference="J. W. Wilder, New Concepts in Technical Trading Systems, 1978, for the index",
        inputs=("close",),
        outputs=(Output("", _SIGNED, "change of the index over slope_bars bars"),),
        parameters=(
            lookback(14, "bars of Wilder's average"),
            Parameter(name="slope_bars", default=5, description="bars of the change", least=1),
        ),
        required_bars=lambda v, _, tolerance: (
            bars_to_forget((wilder(v["lookback_bars"]),), tolerance) + 1 + v["slope_bars"]
        ),
        compute=lambda b, v: (rsi_derived.rsi_slope(b.close, v["lookback_bars"], v["slope_bars"], v["tolerance"]),),
    ),
    Indicator(
        name="derivative_oscillator",
        group=_MOMENTUM,
        summary="Brown's derivative oscillator: the smoothed relative strength index minus its mean",
        reference="C. Brown, Technical Analysis for the Trading Professional, 1999",
        inputs=("close",),
        outputs=(Output("", _SIGNED, "smoothed index minus its simple mean"),),
        parameters=(
            lookback(14, "bars of Wilder's average"),
            Parameter(name="first_bars", default=5, description="first exponential average of the index"),
            Parameter(name="second_bars", default=3, description="second exponential average"),
            Parameter(name="signal_bars", default=9, description="simple mean that is subtracted", least=1),
        ),
        required_bars=chain(
            _WILDER, (exponential, "first_bars"), (exponential, "second_bars"), windows=("signal_bars",), extra=1
        ),
        compute=lambda b, v: (
            rsi_derived.derivative_oscillator(
                b.close,
                v["lookback_bars"],
                first_bars=v["first_bars"],
                second_bars=v["second_bars"],
                signal_bars=v["signal_bars"],
                tolerance=v["tolerance"],
            ),
        ),
    ),
    Indicator(
        name="connors_rsi",
        group=_MOMENTUM,
        summary="Connors' index: mean of a short RSI, the RSI of the bounded run and the rank of the last return",
        reference="L. Connors, C. Alvarez, An introduction to ConnorsRSI, Connors Research, 2012",
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "100 after an unusual rise"),),
        parameters=(
            lookback(3, "bars of Wilder's average of the close"),
            Parameter(name="streak_bars", default=2, description="bars of Wilder's average of the run"),
            Parameter(name="rank_bars", default=100, description="returns the last one is compared with", least=1),
            Parameter(name="most_bars", default=20, description="largest length of a run"),
        ),
        required_bars=lambda v, _, tolerance: max(
            bars_to_forget((wilder(v["lookback_bars"]),), tolerance) + 1,
            bars_to_forget((wilder(v["streak_bars"]),), tolerance) + 1 + v["most_bars"],
            v["rank_bars"] + 2,
        ),
        compute=lambda b, v: (
            rsi_variants.connors_rsi(
                b.close,
                v["lookback_bars"],
                streak_bars=v["streak_bars"],
                rank_bars=v["rank_bars"],
                most_bars=v["most_bars"],
                tolerance=v["tolerance"],
            ),
        ),
        difference="a run longer than most_bars counts as that, so its memory ends; equal returns count one half",
    ),
    Indicator(
        name="dynamic_momentum_index",
        group=_MOMENTUM,
        summary="Chande and Kroll's RSI of a lookback that follows volatility, with simple sums",
        reference=_CHANDE_KROLL,
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "share of gains over 5 to 30 bars"),),
        parameters=(lookback(14, "changes at the usual volatility"),),
        required_bars=fixed(momentum_relative_strength.LONGEST_DYNAMIC + 1),
        compute=lambda b, v: (rsi_variants.dynamic_momentum_index(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="laguerre_rsi",
        group=_MOMENTUM,
        summary="Ehlers' Laguerre index",
        reference="J. F. Ehlers, Cybernetic Analysis for Stocks and Futures, 2004, ch. 14",
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "share of rises among the steps of the filter"),),
        parameters=(
            Parameter(name="damping", default=0.5, description="share that each stage keeps", least=0.0, most=0.9),
        ),
        required_bars=lambda v, _, tolerance: bars_to_forget((1.0 - v["damping"],) * 4, tolerance / _INDEX_MARGIN),
        compute=lambda b, v: (ehlers_oscillator.laguerre_rsi(b.close, v["damping"], v["tolerance"]),),
    ),
    Indicator(
        name="intraday_momentum_index",
        group=_MOMENTUM,
        summary="Chande's intraday momentum index: rising bodies in all bodies",
        reference=_CHANDE_KROLL,
        inputs=("open", "close"),
        outputs=(Output("", PERCENT_SCALE, "share of the rising bodies"),),
        parameters=(lookback(14, "bars that are summed"),),
        required_bars=finite(),
        compute=lambda b, v: (candle_momentum.intraday_momentum_index(b.open, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="demarker",
        group=_MOMENTUM,
        summary="DeMark's oscillator of rising highs and falling lows",
        reference="T. R. DeMark, The New Science of Technical Analysis, 1994",
        inputs=("high", "low"),
        outputs=(Output("", PERCENT_SCALE, "steps up of the high in all steps"),),
        parameters=(lookback(14, "steps that are summed"),),
        required_bars=finite(1),
        compute=lambda b, v: (momentum_range.demarker(b.high, b.low, v["lookback_bars"]),),
    ),
)
"""Shares of gains."""
