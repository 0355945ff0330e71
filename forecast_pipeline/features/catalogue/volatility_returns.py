"""Volatility from log returns of the closes: spans, ratios, jumps, halves, its own movement."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    LOG_RETURN,
    RATIO,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.indicators import (
    bipower,
    jump,
    realised,
    semivariance,
    volatility_of_volatility,
    volatility_terms,
)

_VOLATILITY = "volatility"
_BALANCE, _SHARE = "-1 to 1", "0 to 1"
_RETURNS = "log returns in the window"
_CLOSE = ("close",)

RETURN_VOLATILITY = (
    Indicator(
        name="close_to_close",
        group=_VOLATILITY,
        summary="Standard deviation of log returns, ddof 1, over three spans",
        reference="M. B. Garman, M. J. Klass, Journal of Business 53, 1980, the classical estimator",
        inputs=_CLOSE,
        outputs=tuple(
            Output(span, LOG_RETURN, f"standard deviation of one bar, {span} span")
            for span in ("short", "medium", "long")
        ),
        parameters=(
            Parameter(name="short_bars", default=10, description="log returns of the short span"),
            Parameter(name="medium_bars", default=30, description="log returns of the medium span"),
            Parameter(name="long_bars", default=120, description="log returns of the long span"),
        ),
        increasing=("short_bars", "medium_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: realised.close_to_close(b.close, (v["short_bars"], v["medium_bars"], v["long_bars"])),
    ),
    Indicator(
        name="bipower_variation",
        group=_VOLATILITY,
        summary="Volatility from products of neighbouring absolute returns: sqrt(pi / 2 mean(|r[t]| |r[t-1]|))",
        reference="O. E. Barndorff-Nielsen, N. Shephard, Journal of Financial Econometrics 2, 2004",
        inputs=_CLOSE,
        outputs=(Output("", LOG_RETURN, "standard deviation of one bar, jumps left out"),),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (bipower.bipower_variation(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="jump_share",
        group=_VOLATILITY,
        summary="Part of the realised variance that bipower variation leaves out: max(0, 1 - BV / RV)",
        reference="O. E. Barndorff-Nielsen, N. Shephard, Journal of Financial Econometrics 2, 2004",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "share of the variance that jumps brought"),),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (jump.jump_share(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="jump_test",
        group=_VOLATILITY,
        summary="Adjusted ratio statistic of bipower variation against realised variance, quadpower quarticity",
        reference="O. E. Barndorff-Nielsen, N. Shephard, Journal of Financial Econometrics 4, 2006",
        inputs=_CLOSE,
        outputs=(Output("", "standard errors", "large where the window holds a jump, standard normal without"),),
        parameters=(lookback(100, _RETURNS, least=5),),
        required_bars=finite(1),
        compute=lambda b, v: (jump.jump_test(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="neighbour_truncation",
        group=_VOLATILITY,
        summary="Volatility from the smaller of two neighbouring returns and from the median of three (MinRV, MedRV)",
        reference="T. G. Andersen, D. Dobrev, E. Schaumburg, Journal of Econometrics 169, 2012",
        inputs=_CLOSE,
        outputs=(
            Output("minimum", LOG_RETURN, "root of MinRV per bar"),
            Output("median", LOG_RETURN, "root of MedRV per bar"),
        ),
        parameters=(lookback(60, _RETURNS, least=3),),
        required_bars=finite(1),
        compute=lambda b, v: bipower.neighbour_truncation(b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="realised_semivariance",
        group=_VOLATILITY,
        summary="Root mean square of rising and of falling log returns, each over all bars of the window",
        reference="O. E. Barndorff-Nielsen, S. Kinnebrock, N. Shephard, Measuring downside risk, 2010",
        inputs=_CLOSE,
        outputs=(
            Output("up", LOG_RETURN, "root of the upper semivariance per bar"),
            Output("down", LOG_RETURN, "root of the lower one, the downside deviation"),
        ),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: semivariance.realised_semivariance(b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="signed_jump",
        group=_VOLATILITY,
        summary="Upper minus lower realised semivariance over realised variance",
        reference="A. J. Patton, K. Sheppard, Review of Economics and Statistics 97, 2015",
        inputs=_CLOSE,
        outputs=(Output("", _BALANCE, "balance of jumps, positive upwards"),),
        parameters=(lookback(20, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (semivariance.signed_jump(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="realised_quarticity",
        group=_VOLATILITY,
        summary="Realised quarticity over squared realised variance: n / 3 sum(r^4) / sum(r^2)^2",
        reference="O. E. Barndorff-Nielsen, N. Shephard, Journal of the Royal Statistical Society B 64, 2002",
        inputs=_CLOSE,
        outputs=(Output("", RATIO, "1 for normal returns of one variance, more the less evenly it came"),),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (realised.realised_quarticity(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="har_components",
        group=_VOLATILITY,
        summary="Log ratios of short and medium to long realised volatility, the heterogeneous autoregression's spans",
        reference="F. Corsi, Journal of Financial Econometrics 7, 2009",
        inputs=_CLOSE,
        outputs=(
            Output("short", "log ratio", "short over long root mean square"),
            Output("medium", "log ratio", "medium over long root mean square"),
        ),
        parameters=(
            Parameter(name="short_bars", default=12, description="log returns of the short span", least=1),
            Parameter(name="medium_bars", default=60, description="log returns of the medium span"),
            Parameter(name="long_bars", default=288, description="log returns of the long span"),
        ),
        increasing=("short_bars", "medium_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: volatility_terms.har_components(
            b.close, short_bars=v["short_bars"], medium_bars=v["medium_bars"], long_bars=v["long_bars"]
        ),
    ),
    Indicator(
        name="volatility_ratio",
        group=_VOLATILITY,
        summary="Standard deviation of log returns of a short window over that of a long one, means taken out",
        reference="P. J. Kaufman, Trading Systems and Methods, 1995",
        inputs=_CLOSE,
        outputs=(Output("", RATIO, "above 1 while volatility rises"),),
        parameters=(
            Parameter(name="short_bars", default=10, description="log returns of the short window"),
            Parameter(name="long_bars", default=100, description="log returns of the long window"),
        ),
        increasing=("short_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: (
            volatility_terms.volatility_ratio(b.close, short_bars=v["short_bars"], long_bars=v["long_bars"]),
        ),
    ),
    Indicator(
        name="volatility_of_volatility",
        group=_VOLATILITY,
        summary="Standard deviation of the short realised volatility over its mean",
        reference="F. Corsi, S. Mittnik, C. Pigorsch, U. Pigorsch, Econometric Reviews 27, 2008",
        inputs=_CLOSE,
        outputs=(Output("", RATIO, "how much volatility itself moves"),),
        parameters=(
            Parameter(name="short_bars", default=10, description="log returns in each volatility", least=1),
            lookback(60, "volatilities in the window"),
        ),
        required_bars=lambda v, *_: v["short_bars"] + v["lookback_bars"],
        compute=lambda b, v: (
            volatility_of_volatility.volatility_of_volatility(
                b.close, short_bars=v["short_bars"], lookback_bars=v["lookback_bars"]
            ),
        ),
    ),
    Indicator(
        name="volatility_percentile",
        group=_VOLATILITY,
        summary="Share of the window's short realised volatilities below the present one, ties by half",
        reference="percentile rank of statistics textbooks",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "0 for the calmest, 1 for the wildest of the window"),),
        parameters=(
            Parameter(name="short_bars", default=20, description="log returns in each volatility", least=1),
            lookback(250, "volatilities in the window"),
        ),
        required_bars=lambda v, *_: v["short_bars"] + v["lookback_bars"],
        compute=lambda b, v: (
            volatility_of_volatility.volatility_percentile(
                b.close, short_bars=v["short_bars"], lookback_bars=v["lookback_bars"]
            ),
        ),
    ),
    Indicator(
        name="leverage",
        group=_VOLATILITY,
        summary="Correlation of a log return with the size of the next one",
        reference="F. Black, Proceedings of the American Statistical Association, 1976",
        inputs=_CLOSE,
        outputs=(Output("", _BALANCE, "negative where falls are followed by large moves"),),
        parameters=(lookback(100, "pairs in the window", least=3),),
        required_bars=finite(2),
        compute=lambda b, v: (realised.leverage(b.close, v["lookback_bars"]),),
    ),
)
