"""Features of a symbol that the closes of other symbols enter: published apart, because their inputs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core import publication
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.build import feature_facts, prove_causal, require_bars
from forecast_pipeline.features.catalogue.indicator import PEERS
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.compute import available_inputs, plan_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import indicators_named
from forecast_pipeline.features.publish import publish_blocks

if TYPE_CHECKING:
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

_PAIR_LETTERS = 6


def wants_cross_features(parameters: FeatureParameters) -> bool:
    """Whether an indicator is asked for that other symbols enter."""
    return any(PEERS in CATALOGUE[name].needs for name in indicators_named(parameters.indicators))


def peer_symbols(home: Home, symbol: str, timeframe: Timeframe) -> list[str]:
    """Other pairs with bars of the timeframe, in alphabetical order, if one of them shares a currency.

    A pair is six letters, base and quote; anything else has no currencies to share. Pairs without a common
    currency are kept too: they place the currencies of this symbol among all that are known.
    """
    folder = home.bars(symbol).parent
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    pairs = [
        name
        for name in names
        if name != symbol
        and len(name) == len(symbol) == _PAIR_LETTERS
        and publication.find(home.bars(name), timeframe.value) is not None
    ]
    currencies = {symbol[:3], symbol[3:]}
    return pairs if any(currencies & {name[:3], name[3:]} for name in pairs) else []


def build_cross_features(
    home: Home, symbol: str, timeframe: Timeframe, parameters: FeatureParameters | None = None
) -> Published:
    """Publish the features of one timeframe of a symbol that other symbols' closes enter.

    A peer's close counts on a row iff the peer has a bar that closes at the same instant.

    Args:
        home: Where the bars are and the features go.
        symbol: Normalised symbol.
        timeframe: Which bars.
        parameters: Which indicators and numbers; the defaults if None.

    Returns:
        The partition, ``home.cross_features(symbol)/<timeframe>``.

    Raises:
        MissingData: If the symbol's own bars were not built.
        LeakDetected: If a value would change if the future changed; nothing is published.
    """
    settings = parameters or FeatureParameters()
    source = require_bars(home, symbol, timeframe)
    bars = source.read_frame()
    others = {name: require_bars(home, name, timeframe) for name in peer_symbols(home, symbol, timeframe)}
    closes_us = bars["close_ts_utc"].cast(pl.Int64).to_numpy()
    peers = {name: closes_at(closes_us, stored) for name, stored in others.items()}
    inputs = available_inputs(bars, has_peers=bool(peers))
    plan = plan_features(timeframe, settings, inputs, needs_peers=True, symbol=symbol, peers=peers)
    arrays = bar_arrays(bars, timeframe, symbol, peers)
    n_cuts = prove_causal(arrays, bars, timeframe, plan)
    facts = feature_facts(symbol, timeframe, bars, settings, plan, n_cuts) | {
        "stage": "cross_features",
        "upstream": {f"bars/{symbol}": source.sha256}
        | {f"bars/{name}": stored.sha256 for name, stored in others.items()},
    }
    return publish_blocks(home.cross_features(symbol), timeframe.value, arrays, plan, facts)


def read_cross_features(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published cross-pair features of one timeframe of a symbol.

    Raises:
        MissingData: If they were not built.
    """
    what = f"cross-pair features of {symbol} {timeframe.value}"
    return publication.require(home.cross_features(symbol), timeframe.value, what, f"build the {what}")


def closes_at(closes_us: IntArray, stored: Published) -> FloatArray:
    """Closes of published bars at close instants, NaN where no bar closes then."""
    other = stored.read_frame(columns=["close_ts_utc", "close"])
    other_us = other["close_ts_utc"].cast(pl.Int64).to_numpy()
    out = np.full(closes_us.size, np.nan)
    if other_us.size == 0:
        return out
    place = np.minimum(np.searchsorted(other_us, closes_us), other_us.size - 1)
    is_same = other_us[place] == closes_us
    out[is_same] = other["close"].to_numpy()[place[is_same]]
    return out
