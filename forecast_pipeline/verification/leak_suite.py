"""The whole leak suite on a lake: the clean pipeline raises no alarm, and every planted leak is caught."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.bars.build import available_timeframes, read_bars
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.publication import find
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import NEW_YORK, zone_offset_us
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.blocks import blocks_of
from forecast_pipeline.features.build import read_features
from forecast_pipeline.features.causality import causality_findings
from forecast_pipeline.features.compute import available_inputs, compute_rows, plan_features
from forecast_pipeline.features.cross import closes_at, peer_symbols
from forecast_pipeline.features.cuts import stratified_cuts
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.verification.kill_matrix import caught_by, clean_results, feature_mutants, simulated_mutants
from forecast_pipeline.verification.lake import verify_cutoff
from forecast_pipeline.verification.leak_tests import SEED, TESTS
from forecast_pipeline.verification.mutants import GROUPS, Mutant, outcome
from forecast_pipeline.verification.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.verification.mutants import Killed
    from forecast_pipeline.verification.planted_leaks import PlantedLeak

N_WEEKS = 8
MINUTES_OF_HOLE = 540  # longer than the slowest intraday bar, so that one is missing altogether
_LEAST_WEEKS = 4


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One line of the suite.

    Attributes:
        part: ``catalogue``, ``published``, ``cut-off``, ``clean pipeline`` or ``planted leak``.
        name: What was tested.
        passed: No alarm on what is clean; an alarm on what is planted.
        detail: How much was looked at, or what was found.
        killed_by: Tests that caught a planted leak; empty otherwise.
        group: Group of a planted leak, as ``splits``; empty otherwise.
    """

    part: str
    name: str
    passed: bool
    detail: str
    killed_by: str = ""
    group: str = ""


def run_leak_suite(
    home: Home, symbol: str, timeframe: Timeframe | None = None, *, is_full: bool = False
) -> Iterator[SuiteResult]:
    """Run every leak test on the lake, then plant every error of every group and see which test catches it.

    The whole catalogue is asked at its own resolution on all bars of every timeframe. Every family that is trained is
    refitted on its newest fold beside an invented future. The pipeline from candles to the matrix is rebuilt on eight
    weeks of the lake around a change of clocks, into which a hole of nine hours is cut, so that every kind of
    boundary is there. Folds, fits, serving, backtest and scores are tested and mutated on simulated markets.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe of the pipeline; the fastest from 5m up if None.
        is_full: Let every test of the features try every leak there, instead of stopping at the first that catches it.

    Raises:
        MissingData: If there are no bars.
    """
    built = available_timeframes(home, symbol)
    if not built:
        raise MissingData(f"bars of {symbol} must be built first", do=f"forecast-pipeline build --symbol {symbol}")
    yield from _as_published(home, symbol, built)
    try:
        pipeline, candles, where = *suite_pipeline(home, symbol, timeframe, built), ""
    except MissingData as error:
        if timeframe is not None:
            raise
        yield SuiteResult("clean pipeline", "source", passed=True, detail=f"a simulated world instead: {error}")
        pipeline, candles, where = *simulated_pipeline(), ", simulated"
    for name, test in TESTS.items():
        looked = f"{candles.height} candles, {pipeline.base} with {', '.join(pipeline.slower)}{where}"
        yield _clean(name, list(itertools.islice(test(pipeline, candles), 3)), looked)
    for clean in clean_results():
        yield _clean(clean.test, clean.findings[:3], clean.looked)
    for mutant in itertools.chain(feature_mutants(pipeline, candles, is_full=is_full), simulated_mutants()):
        yield _planted(outcome(mutant))


def plant(leak: PlantedLeak, pipeline: Pipeline, candles: pl.DataFrame, *, is_full: bool = False) -> SuiteResult:
    """Put one leak into the pipeline and run the tests until one of them, or all if ``is_full``, caught it."""
    caught = partial(caught_by, leak, pipeline, candles, is_full=is_full)
    return _planted(outcome(Mutant(leak.code, leak.text, (), caught)))


def mutation_score(results: Sequence[SuiteResult]) -> tuple[int, int]:
    """Planted leaks that were caught, and all of them."""
    planted = [result for result in results if result.part == "planted leak"]
    return sum(result.passed for result in planted), len(planted)


def score_by_group(results: Sequence[SuiteResult]) -> dict[str, tuple[int, int]]:
    """The mutation score of each group that was planted, in order of the groups.

    Example:
        >>> score_by_group([SuiteResult("planted leak", "S2 no purge", True, "", "L8 label order", "splits")])
        {'splits': (1, 1)}
    """
    of_group = {group: [result for result in results if result.group == group] for group in GROUPS.values()}
    return {group: mutation_score(members) for group, members in of_group.items() if members}


def _clean(test: str, findings: Sequence[str], looked: str) -> SuiteResult:
    return SuiteResult("clean pipeline", test, not findings, "; ".join(findings) or looked)


def _planted(killed: Killed) -> SuiteResult:
    name = f"{killed.code} {killed.text}"
    return SuiteResult("planted leak", name, killed.is_killed, killed.detail, killed.killed_by, killed.group)


def suite_pipeline(
    home: Home, symbol: str, timeframe: Timeframe | None, built: list[Timeframe]
) -> tuple[Pipeline, pl.DataFrame]:
    """The pipeline that is rebuilt, and eight weeks of candles with a hole.

    Raises:
        MissingData: If the bars are too slow or too few.
    """
    source = built[0]
    base = timeframe or next((each for each in built if each >= Timeframe.M5), source)
    if base not in built or not base < Timeframe.H4:
        raise MissingData(
            "leaks between timeframes need a base timeframe below 4h whose bars are built",
            was=f"{base}, built are {' '.join(built)}",
            do="choose a faster --timeframe, or ingest a finer source",
        )
    slower = tuple(each for each in (Timeframe.H1, Timeframe.H4, Timeframe.D1) if base < each)
    candles = holed(window_around_clock_change(as_candles(read_bars(home, symbol, source).read_frame(), source)))
    first, last = candles["ts_utc"][0], candles["ts_utc"][-1]
    if (last - first).days < 7 * _LEAST_WEEKS:
        raise MissingData(
            f"leaks are planted in at least {_LEAST_WEEKS} weeks of bars", was=f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
    return Pipeline(base=base, slower=slower), candles


def simulated_pipeline() -> tuple[Pipeline, pl.DataFrame]:
    """The same on a simulated world, for lakes that hold too little or too slow bars."""
    world = simulate_candles(SimulatedWorld(start=date(2023, 2, 5), n_weeks=N_WEEKS + 1, seed=SEED))
    candles = as_candles(world, Timeframe.M1).with_columns(spread=pl.lit(None, pl.Float64))
    pipeline = Pipeline(base=Timeframe.M15, slower=(Timeframe.H1, Timeframe.H4, Timeframe.D1))
    return pipeline, holed(window_around_clock_change(candles))


def as_candles(bars: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """Bars as the source of slower bars."""
    return bars.with_columns(source_minutes=pl.lit(timeframe.minutes, pl.Int32))


def window_around_clock_change(candles: pl.DataFrame) -> pl.DataFrame:
    """Eight weeks around the newest change of New York's clock that has four weeks on either side, or the newest."""
    half = pl.duration(weeks=N_WEEKS // 2)
    offset = pl.Series(zone_offset_us(candles["ts_utc"].cast(pl.Int64).to_numpy(), NEW_YORK))
    changes = candles["ts_utc"].filter(offset != offset.shift(1))
    last = candles["ts_utc"][-1]
    usable = changes.filter(changes < last - pl.select(half).item())
    middle = usable[-1] if usable.len() else last - pl.select(half).item()
    return candles.filter(pl.col("ts_utc").is_between(middle - half, middle + half))


def holed(candles: pl.DataFrame) -> pl.DataFrame:
    """The same candles without nine hours in the middle of the fourth week's Wednesday."""
    if candles.is_empty():
        return candles
    wednesdays = candles["ts_utc"].filter(candles["ts_utc"].dt.weekday() == 3)  # noqa: PLR2004 - Monday is 1
    if wednesdays.is_empty():
        return candles
    day = wednesdays[wednesdays.len() // 2].replace(hour=6, minute=0, second=0, microsecond=0)
    inside = pl.col("ts_utc").is_between(day, day + pl.duration(minutes=MINUTES_OF_HOLE), closed="left")
    return candles.filter(~inside)


def _catalogue(home: Home, symbol: str, timeframe: Timeframe) -> SuiteResult:
    bars = read_bars(home, symbol, timeframe).read_frame()
    closes_us = bars["close_ts_utc"].cast(pl.Int64).to_numpy()
    others = {name: read_bars(home, name, timeframe) for name in peer_symbols(home, symbol, timeframe)}
    peers = {name: closes_at(closes_us, stored) for name, stored in others.items()}
    settings = FeatureParameters(indicators=("all",))
    inputs = available_inputs(bars, has_peers=bool(peers))
    plan = plan_features(timeframe, settings, inputs, symbol=symbol, peers=peers)
    cuts = stratified_cuts(bars, timeframe, seed=SEED, is_sample=True)
    findings = [str(each) for each in causality_findings(bar_arrays(bars, timeframe, symbol, peers), plan, cuts, SEED)]
    looked = f"{len(plan.planned)} indicators, {len(plan.columns)} columns, {len(cuts)} cuts"
    absent = f"; {len(plan.absent)} absent with a reason" if plan.absent else ""
    return SuiteResult("catalogue", timeframe.value, not findings, "; ".join(findings[:3]) or looked + absent)


def _as_published(home: Home, symbol: str, built: Sequence[Timeframe]) -> Iterator[SuiteResult]:
    """What the lake holds: indicators asked on its bars, features computed again, folds fitted again."""
    for each in built:
        yield _catalogue(home, symbol, each)
    for each in built:
        yield _published(home, symbol, each)
    for each in built:
        if find(home.splits(symbol), each) is not None:
            for finding in verify_cutoff(home, symbol, each):
                yield SuiteResult("cut-off", f"{each} {finding.name}", finding.passed, finding.detail)


def _published(home: Home, symbol: str, timeframe: Timeframe) -> SuiteResult:
    """First and newest block of what is published, computed again from the bars."""
    stored = read_features(home, symbol, timeframe)
    bars = read_bars(home, symbol, timeframe)
    if stored.card["upstream"] != {"bars": bars.sha256}:
        return SuiteResult("published", timeframe.value, passed=False, detail="older than its bars; build it again")
    frame = bars.read_frame()
    arrays = bar_arrays(frame, timeframe, symbol)
    settings = FeatureParameters.parse(stored.card["parameters"])
    plan = plan_features(timeframe, settings, available_inputs(frame), needs_peers=False)
    if [column.name for column in plan.columns] != [column["name"] for column in stored.card["columns"]]:
        return SuiteResult(
            "published", timeframe.value, passed=False, detail="made by another catalogue; build it again"
        )
    blocks = blocks_of(arrays.shifted_us, arrays.minutes)
    differing: set[str] = set()
    for block in {block.label: block for block in (*blocks[:1], *blocks[-1:])}.values():
        published = stored.read_frame(f".{block.label}.parquet")
        for name, values in compute_rows(arrays, plan, block.start, block.stop).items():
            if not np.array_equal(values.astype(np.float32), published[name].to_numpy(), equal_nan=True):
                differing.add(name)
    detail = f"{len(plan.columns)} columns of {len(blocks)} blocks computed again to the last bit"
    found = f"differing: {', '.join(sorted(differing)[:5])}"
    return SuiteResult("published", timeframe.value, not differing, found if differing else detail)
