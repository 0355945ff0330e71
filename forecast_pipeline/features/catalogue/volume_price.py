"""Volume beside returns: weighted, split, moved and correlated."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.core18 import session_bars
from forecast_pipeline.features.catalogue.indicator import (
    LOG_DISTANCE,
    LOG_RETURN,
    SESSION_ORIGIN,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.indicators import volume_impact, volume_index, volume_price

_GROUP = "volume"
_CV = ("close", "volume")
_FOSBACK = "N. G. Fosback, Stock Market Logic, 1976"
_NO_BEGINNING = "the usual sum runs from the first bar of the history, so its level depends on where that is"
_MOST_LAGS = 1000

VOLUME_PRICE: tuple[Indicator, ...] = (
    Indicator(
        name="volume_price_trend",
        group=_GROUP,
        summary="Volume-price trend of the FX day per unit of volume",
        reference="J. J. Murphy, Technical Analysis of the Financial Markets, 1999",
        inputs=(*_CV, "ts_utc"),
        outputs=(Output("", LOG_RETURN, "volume-weighted mean return of the session's bars"),),
        required_bars=session_bars,
        compute=lambda b, _: (volume_index.volume_price_trend(b.close, b.volume, b.session),),
        origin=SESSION_ORIGIN,
        difference=_NO_BEGINNING,
    ),
    Indicator(
        name="negative_volume_index",
        group=_GROUP,
        summary="Negative volume index of the FX day: log returns of bars with less volume than the one before",
        reference=_FOSBACK,
        inputs=(*_CV, "ts_utc"),
        outputs=(Output("", LOG_RETURN, "return of the session on falling volume"),),
        required_bars=session_bars,
        compute=lambda b, _: (volume_index.negative_volume_index(b.close, b.volume, b.session),),
        origin=SESSION_ORIGIN,
        difference=_NO_BEGINNING,
    ),
    Indicator(
        name="positive_volume_index",
        group=_GROUP,
        summary="Positive volume index of the FX day: log returns of bars with more volume than the one before",
        reference=_FOSBACK,
        inputs=(*_CV, "ts_utc"),
        outputs=(Output("", LOG_RETURN, "return of the session on rising volume"),),
        required_bars=session_bars,
        compute=lambda b, _: (volume_index.positive_volume_index(b.close, b.volume, b.session),),
        origin=SESSION_ORIGIN,
        difference=_NO_BEGINNING,
    ),
    Indicator(
        name="vwma",
        group=_GROUP,
        summary="Volume-weighted moving average",
        reference="B. Dormeier, Investing with Volume Analysis, 2011",
        inputs=_CV,
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the average, 0 without volume"),),
        parameters=(lookback(30),),
        required_bars=finite(),
        compute=lambda b, v: (volume_price.vwma(b.close, b.volume, v["lookback_bars"]),),
    ),
    Indicator(
        name="volume_weighted_return",
        group=_GROUP,
        summary="Mean log return of the window's bars, weighted by volume",
        reference="windowed form of the volume-price trend",
        inputs=_CV,
        outputs=(Output("", LOG_RETURN, "mean return per bar, 0 without volume"),),
        parameters=(lookback(20, "returns in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: (volume_price.volume_weighted_return(b.close, b.volume, v["lookback_bars"]),),
    ),
    Indicator(
        name="up_volume_share",
        group=_GROUP,
        summary="Volume of rising bars as a share of that of all bars that moved",
        reference="R. W. Arms, The Arms Index, 1989, in time instead of across stocks",
        inputs=_CV,
        outputs=(Output("", "0 to 1", "0.5 when volume is balanced or absent"),),
        parameters=(lookback(20, "changes in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: (volume_price.up_volume_share(b.close, b.volume, v["lookback_bars"]),),
    ),
    Indicator(
        name="amihud_illiquidity",
        group=_GROUP,
        summary="Absolute return per volume over a short window against a long one, as a share",
        reference="Y. Amihud, Journal of Financial Markets 5, 2002",
        inputs=_CV,
        outputs=(Output("", "0 to 1", "q / (1 + q) of the quotient q of short and long ratio, 0.5 as usual"),),
        parameters=(
            Parameter(name="short_bars", default=20, description="returns in the short window", least=1),
            Parameter(name="long_bars", default=100, description="returns in the long window"),
        ),
        increasing=("short_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: (volume_impact.amihud_illiquidity(b.close, b.volume, v["short_bars"], v["long_bars"]),),
        difference="ratio of sums in place of Amihud's mean of ratios, which a bar without volume makes infinite",
    ),
    Indicator(
        name="price_volume_correlation",
        group=_GROUP,
        summary="Pearson's correlation of close and volume over the window",
        reference='Z. Kakushadze, "101 formulaic alphas", Wilmott 84, 2016',
        inputs=_CV,
        outputs=(Output("", "-1 to 1", "positive when higher prices came with more volume, 0 without spread"),),
        parameters=(lookback(20, most=_MOST_LAGS),),
        required_bars=finite(),
        compute=lambda b, v: (volume_impact.price_volume_correlation(b.close, b.volume, v["lookback_bars"]),),
    ),
)
"""Anchored to the FX day first, windowed after."""
