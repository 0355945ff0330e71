"""Statistics: the course of the path through its window and the order of its returns."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import LOG_RETURN, Indicator, Output, Parameter, finite, lookback
from forecast_pipeline.features.indicators import self_normalised, spectrum, window_order, window_path

_STATISTICS = "statistics"
_SHARE = "0 to 1"
_CLOSE = ("close",)
_RETURNS, _ERRORS = "log returns in the window", "standard errors"

PATH = (
    Indicator(
        name="largest_swings",
        group=_STATISTICS,
        summary="Largest fall and largest rise of the log close within the window",
        reference="M. Magdon-Ismail, A. F. Atiya, Risk 17, 2004",
        inputs=_CLOSE,
        outputs=(
            Output("drawdown", LOG_RETURN, "largest fall from an earlier close"),
            Output("drawup", LOG_RETURN, "largest rise from an earlier close"),
        ),
        parameters=(lookback(60, "closes in the window"),),
        required_bars=finite(),
        compute=lambda b, v: window_path.largest_swings(b.close, v["lookback_bars"]),
    ),
    Indicator(
        name="up_fraction",
        group=_STATISTICS,
        summary="Share of bars that closed above the last close, unchanged ones by half",
        reference="sign test of statistics textbooks",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "share of rising bars"),),
        parameters=(lookback(30, "changes in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: (window_path.up_fraction(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="gain_loss_ratio",
        group=_STATISTICS,
        summary="Mean gain over mean gain plus mean loss, each over its own bars",
        reference="P. J. Kaufman, Trading Systems and Methods, 1995, payoff ratio",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "above 0.5 where gains are larger than losses"),),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (window_path.gain_loss_ratio(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="self_normalised_return",
        group=_STATISTICS,
        summary="Sum of log returns over the root of their summed squares, the bounded form of the mean's t",
        reference="V. H. de la Peña, T. L. Lai, Q.-M. Shao, Self-Normalized Processes, 2009",
        inputs=_CLOSE,
        outputs=(Output("", _ERRORS, "strength of the net move, about standard normal on a random walk"),),
        parameters=(lookback(60, _RETURNS),),
        required_bars=finite(1),
        compute=lambda b, v: (self_normalised.self_normalised_return(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="path_roughness",
        group=_STATISTICS,
        summary="Summed change from one log return to the next, as a share of what it could be",
        reference="P. J. Green, B. W. Silverman, Nonparametric Regression and Generalized Linear Models, 1994",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "0 for a steady move, 1 where every bar turns back"),),
        parameters=(lookback(30, "neighbouring pairs of log returns"),),
        required_bars=finite(2),
        compute=lambda b, v: (window_order.path_roughness(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="runs_test",
        group=_STATISTICS,
        summary="Runs of falling, unchanged and rising bars against a random order",
        reference="A. Wald, J. Wolfowitz, Annals of Mathematical Statistics 11, 1940",
        inputs=_CLOSE,
        outputs=(Output("", _ERRORS, "negative where directions persist"),),
        parameters=(lookback(60, _RETURNS, least=3),),
        required_bars=finite(1),
        compute=lambda b, v: (window_order.runs_test(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="turning_points",
        group=_STATISTICS,
        summary="Turning points of the log returns against those of independent ones",
        reference="M. G. Kendall, A. Stuart, The Advanced Theory of Statistics, vol. 3, 1966",
        inputs=_CLOSE,
        outputs=(Output("", _ERRORS, "positive where returns alternate"),),
        parameters=(lookback(60, _RETURNS, least=3),),
        required_bars=finite(1),
        compute=lambda b, v: (window_order.turning_points(b.close, v["lookback_bars"]),),
    ),
    Indicator(
        name="low_frequency_share",
        group=_STATISTICS,
        summary="Share of the variance of log returns in the slowest waves of the window, by cosine and sine sums",
        reference="A. Schuster, Terrestrial Magnetism 3, 1898",
        inputs=_CLOSE,
        outputs=(Output("", _SHARE, "high where returns move in long swings"),),
        parameters=(
            lookback(64, _RETURNS, least=16),
            Parameter(name="n_frequencies", default=4, description="slowest waves that count", least=1, most=7),
        ),
        required_bars=finite(1),
        compute=lambda b, v: (
            spectrum.low_frequency_share(b.close, v["lookback_bars"], n_frequencies=v["n_frequencies"]),
        ),
    ),
)
