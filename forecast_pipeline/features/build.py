"""Read a bars partition, prove that its features see no future, publish them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from forecast_pipeline.core import publication
from forecast_pipeline.core.errors import LeakDetected
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.causality import causality_findings
from forecast_pipeline.features.compute import available_inputs, plan_features
from forecast_pipeline.features.cuts import stratified_cuts
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.publish import publish_blocks

if TYPE_CHECKING:
    import polars as pl

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.bar_arrays import BarArrays
    from forecast_pipeline.features.compute import FeaturePlan

LEAK_CHECK_SEED = 20240310
N_RANDOM_CUTS = 4
_N_SHOWN = 3


def build_features(
    home: Home, symbol: str, timeframe: Timeframe, parameters: FeatureParameters | None = None
) -> Published:
    """Publish the features of one timeframe of a symbol, all but those that other symbols enter.

    Before anything is written, every indicator is asked on the very bars, at sampled cuts of every kind, whether
    it sees the future or needs more history than it declares (`causality.causality_findings`).

    Args:
        home: Where the bars are and the features go.
        symbol: Normalised symbol.
        timeframe: Which bars.
        parameters: Which indicators and numbers; the defaults if None.

    Returns:
        The partition, ``home.features(symbol)/<timeframe>``.

    Raises:
        MissingData: If the bars were not built.
        CorruptData: If the bars are not what was published.
        LeakDetected: If a value would change if the future changed; nothing is published.
    """
    settings = parameters or FeatureParameters()
    source = require_bars(home, symbol, timeframe)
    bars = source.read_frame()
    plan = plan_features(timeframe, settings, available_inputs(bars), needs_peers=False)
    arrays = bar_arrays(bars, timeframe, symbol)
    n_cuts = prove_causal(arrays, bars, timeframe, plan)
    facts = feature_facts(symbol, timeframe, bars, settings, plan, n_cuts) | {
        "stage": "features",
        "upstream": {"bars": source.sha256},
    }
    return publish_blocks(home.features(symbol), timeframe.value, arrays, plan, facts)


def read_features(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published features of one timeframe of a symbol.

    Raises:
        MissingData: If they were not built.
    """
    what = f"features of {symbol} {timeframe.value}"
    return publication.require(home.features(symbol), timeframe.value, what, f"build the {what}")


def require_bars(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The bars that features are made of.

    Raises:
        MissingData: If they were not built.
    """
    what = f"bars of {symbol} {timeframe.value}"
    return publication.require(home.bars(symbol), timeframe.value, what, f"build the {what}")


def prove_causal(arrays: BarArrays, bars: pl.DataFrame, timeframe: Timeframe, plan: FeaturePlan) -> int:
    """Number of cuts at which no indicator of the plan gave itself away.

    Raises:
        LeakDetected: With the first findings.
    """
    cuts = stratified_cuts(bars, timeframe, N_RANDOM_CUTS, LEAK_CHECK_SEED, is_sample=True)
    findings = list(causality_findings(arrays, plan, cuts, LEAK_CHECK_SEED))
    if findings:
        shown = "; ".join(str(finding) for finding in findings[:_N_SHOWN])
        raise LeakDetected(
            f"features of {arrays.symbol} {timeframe.value} must depend on their past and warm-up alone",
            was=f"{len(findings)} findings at {len(cuts)} cuts: {shown}",
            why="a model would be trained on what it cannot know when it serves",
            do="repair the named columns",
        )
    return len(cuts)


def feature_facts(
    symbol: str, timeframe: Timeframe, bars: pl.DataFrame, settings: FeatureParameters, plan: FeaturePlan, n_cuts: int
) -> dict[str, Any]:
    """What the card of a feature partition says, besides its stage and what it was made of."""
    opens = bars["ts_utc"]
    return {
        "symbol": symbol,
        "timeframe": timeframe.value,
        "n_rows": bars.height,
        "first_ts_utc": opens[0].isoformat() if opens.len() else None,
        "last_ts_utc": opens[-1].isoformat() if opens.len() else None,
        "parameters": settings.recorded(),
        "columns": [dataclasses.asdict(column) for column in plan.columns],
        "absent": dict(plan.absent),
        "required_bars": plan.required_bars,
        "leak_check": {"n_cuts": n_cuts, "n_findings": 0, "n_indicators": len(plan.planned)},
    }
