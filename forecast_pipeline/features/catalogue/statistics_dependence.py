"""Statistics: what the past of a window says of its next bars, by correlation, variance ratio, entropy and scaling."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import RATIO, Indicator, Output, Parameter, finite, lookback
from forecast_pipeline.features.indicators import (
    complexity,
    dependence,
    dependence_tests,
    higuchi,
    mean_reversion,
    scaling,
    sevcik,
    structure_function,
    variance_ratio,
)

_STATISTICS = "statistics"
_CORRELATION, _SHARE = "-1 to 1", "0 to 1"
_CLOSE = ("close",)
_RETURNS, _CLOSES = "log returns in the window", "closes in the window"
_BOX_JENKINS = "G. E. P. Box, G. M. Jenkins, Time Series Analysis: Forecasting and Control, 1970"
_LAG = Parameter(name="lag_bars", default=5, description="the second lag", least=1)
_LAGS = (
    Output("first", _CORRELATION, "at lag 1"),
    Output("later", _CORRELATION, "at the lag of choice"),
)
_MEMORY = "0.5 without memory, more if moves persist, less if they revert"

DEPENDENCE = (
    Indicator(
        name="autocorrelation",
        group=_STATISTICS,
        summary="Autocorrelation of log returns at lag 1 and at a lag of choice, window's mean, biased denominator",
        reference=f"{_BOX_JENKINS}, ch. 2",
        inputs=_CLOSE,
        outputs=_LAGS,
        parameters=(lookback(100, _RETURNS), _LAG),
        increasing=("lag_bars", "lookback_bars"),
        required_bars=finite(1),
        compute=lambda b, v: dependence.autocorrelation(b.close, v["lookback_bars"], lag_bars=v["lag_bars"]),
    ),
    Indicator(
        name="partial_autocorrelation",
        group=_STATISTICS,
        summary="Partial autocorrelation of log returns at lag 2, Yule and Walker",
        reference=f"{_BOX_JENKINS}, ch. 3",
        inputs=_CLOSE,
        outputs=(Output("", _CORRELATION, "what lag 2 says beyond lag 1"),),
        parameters=(lookback(100, _RETURNS, least=3),),
        required_bars=finite(1),
        compute=lambda b, v: (dependence_tests.partial_autocorrelation(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="absolute_autocorrelation",
        group=_STATISTICS,
        summary="Autocorrelation of absolute log returns at lag 1 and at a lag of choice",
        reference="Z. Ding, C. W. J. Granger, R. F. Engle, Journal of Empirical Finance 1, 1993",
        inputs=_CLOSE,
        outputs=_LAGS,
        parameters=(lookback(100, _RETURNS), _LAG),
        increasing=("lag_bars", "lookback_bars"),
        required_bars=finite(1),
        compute=lambda b, v: dependence.absolute_autocorrelation(b.close, v["lookback_bars"], lag_bars=v["lag_bars"]),
    ),
    Indicator(
        name="ljung_box",
        group=_STATISTICS,
        summary="Ljung and Box's statistic of log returns over its number of lags",
        reference="G. M. Ljung, G. E. P. Box, Biometrika 65, 1978",
        inputs=_CLOSE,
        outputs=(Output("", RATIO, "1 on average without dependence, more with"),),
        parameters=(
            lookback(100, _RETURNS),
            Parameter(name="n_lags", default=5, description="lags from 1 on", least=1, most=50),
        ),
        increasing=("n_lags", "lookback_bars"),
        required_bars=finite(1),
        compute=lambda b, v: (dependence_tests.ljung_box(b.close, v["lookback_bars"], n_lags=v["n_lags"]),),
    ),
    Indicator(
        name="range_return_correlation",
        group=_STATISTICS,
        summary="Correlation of the log range of a bar with its log return",
        reference="F. Black, Proceedings of the American Statistical Association, 1976, for the effect it measures",
        inputs=("high", "low", "close"),
        outputs=(Output("", _CORRELATION, "positive where wide bars rise"),),
        parameters=(lookback(60, "bars in the window", least=3),),
        required_bars=finite(1),
        compute=lambda b, v: (dependence_tests.range_return_correlation(b.high, b.low, b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="variance_ratio",
        group=_STATISTICS,
        summary="Lo and MacKinlay's variance ratio, overlapping and unbiased, and its heteroskedasticity-robust z",
        reference="A. W. Lo, A. C. MacKinlay, Review of Financial Studies 1, 1988",
        inputs=_CLOSE,
        outputs=(
            Output("ratio", RATIO, "1 on a random walk, more where moves persist"),
            Output("z", "standard errors", "distance of the ratio from 1"),
        ),
        parameters=(
            lookback(100, _RETURNS, least=3),
            Parameter(name="aggregate_bars", default=4, description="bars of the long returns", most=64),
        ),
        increasing=("aggregate_bars", "lookback_bars"),
        required_bars=finite(1),
        compute=lambda b, v: variance_ratio.variance_ratio(
            b.close, v["lookback_bars"], aggregate_bars=v["aggregate_bars"]
        ),
    ),
    Indicator(
        name="mean_reversion",
        group=_STATISTICS,
        summary="First-order autoregression of the log price: speed, half-life and Dickey and Fuller's t",
        reference="D. A. Dickey, W. A. Fuller, Journal of the American Statistical Association 74, 1979",
        inputs=_CLOSE,
        outputs=(
            Output("speed", "share of the distance a bar", "how fast the price returns to the window's mean"),
            Output("half_life", "share of the window", "Ornstein-Uhlenbeck half-life, at most 1"),
            Output("t", "t statistic", "negative where the price returns"),
        ),
        parameters=(lookback(100, "changes in the window", least=4),),
        required_bars=finite(1),
        compute=lambda b, v: mean_reversion.mean_reversion(b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="permutation_entropy",
        group=_STATISTICS,
        summary="Entropy of the six orders of three successive closes, over its largest value",
        reference="C. Bandt, B. Pompe, Physical Review Letters 88, 2002",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "0 for one pattern only, 1 for all alike"),),
        parameters=(lookback(100, _CLOSES, least=4),),
        required_bars=finite(),
        compute=lambda b, v: (complexity.permutation_entropy(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="sign_entropy",
        group=_STATISTICS,
        summary="Shannon's entropy of words of two successive signs of log returns: down, unchanged, up",
        reference="C. E. Shannon, Bell System Technical Journal 27, 1948",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "0 for one word only, 1 for all nine alike"),),
        parameters=(lookback(60, "words in the window"),),
        required_bars=finite(2),
        compute=lambda b, v: (complexity.sign_entropy(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="fractal_dimension",
        group=_STATISTICS,
        summary="Fractal dimension of the log price, Higuchi's with steps of 1 to 8 bars and Sevcik's",
        reference="T. Higuchi, Physica D 31, 1988; C. Sevcik, Complexity International 5, 1998",
        inputs=_CLOSE,
        outputs=(
            Output("higuchi", "dimension", "1 for a line, 1.5 for a random walk, 2 for noise around a level"),
            Output("sevcik", "dimension", "length of the curve in the unit square, from 1 for a line"),
        ),
        parameters=(lookback(64, _CLOSES, least=17),),
        required_bars=finite(),
        compute=lambda b, v: (
            higuchi.higuchi_dimension(b.close, v["lookback_bars"]),
            sevcik.sevcik_dimension(b.close, v["lookback_bars"]),
        ),
    ),
    Indicator(
        name="detrended_fluctuation",
        group=_STATISTICS,
        summary="Exponent of detrended fluctuation analysis, overlapping boxes, corrected for small boxes",
        reference="C.-K. Peng et al., Physical Review E 49, 1994",
        inputs=_CLOSE,
        outputs=(Output("", "exponent", _MEMORY),),
        parameters=(lookback(128, _CLOSES, least=64, most=4096),),
        required_bars=finite(),
        compute=lambda b, v: (scaling.detrended_fluctuation(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="structure_exponent",
        group=_STATISTICS,
        summary="Generalised Hurst exponent of order 2, from mean squared moves over 1, 2, 4 and 8 bars",
        reference="T. Di Matteo, Quantitative Finance 7, 2007",
        inputs=_CLOSE,
        outputs=(Output("", "exponent", _MEMORY),),
        parameters=(lookback(128, _CLOSES, least=16),),
        required_bars=finite(),
        compute=lambda b, v: (structure_function.structure_exponent(b.close, v["lookback_bars"]),),
    ),
)
