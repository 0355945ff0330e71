"""Volatility from open, high, low and close: classical estimators, shapes of ranges, spreads without quotes."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    FRACTION,
    LOG_RETURN,
    RATIO,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.indicators import (
    bid_ask_spread,
    drift_volatility,
    range_efficiency,
    range_shape,
    range_share,
    range_volatility,
)

_HLC = ("high", "low", "close")
_OHLC = ("open", "high", "low", "close")
_VOLATILITY = "volatility"
_BALANCE, _SHARE = "-1 to 1", "0 to 1"
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978, for the true range"
_JOURNAL = "Journal of Business"

RANGE_VOLATILITY = (
    Indicator(
        name="parkinson",
        group=_VOLATILITY,
        summary="Parkinson's volatility of a bar: sqrt(mean(log(high / low)^2) / (4 log 2))",
        reference=f"M. Parkinson, {_JOURNAL} 53, 1980, pp. 61-65",
        inputs=("high", "low"),
        outputs=(Output("", LOG_RETURN, "standard deviation of one bar, from ranges"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (range_volatility.parkinson(b.high, b.low, v["lookback_bars"]),),
    ),
    Indicator(
        name="garman_klass",
        group=_VOLATILITY,
        summary=(
            "Garman and Klass's practical estimator: "
            "sqrt(mean(log(high / low)^2 / 2 - (2 log 2 - 1) log(close / open)^2))"
        ),
        reference=f"M. B. Garman, M. J. Klass, {_JOURNAL} 53, 1980, pp. 67-78",
        inputs=_OHLC,
        outputs=(Output("", LOG_RETURN, "standard deviation of one bar, from range and net move"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (range_volatility.garman_klass(b.open, b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="rogers_satchell",
        group=_VOLATILITY,
        summary=(
            "Rogers and Satchell's estimator, free of drift: "
            "sqrt(mean(log(high / close) log(high / open) + log(low / close) log(low / open)))"
        ),
        reference="L. C. G. Rogers, S. E. Satchell, Annals of Applied Probability 1, 1991, pp. 504-512",
        inputs=_OHLC,
        outputs=(Output("", LOG_RETURN, "standard deviation of one bar, drift taken out"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (drift_volatility.rogers_satchell(b.open, b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="yang_zhang",
        group=_VOLATILITY,
        summary=(
            "Yang and Zhang's estimator, gaps included: sqrt(var(gap) + k var(open to close) + (1 - k) Rogers-Satchell)"
            ", k = 0.34 / (1.34 + (n + 1) / (n - 1))"
        ),
        reference=f"D. Yang, Q. Zhang, {_JOURNAL} 73, 2000, pp. 477-491",
        inputs=_OHLC,
        outputs=(Output("", LOG_RETURN, "standard deviation of one bar and the gap before it"),),
        parameters=(lookback(20),),
        required_bars=finite(1),
        compute=lambda b, v: (drift_volatility.yang_zhang(b.open, b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="parkinson_share",
        group=_VOLATILITY,
        summary="Parkinson's variance over the sum of it and of the close-to-close variance",
        reference=f"M. Parkinson, {_JOURNAL} 53, 1980, whose two estimators it compares",
        inputs=_HLC,
        outputs=(Output("", _SHARE, "above 0.5 where ranges are not kept, below where gaps or trends rule"),),
        parameters=(lookback(60),),
        required_bars=finite(1),
        compute=lambda b, v: (range_share.parkinson_share(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="gap_share",
        group=_VOLATILITY,
        summary="Squared gaps between bars over squared gaps and squared moves within bars",
        reference=f"D. Yang, Q. Zhang, {_JOURNAL} 73, 2000, whose two variances it compares",
        inputs=("open", "close"),
        outputs=(Output("", _SHARE, "share of the movement that happened between bars"),),
        parameters=(lookback(60),),
        required_bars=finite(1),
        compute=lambda b, v: (range_share.gap_share(b.open, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="atr_ratio",
        group=_VOLATILITY,
        summary="Mean true range of a short window over that of a long one, simple means of log ranges",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", RATIO, "above 1 while ranges widen"),),
        parameters=(
            Parameter(name="short_bars", default=10, description="true ranges of the short mean", least=1),
            Parameter(name="long_bars", default=100, description="true ranges of the long mean"),
        ),
        increasing=("short_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: (
            range_shape.atr_ratio(b.high, b.low, b.close, short_bars=v["short_bars"], long_bars=v["long_bars"]),
        ),
    ),
    Indicator(
        name="true_range_share",
        group=_VOLATILITY,
        summary="True range of the present bar over the mean true range of the window it ends",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", RATIO, "above 1 for a bar wider than usual"),),
        parameters=(lookback(20),),
        required_bars=finite(1),
        compute=lambda b, v: (range_efficiency.true_range_share(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="range_efficiency",
        group=_VOLATILITY,
        summary="Net log move of the closes over the summed log true ranges, signed",
        reference="P. J. Kaufman, Trading Systems and Methods, 1995, for the efficiency ratio it varies",
        inputs=_HLC,
        outputs=(Output("", _BALANCE, "1 or -1 for a straight move, near 0 for going nowhere"),),
        parameters=(lookback(20),),
        required_bars=finite(1),
        compute=lambda b, v: (range_efficiency.range_efficiency(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="normalised_range",
        group=_VOLATILITY,
        summary="Log range of the whole window over the root of its summed squared log true ranges",
        reference="W. Feller, Annals of Mathematical Statistics 22, 1951, for the range of a random walk",
        inputs=_HLC,
        outputs=(Output("", RATIO, "large where bars line up, small where they overlap"),),
        parameters=(lookback(60),),
        required_bars=finite(1),
        compute=lambda b, v: (range_shape.normalised_range(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="high_low_asymmetry",
        group=_VOLATILITY,
        summary="Way of the bars above their opens minus way below, over the ranges",
        reference="L. C. G. Rogers, S. E. Satchell, Annals of Applied Probability 1, 1991, whose terms it balances",
        inputs=("open", "high", "low"),
        outputs=(Output("", _BALANCE, "positive where bars reach up"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (range_efficiency.high_low_asymmetry(b.open, b.high, b.low, v["lookback_bars"]),),
    ),
    Indicator(
        name="corwin_schultz",
        group=_VOLATILITY,
        summary="Bid-ask spread from ranges of one and of two bars, negative pairs as 0, no correction for gaps",
        reference="S. A. Corwin, P. Schultz, Journal of Finance 67, 2012",
        inputs=("high", "low"),
        outputs=(Output("", FRACTION, "estimated spread"),),
        parameters=(lookback(60, "pairs of neighbouring bars"),),
        required_bars=finite(1),
        compute=lambda b, v: (bid_ask_spread.corwin_schultz(b.high, b.low, v["lookback_bars"]),),
    ),
    Indicator(
        name="abdi_ranaldo",
        group=_VOLATILITY,
        summary="Bid-ask spread from closes and the middles of the ranges before and after them, average of pairs",
        reference="F. Abdi, A. Ranaldo, Review of Financial Studies 30, 2017",
        inputs=_HLC,
        outputs=(Output("", LOG_RETURN, "estimated spread"),),
        parameters=(lookback(60, "pairs of neighbouring bars"),),
        required_bars=finite(1),
        compute=lambda b, v: (bid_ask_spread.abdi_ranaldo(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="roll_spread",
        group=_VOLATILITY,
        summary="Bid-ask spread from the covariance of neighbouring log returns, 0 where that is positive",
        reference="R. Roll, Journal of Finance 39, 1984",
        inputs=("close",),
        outputs=(Output("", LOG_RETURN, "estimated spread"),),
        parameters=(lookback(60, "pairs of neighbouring returns"),),
        required_bars=finite(2),
        compute=lambda b, v: (bid_ask_spread.roll_spread(b.close, v["lookback_bars"]),),
    ),
)
