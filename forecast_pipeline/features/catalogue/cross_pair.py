"""Cross-pair features: strength of the two currencies, and how the pair moves with others that share one.

Closes of other symbols count where a bar of theirs closes at the same instant; where none does, the value is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.catalogue.indicator import LOG_RETURN, Indicator, Output, Parameter, finite, lookback
from forecast_pipeline.features.indicators import (
    currency_comparison,
    currency_index,
    currency_strength,
    lead_lag,
    peer_levels,
    peer_regression,
    peer_relations,
    peer_returns,
)
from forecast_pipeline.features.indicators.currency_pairs import DOLLAR, market_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from forecast_pipeline.features.bar_arrays import BarArrays
    from forecast_pipeline.features.indicators.currency_pairs import Market

_GROUP = "cross_pair"
_CLOSES = ("close", "peers")
_CORRELATION = "-1 to 1"
_FACTORS = "A. Verdelhan, Journal of Finance 73, 2018"
_MOMENTUM = "L. Menkhoff, L. Sarno, M. Schmeling, A. Schrimpf, Journal of Financial Economics 106, 2012"
_DECOMPOSITION = "R. Mahieu, P. Schotman, Journal of Empirical Finance 1, 1994"
_REGRESSED = (
    Output("correlation", _CORRELATION, "correlation of the returns, 0 where one side stands still"),
    Output("slope", "ratio of returns", "own return per unit of the other, 0 where one side stands still"),
)
_SPANS = ("short", "middle", "long")


def _no_dollar(_symbol: str, peers: Collection[str]) -> str:
    return "" if any(DOLLAR in (name[:3], name[3:]) for name in peers) else "no other pair at hand holds the dollar"


def _no_triangle(symbol: str, peers: Collection[str]) -> str:
    known = {frozenset((name[:3], name[3:])) for name in peers}
    others = {currency for pair in known for currency in pair} - {symbol[:3], symbol[3:]}
    is_closed = any({frozenset((symbol[:3], each)), frozenset((symbol[3:], each))} <= known for each in others)
    return "" if is_closed else "no two pairs at hand close a triangle with it"


def _spans(*defaults: int) -> tuple[Parameter, ...]:
    """Parameters of two or three spans that increase."""
    names = (_SPANS[0], _SPANS[-1]) if len(defaults) < len(_SPANS) else _SPANS
    return tuple(
        Parameter(name=f"{name}_bars", default=default, description=f"bars of the {name} return", least=1)
        for name, default in zip(names, defaults, strict=True)
    )


def _market(bars: BarArrays) -> Market:
    return market_of(bars.symbol, bars.close, bars.peers)


CROSS_PAIR: tuple[Indicator, ...] = (
    Indicator(
        name="currency_strength",
        group=_GROUP,
        summary="Mean log return of base and quote currency against all others at hand, over three spans",
        reference=_DECOMPOSITION,
        inputs=_CLOSES,
        outputs=tuple(
            Output(f"{side}_{span}", LOG_RETURN, f"{text} over the {span} span")
            for span in _SPANS
            for side, text in (
                ("base", "strength of the base currency"),
                ("quote", "strength of the quote currency"),
                ("difference", "base minus quote"),
            )
        ),
        parameters=_spans(6, 24, 96),
        increasing=("short_bars", "middle_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: tuple(
            column for span in _SPANS for column in currency_strength.currency_strength(_market(b), v[f"{span}_bars"])
        ),
    ),
    Indicator(
        name="strength_rank",
        group=_GROUP,
        summary="Share of the other currencies that are weaker than base and quote",
        reference=_MOMENTUM,
        inputs=_CLOSES,
        outputs=(
            Output("base", "0 to 1", "1 if the base is the strongest currency"),
            Output("quote", "0 to 1", "1 if the quote is the strongest currency"),
        ),
        parameters=(lookback(24, "bars of the returns", least=1),),
        required_bars=finite(1),
        compute=lambda b, v: currency_comparison.strength_rank(_market(b), v["lookback_bars"]),
    ),
    Indicator(
        name="strength_momentum",
        group=_GROUP,
        summary="Strength over the last bars minus strength over as many before",
        reference=_MOMENTUM,
        inputs=_CLOSES,
        outputs=(
            Output("base", LOG_RETURN, "change of the base's strength"),
            Output("quote", LOG_RETURN, "change of the quote's strength"),
            Output("difference", LOG_RETURN, "change of base minus quote"),
        ),
        parameters=(lookback(24, "bars of each return", least=1),),
        required_bars=lambda v, *_: 2 * v["lookback_bars"] + 1,
        compute=lambda b, v: currency_comparison.strength_momentum(_market(b), v["lookback_bars"]),
    ),
    Indicator(
        name="strength_residual",
        group=_GROUP,
        summary="Own return minus the strength difference of its currencies in the other pairs",
        reference=_DECOMPOSITION,
        inputs=_CLOSES,
        outputs=(Output("", LOG_RETURN, "return that the other pairs do not show"),),
        parameters=(lookback(12, "bars of the returns", least=1),),
        required_bars=finite(1),
        compute=lambda b, v: (currency_index.strength_residual(_market(b), v["lookback_bars"]),),
    ),
    Indicator(
        name="strength_dispersion",
        group=_GROUP,
        summary="Standard deviation of the strengths of all currencies at hand, ddof 0",
        reference="B. Solnik, J. Roulet, Financial Analysts Journal 56, 2000",
        inputs=_CLOSES,
        outputs=(Output("", LOG_RETURN, "spread of the currencies' strengths"),),
        parameters=(lookback(24, "bars of the returns", least=1),),
        required_bars=finite(1),
        compute=lambda b, v: (currency_comparison.strength_dispersion(_market(b), v["lookback_bars"]),),
    ),
    Indicator(
        name="dollar_index_return",
        group=_GROUP,
        summary="Mean log return of the dollar against all currencies at hand, equal weights, over two spans",
        reference=_FACTORS,
        peers_lack=_no_dollar,
        inputs=_CLOSES,
        outputs=(
            Output("short", LOG_RETURN, "return of the dollar over the short span"),
            Output("long", LOG_RETURN, "return of the dollar over the long span"),
        ),
        parameters=_spans(6, 48),
        increasing=("short_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: tuple(
            currency_index.dollar_index_return(_market(b), v[name]) for name in ("short_bars", "long_bars")
        ),
    ),
    Indicator(
        name="peers_return",
        group=_GROUP,
        summary="Mean log return of the pairs that share a currency, turned the own pair's way, over two spans",
        reference=_FACTORS,
        inputs=_CLOSES,
        outputs=(
            Output("short", LOG_RETURN, "return of the peers over the short span"),
            Output("long", LOG_RETURN, "return of the peers over the long span"),
        ),
        parameters=_spans(6, 48),
        increasing=("short_bars", "long_bars"),
        required_bars=finite(1, "long_bars"),
        compute=lambda b, v: tuple(
            peer_returns.peers_return(_market(b), v[name]) for name in ("short_bars", "long_bars")
        ),
    ),
    Indicator(
        name="peer_regression",
        group=_GROUP,
        summary="Correlation and least-squares slope of own returns on the peers' mean return",
        reference=_FACTORS,
        inputs=_CLOSES,
        outputs=_REGRESSED,
        parameters=(lookback(48, "returns in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: peer_regression.peer_regression(_market(b), v["lookback_bars"]),
    ),
    Indicator(
        name="dollar_regression",
        group=_GROUP,
        summary="Correlation and least-squares slope of own returns on the dollar's mean return in other pairs",
        reference=_FACTORS,
        peers_lack=_no_dollar,
        inputs=_CLOSES,
        outputs=_REGRESSED,
        parameters=(lookback(48, "returns in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: peer_regression.dollar_regression(_market(b), v["lookback_bars"]),
    ),
    Indicator(
        name="lead_lag",
        group=_GROUP,
        summary="Correlation of returns across one bar, peers before own and own before peers",
        reference="A. W. Lo, A. C. MacKinlay, Review of Financial Studies 3, 1990",
        inputs=_CLOSES,
        outputs=(
            Output("peers", _CORRELATION, "own return with the peers' mean return of the bar before"),
            Output("own", _CORRELATION, "peers' mean return with the own return of the bar before"),
        ),
        parameters=(lookback(48, "pairs of returns in the window"),),
        required_bars=finite(2),
        compute=lambda b, v: lead_lag.lead_lag(_market(b), v["lookback_bars"]),
    ),
    Indicator(
        name="peer_surprise",
        group=_GROUP,
        summary="Own return beyond its regression on the peers' mean return, in standard deviations of the rest",
        reference=_DECOMPOSITION,
        inputs=_CLOSES,
        outputs=(Output("", "standard deviations", "what the peers do not explain, 0 where nothing is left"),),
        parameters=(lookback(48, "returns in the window", least=3),),
        required_bars=finite(1),
        compute=lambda b, v: (peer_relations.peer_surprise(_market(b), v["lookback_bars"]),),
    ),
    Indicator(
        name="peer_relative_volatility",
        group=_GROUP,
        summary="Own root mean square return as a share of own and peers' together, 0.5 if equal",
        reference=_DECOMPOSITION,
        inputs=_CLOSES,
        outputs=(Output("", "own / (own + peers)", "volatility against that of the peers"),),
        parameters=(lookback(48, "returns in the window"),),
        required_bars=finite(1),
        compute=lambda b, v: (lead_lag.peer_relative_volatility(_market(b), v["lookback_bars"]),),
    ),
    Indicator(
        name="peer_breadth",
        group=_GROUP,
        summary="Share of peers that moved the same way as the own pair, and share that rose; no move counts half",
        reference=_FACTORS,
        inputs=_CLOSES,
        outputs=(
            Output("same", "0 to 1", "share of peers that moved the same way"),
            Output("rising", "0 to 1", "share of peers that rose, turned the own pair's way"),
        ),
        parameters=(lookback(12, "bars of the returns", least=1),),
        required_bars=finite(1),
        compute=lambda b, v: peer_relations.peer_breadth(_market(b), v["lookback_bars"]),
    ),
    Indicator(
        name="triangle_gap",
        group=_GROUP,
        summary="Gap to the same rate by way of a third currency, beside its own mean, over all triangles at hand",
        reference="Y. Aiba, N. Hatano, H. Takayasu, K. Marumo, T. Shimizu, Physica A 310, 2002",
        peers_lack=_no_triangle,
        inputs=_CLOSES,
        outputs=(
            Output("", LOG_RETURN, "deviation of the gap from its mean"),
            Output("score", "standard deviations", "the same, 0 where the gap stands still"),
        ),
        parameters=(lookback(96, "bars of the mean"),),
        required_bars=finite(),
        compute=lambda b, v: peer_levels.triangle_gap(_market(b), v["lookback_bars"]),
    ),
    Indicator(
        name="peer_spread",
        group=_GROUP,
        summary="Mean score of the log spreads to all pairs that share a currency",
        reference="E. Gatev, W. N. Goetzmann, K. G. Rouwenhorst, Review of Financial Studies 19, 2006",
        inputs=_CLOSES,
        outputs=(Output("", "standard deviations", "distance of the spreads from their means"),),
        parameters=(lookback(96, "bars of the mean"),),
        required_bars=finite(),
        compute=lambda b, v: (peer_levels.peer_spread(_market(b), v["lookback_bars"]),),
    ),
)
