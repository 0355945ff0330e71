"""All planted errors with the tests that are there for them, and what those tests say of the honest pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.verification.fold_pipeline import FoldPipeline
from forecast_pipeline.verification.fold_tests import FOLD_TESTS
from forecast_pipeline.verification.leak_tests import SEED, TESTS
from forecast_pipeline.verification.mutants import Mutant
from forecast_pipeline.verification.planted_backtest_leaks import (
    BACKTEST_TESTS,
    backtest_mutants,
    real_choices,
    simulated_backtest,
)
from forecast_pipeline.verification.planted_fit_leaks import fit_mutants
from forecast_pipeline.verification.planted_leaks import EXPECTED, PLANTED_LEAKS
from forecast_pipeline.verification.planted_score_errors import score_alarms, score_mutants
from forecast_pipeline.verification.planted_serving_leaks import serving_mutants
from forecast_pipeline.verification.planted_split_leaks import split_mutants
from forecast_pipeline.verification.planted_trading_errors import trading_alarms, trading_mutants
from forecast_pipeline.verification.serving_pipeline import SERVING_TESTS, ServingPipeline, served_world
from forecast_pipeline.verification.simulated_matrix import simulated_matrix
from forecast_pipeline.verification.splitter_checks import PURGER_TESTS, SPLITTER_TESTS, real_purger, real_splitter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from forecast_pipeline.verification.pipeline import Pipeline
    from forecast_pipeline.verification.planted_leaks import PlantedLeak


@dataclass(frozen=True, slots=True)
class CleanResult:
    """What one test says of the honest pipeline.

    Attributes:
        test: Its name.
        findings: Alarms; none, if the test is worth anything.
        looked: How much it looked at.
    """

    test: str
    findings: tuple[str, ...]
    looked: str


def feature_mutants(pipeline: Pipeline, candles: pl.DataFrame, *, is_full: bool = False) -> list[Mutant]:
    """F1 to F17, in order, on candles.

    Args:
        pipeline: Pipeline that they are planted in.
        candles: Candles that it is run on.
        is_full: Let every test try every leak, instead of stopping at the first that catches it.
    """
    return [
        Mutant(
            leak.code, leak.text, (EXPECTED[leak.code],), partial(caught_by, leak, pipeline, candles, is_full=is_full)
        )
        for leak in PLANTED_LEAKS
    ]


def caught_by(leak: PlantedLeak, pipeline: Pipeline, candles: pl.DataFrame, *, is_full: bool = False) -> dict[str, str]:
    """Name and finding of the first test, or of every one if ``is_full``, that catches a leak of the features."""
    mutant, found = leak.plant(pipeline), {}
    for name, test in TESTS.items():
        finding = next(test(mutant, candles), None)
        if finding is not None:
            found[name] = finding
            if not is_full:
                break
    return found


def simulated_mutants(seed: int = SEED) -> Iterator[Mutant]:
    """Every planted error of the groups S, A, V, B and X, in order; they bring a market of their own.

    Args:
        seed: Seed of the simulated markets.
    """
    matrix = simulated_matrix(seed)
    yield from split_mutants(matrix)
    yield from fit_mutants(matrix)
    yield from serving_mutants(served_world(seed))
    yield from trading_mutants()
    yield from backtest_mutants(simulated_backtest(seed))
    yield from score_mutants()


def clean_results(seed: int = SEED, families: Sequence[str] = tuple(FAMILIES)) -> Iterator[CleanResult]:
    """What every test of those groups says of the honest parts; cut-off invariance is asked of every family.

    Args:
        seed: Seed of the simulated markets.
        families: Families that are fitted; networks take most of the time.
    """
    matrix = simulated_matrix(seed)
    for name, test in FOLD_TESTS.items():
        findings = [
            f"{family}: {finding}" for family in families for finding in test(FoldPipeline(family=family), matrix)
        ]
        yield CleanResult(name, tuple(findings), f"{len(families)} families, {matrix.frame.height} simulated rows")
    for name, check in SPLITTER_TESTS.items():
        yield CleanResult(name, tuple(check(real_splitter)), "combinatorial splitter")
    for name, examine in PURGER_TESTS.items():
        yield CleanResult(name, tuple(examine(real_purger)), "purge by event time")
    world = served_world(seed)
    for name, replay in SERVING_TESTS.items():
        looked = f"{len(world.replayed_us)} decisions of a simulated market"
        yield CleanResult(name, tuple(replay(ServingPipeline(), world)), looked)
    tested = simulated_backtest(seed)
    for name, extend in BACKTEST_TESTS.items():
        yield CleanResult(name, tuple(extend(real_choices, tested)), f"{tested.height} simulated forecasts")
    for name, alarms in trading_alarms().items():
        yield CleanResult(name, tuple(alarms), "trades worked by hand")
    for name, alarms in score_alarms().items():
        yield CleanResult(name, tuple(alarms), "simulated forecasts and returns")
