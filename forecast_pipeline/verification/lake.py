"""Verification of a lake: hashes, the past without the future, folds beside another one, serving against batch."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.lights import IDENTICAL
from forecast_pipeline.bars.build import build_bars, buildable_timeframes, read_bars
from forecast_pipeline.candles.build import candle_partitions
from forecast_pipeline.core.errors import PipelineError
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import find, frame_writer, publish, require
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features, read_features
from forecast_pipeline.features.cross import build_cross_features, peer_symbols
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.forecasts.inference import forecast_rows
from forecast_pipeline.models.artifact import current_artifacts, open_artifact
from forecast_pipeline.splits.assemble import assemble
from forecast_pipeline.splits.build import read_split
from forecast_pipeline.verification.cutoff_invariance import fold_invariance, trained_families

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

REPLAYED_ROWS = 50
CONTENT_NAMED = re.compile(r".*-[0-9a-f]{12}\..*")  # a published file, not the card that lists it


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome of one verification.

    Attributes:
        name: What was verified.
        passed: Whether it holds.
        detail: How much was looked at, or what was found.
    """

    name: str
    passed: bool
    detail: str


def verify(home: Home, symbol: str, timeframe: Timeframe, n_cuts: int = 2) -> Iterator[Finding]:
    """Verify what is published for a symbol and base timeframe.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe.
        n_cuts: Instants at which the whole chain is rebuilt from candles that end there.

    Yields:
        One finding per verification, as it ends.
    """
    yield verify_hashes(home, symbol)
    for position in range(n_cuts):
        yield verify_truncation(home, symbol, timeframe, (position + 1) / (n_cuts + 1))
    for finding in verify_cutoff(home, symbol, timeframe):
        yield Finding(f"cut-off {finding.name}", finding.passed, finding.detail)
    for card in current_artifacts(home, symbol, timeframe):
        yield verify_serving(home, symbol, timeframe, card.name)


def verify_hashes(home: Home, symbol: str) -> Finding:
    """Every published file of the symbol, from landing to report, has the hash its card states."""
    n_files, faults = 0, []
    for card in sorted(home.root.glob("**/*.json")):
        is_of_symbol = symbol in card.relative_to(home.root).parts[:-1]
        if not is_of_symbol or CONTENT_NAMED.fullmatch(card.name):
            continue
        try:
            stored = require(card.parent, card.name.removesuffix(".json"), str(card), "build it again")
            for suffix in stored.card["files"]:
                stored.read_bytes(suffix)
                n_files += 1
        except PipelineError as error:
            faults.append(str(error))
    return Finding("hashes", not faults, "; ".join(faults) or f"{n_files} files are what was published")


def verify_truncation(home: Home, symbol: str, timeframe: Timeframe, at_fraction: float) -> Finding:
    """Rebuild bars, features and matrix from candles that end at a cut: nothing before it may differ.

    Looked at are the columns of the matrix, and of every timeframe all features at their own resolution, of which
    native panels are made.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe.
        at_fraction: Where in the history to cut, between 0 and 1.
    """
    split = read_split(home, symbol, timeframe)
    cut = split.frame["close_ts_utc"][int(at_fraction * (split.frame.height - 1))]
    parameters = split.stored.card["parameters"]
    settings = FeatureParameters.parse(read_features(home, symbol, timeframe).card["parameters"])
    with tempfile.TemporaryDirectory() as folder:
        past = Home(Path(folder))
        for year in candle_partitions(home, symbol):
            kept = year.read_frame().filter(pl.col("ts_utc") < cut)
            if kept.height:
                facts = {key: value for key, value in year.card.items() if key not in ("files", "sha256")}
                publish(past.candles(symbol), year.name, {".parquet": frame_writer(kept)}, facts)
        for each in buildable_timeframes(home, symbol):
            if find(home.features(symbol), each) is not None:
                build_bars(past, symbol, each)
                build_features(past, symbol, each, settings)
            if find(home.cross_features(symbol), each) is not None:
                _copy_peers(home, past, symbol, each, cut)
                build_cross_features(past, symbol, each, settings)
        native, n_native = _differing_natively(home, past, symbol)
        # The resolved configuration, so that a timeframe still without bars cannot change the columns.
        rebuilt = assemble(past, symbol, timeframe, split.stored.card["indicator_tfs"], parameters["indicator_preset"])
    common = [name for name in split.feature_columns if name in rebuilt.feature_columns]
    names = ["close_ts_utc", *common]
    known = rebuilt.frame.select(names)
    original = split.frame.filter(pl.col("close_ts_utc") <= cut).select(names).head(known.height)
    differing = [name for name in names if not original[name].equals(known[name])] + native
    detail = (
        f"{known.height} rows of {len(names)} columns and {n_native} columns at their own resolution rebuilt from "
        f"candles before {cut:%Y-%m-%d %H:%M}"
    )
    found = f"changed with the future: {', '.join(differing[:5])}"
    return Finding(f"truncation at {at_fraction:.0%}", not differing, found if differing else detail)


def _differing_natively(home: Home, past: Home, symbol: str) -> tuple[list[str], int]:
    """Features of any timeframe that a rebuilt past shows otherwise, and how many were compared."""
    differing, n_columns = [], 0
    for each in Timeframe:
        rebuilt = find(past.features(symbol), each)
        if rebuilt is None:
            continue
        known, original = rebuilt.read_frame(), read_features(home, symbol, each).read_frame()
        names = [name for name in known.columns if name in original.columns]
        n_columns += len(names)
        original = original.head(known.height)
        differing += [f"{name} of {each}" for name in names if not original[name].equals(known[name])]
    return differing, n_columns


def _copy_peers(home: Home, past: Home, symbol: str, timeframe: Timeframe, cut: datetime) -> None:
    """Bars of other symbols that had closed at the cut."""
    for name in peer_symbols(home, symbol, timeframe):
        bars = read_bars(home, name, timeframe)
        kept = bars.read_frame().filter(pl.col("close_ts_utc") <= cut)
        facts = {key: value for key, value in bars.card.items() if key not in ("files", "sha256")}
        publish(past.bars(name), timeframe, {".parquet": frame_writer(kept)}, facts)


def verify_cutoff(home: Home, symbol: str, timeframe: Timeframe) -> Iterator[Finding]:
    """Refit every trained family on the newest fold beside an invented future: what it learns must be identical.

    Raises:
        MissingData: If there is no split.
    """
    split = read_split(home, symbol, timeframe)
    found = fold_invariance(split, trained_families(home, symbol, timeframe, split))
    for name, said in found.outcomes.items():
        detail = "; ".join(part for part in (said, found.notes.get(name)) if part)
        yield Finding(name, said == IDENTICAL, detail)


def verify_serving(home: Home, symbol: str, timeframe: Timeframe, name: str) -> Finding:
    """Past rows forecast one by one from cut data equal the same rows forecast in one batch."""
    stored = find(home.models(symbol, timeframe), name)
    if stored is None:
        return Finding(f"serving {name}", passed=False, detail="the artifact vanished")
    artifact = open_artifact(stored)
    matrix = assemble(home, symbol, timeframe, stored.card["indicator_tfs"], "none")
    positions = np.linspace(matrix.frame.height // 2, matrix.frame.height - 1, REPLAYED_ROWS).astype(int).tolist()
    batch = forecast_rows(matrix, artifact, positions)
    single = []
    for position in positions:
        past = type(matrix)(
            **{name: getattr(matrix, name) for name in matrix.__slots__ if name != "frame"},
            frame=matrix.frame[: position + 1],
        )
        single.append(forecast_rows(past, artifact, [-1]))
    replayed = pl.concat(single).sort("issued_at_utc", "horizon_bars")
    numbers = [column for column, dtype in batch.schema.items() if dtype == pl.Float64]
    gap = float(np.max(np.abs(batch.select(numbers).to_numpy() - replayed.select(numbers).to_numpy())))
    passed = gap <= 1e-9  # noqa: PLR2004 - the agreement that docs/timing.md promises
    return Finding(f"serving {name}", passed, f"{len(positions)} decisions replayed, largest difference {gap:.1e}")
