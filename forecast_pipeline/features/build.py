"""Read a bars partition, compute its features, check them for leaks, publish them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from forecast_pipeline.core import publication
from forecast_pipeline.core.errors import LeakDetected
from forecast_pipeline.features.compute import compute_features, has_volume
from forecast_pipeline.features.leaks import stratified_cuts, truncation_findings
from forecast_pipeline.features.parameters import FeatureParameters

if TYPE_CHECKING:
    import polars as pl

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe

LEAK_CHECK_SEED = 20240310
N_RANDOM_CUTS = 4
_N_SHOWN = 3


def build_features(
    home: Home, symbol: str, timeframe: Timeframe, parameters: FeatureParameters | None = None
) -> Published:
    """Publish the features of one timeframe of a symbol.

    Before anything is written, the truncation check runs on the very bars: at sampled cuts of every kind, each
    on the bars within the longest lookback of the cut (`leaks.truncation_findings`).

    Args:
        home: Where the bars are and the features go.
        symbol: Normalised symbol.
        timeframe: Which bars.
        parameters: Lookbacks; the defaults if None.

    Returns:
        The partition, ``home.features(symbol)/<timeframe>``.

    Raises:
        MissingData: If the bars were not built.
        CorruptData: If the bars are not what was published.
        LeakDetected: If a value would change if the future changed; nothing is published.
    """
    settings = parameters or FeatureParameters()
    source = publication.require(
        home.bars(symbol),
        timeframe.value,
        f"bars of {symbol} {timeframe.value}",
        f"build the bars of {symbol} {timeframe.value}",
    )
    bars = source.read_frame()
    table = compute_features(bars, timeframe, settings)
    reach_bars = 2 * max(column.required_bars for column in table.columns)
    n_cuts = _check_leaks(bars, symbol, timeframe, settings, reach_bars)
    opens = table.frame["ts_utc"]
    facts = {
        "symbol": symbol,
        "timeframe": timeframe.value,
        "stage": "features",
        "n_rows": table.frame.height,
        "first_ts_utc": opens[0].isoformat() if opens.len() else None,
        "last_ts_utc": opens[-1].isoformat() if opens.len() else None,
        "parameters": settings.model_dump(),
        "columns": [dataclasses.asdict(column) for column in table.columns],
        "absent": table.absent,
        "upstream": {"bars": source.sha256},
        "leak_check": {"n_cuts": n_cuts, "n_findings": 0},
    }
    files = {".parquet": publication.frame_writer(table.frame)}
    return publication.publish(home.features(symbol), timeframe.value, files, facts)


def read_features(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published features of one timeframe of a symbol.

    Raises:
        MissingData: If they were not built.
    """
    what = f"features of {symbol} {timeframe.value}"
    return publication.require(home.features(symbol), timeframe.value, what, f"build the {what}")


def _check_leaks(
    bars: pl.DataFrame, symbol: str, timeframe: Timeframe, parameters: FeatureParameters, reach_bars: int
) -> int:
    """Number of cuts tried without a finding."""
    uses_volume = has_volume(bars)

    def compute(part: pl.DataFrame) -> pl.DataFrame:
        return compute_features(part, timeframe, parameters, uses_volume=uses_volume).frame

    cuts = stratified_cuts(bars, timeframe, N_RANDOM_CUTS, LEAK_CHECK_SEED, is_sample=True)
    findings = truncation_findings(compute, bars, cuts, reach_bars=reach_bars)
    if findings:
        shown = "; ".join(str(finding) for finding in findings[:_N_SHOWN])
        raise LeakDetected(
            f"features of {symbol} {timeframe.value} must not change with the future",
            was=f"{len(findings)} findings at {len(cuts)} cuts: {shown}",
            why="a model would be trained on what it cannot know",
            do="repair the named columns",
        )
    return len(cuts)
