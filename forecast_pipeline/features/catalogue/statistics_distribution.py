"""Statistics: shape of the distribution of returns in a window, and where the last values stand in it."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import LOG_DISTANCE, RATIO, Indicator, Output, finite, lookback
from forecast_pipeline.features.indicators import (
    complexity,
    linear_fit,
    moments,
    return_order,
    return_place,
    self_normalised,
    window_place,
)

_STATISTICS = "statistics"
_SHARE = "0 to 1"
_CLOSE = ("close",)
_RETURNS, _CLOSES = "log returns in the window", "closes in the window"
_DEVIATIONS = "standard deviations"
_FISHER = "R. A. Fisher, Statistical Methods for Research Workers, 1925"
_TEXTBOOK = "standard score and percentile rank of statistics textbooks"

DISTRIBUTION = (
    Indicator(
        name="skewness",
        group=_STATISTICS,
        summary="Skewness of log returns, ddof 0, deviations taken in a second pass",
        reference=f"{_FISHER}, the biased g1",
        inputs=_CLOSE,
        outputs=(Output("", "skewness", "positive where large rises outweigh large falls"),),
        parameters=(lookback(60, _RETURNS, least=3),),
        required_bars=finite(1),
        compute=lambda b, v: (moments.skewness(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="kurtosis",
        group=_STATISTICS,
        summary="Excess kurtosis of log returns, ddof 0, deviations taken in a second pass",
        reference=f"{_FISHER}, the biased g2",
        inputs=_CLOSE,
        outputs=(Output("", "excess kurtosis", "0 for normal returns, more for fat tails"),),
        parameters=(lookback(60, _RETURNS, least=4),),
        required_bars=finite(1),
        compute=lambda b, v: (moments.kurtosis(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="return_quantiles",
        group=_STATISTICS,
        summary="Quantiles 0.05 and 0.95 of log returns in standard deviations, and Kelley's asymmetry",
        reference="T. L. Kelley, Fundamentals of Statistics, 1947, for the asymmetry",
        inputs=_CLOSE,
        outputs=(
            Output("q05", _DEVIATIONS, "lower tail of the returns"),
            Output("q95", _DEVIATIONS, "upper tail of the returns"),
            Output("asymmetry", "-1 to 1", "positive where the upper tail is the longer"),
        ),
        parameters=(lookback(100, _RETURNS, least=3),),
        required_bars=finite(1),
        compute=lambda b, v: return_order.return_quantiles(b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="mad_ratio",
        group=_STATISTICS,
        summary="1.4826 median absolute deviations of log returns over their standard deviation",
        reference="F. R. Hampel, Journal of the American Statistical Association 69, 1974",
        inputs=_CLOSE,
        outputs=(Output("", RATIO, "1 for normal returns, less where few large moves make the deviation"),),
        parameters=(lookback(60, _RETURNS, least=3),),
        required_bars=finite(1),
        compute=lambda b, v: (return_order.mad_ratio(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="largest_move_share",
        group=_STATISTICS,
        summary="Largest absolute log return over the sum of all of them",
        reference="P. Embrechts, C. Klüppelberg, T. Mikosch, Modelling Extremal Events, 1997, maximum over sum",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "1 where one bar made the whole way"),),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (self_normalised.largest_move_share(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="return_entropy",
        group=_STATISTICS,
        summary="Shannon's entropy of log returns over the fifths of a normal distribution of their moments",
        reference="C. E. Shannon, Bell System Technical Journal 27, 1948",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "1 for normal shape, less for peaked or uneven returns"),),
        parameters=(lookback(60, _RETURNS, least=5),),
        required_bars=finite(1),
        compute=lambda b, v: (complexity.return_entropy(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="close_zscore",
        group=_STATISTICS,
        summary="Distance of the log close from the window's mean in standard deviations, ddof 0",
        reference=_TEXTBOOK,
        inputs=_CLOSE,
        outputs=(Output("", _DEVIATIONS, "place of the close, 0 at the mean"),),
        parameters=(lookback(100, _CLOSES),),
        required_bars=finite(),
        compute=lambda b, v: (window_place.close_zscore(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="close_rank",
        group=_STATISTICS,
        summary="Share of the window's other closes below the present one, ties by half",
        reference=_TEXTBOOK,
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "0 at the lowest, 1 at the highest close"),),
        parameters=(lookback(100, _CLOSES),),
        required_bars=finite(),
        compute=lambda b, v: (window_place.close_rank(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="return_zscore",
        group=_STATISTICS,
        summary="Present log return over the root mean square of the window's",
        reference=_TEXTBOOK,
        inputs=_CLOSE,
        outputs=(Output("", "root mean squares", "size and sign of the last move"),),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (return_place.return_zscore(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="return_rank",
        group=_STATISTICS,
        summary="Share of the window's other log returns below the present one, ties by half",
        reference=_TEXTBOOK,
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "0 for the largest fall, 1 for the largest rise"),),
        parameters=(lookback(100, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (return_place.return_rank(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="median_distance",
        group=_STATISTICS,
        summary="Log distance of the close from the window's median close",
        reference="J. W. Tukey, Exploratory Data Analysis, 1977",
        inputs=_CLOSE,
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the median"),),
        parameters=(lookback(60, _CLOSES),),
        required_bars=finite(),
        compute=lambda b, v: (window_place.median_distance(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="linear_fit",
        group=_STATISTICS,
        summary="t statistic of the slope of a line through the log closes, and distance from it in deviations",
        reference="N. R. Draper, H. Smith, Applied Regression Analysis, 1966",
        inputs=_CLOSE,
        outputs=(
            Output("t", "t statistic", "strength and sign of the trend"),
            Output("residual", _DEVIATIONS, "place of the close beside the line"),
        ),
        parameters=(lookback(60, _CLOSES, least=4),),
        required_bars=finite(),
        compute=lambda b, v: linear_fit.linear_fit(b.close, v["lookback_bars"]),
    ),
)
