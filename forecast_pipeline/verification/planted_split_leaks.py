"""Group S of the planted errors: rows that leak because a fold was cut wrongly.

Each is put into the real fold pipeline, or stands in for a splitter. None is reachable from anywhere else.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.splits.combinatorial import CombinatorialPurged
from forecast_pipeline.splits.purge import test_runs
from forecast_pipeline.splits.splitter import RowPurge
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline.verification.fold_pipeline import FoldPipeline, Segments, real_plan
from forecast_pipeline.verification.fold_tests import FOLD_TESTS
from forecast_pipeline.verification.mutants import Mutant, first_findings
from forecast_pipeline.verification.splitter_checks import (
    E5_ENDS,
    E5_STARTS,
    PURGER_TESTS,
    SPLITTER_TESTS,
    real_purger,
    real_splitter,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from forecast_pipeline.splits.targets import Targets
    from forecast_pipeline.verification.fold_pipeline import FoldState
    from forecast_pipeline.verification.simulated_matrix import MatrixSource
    from forecast_pipeline.verification.splitter_checks import Splitter

    Positions = npt.NDArray[np.intp]
    Fold = tuple[Positions, Positions]

_SHUFFLE_SEED = 7
ORDER, CUT, STRICT = "L8 label order", "L3 cut-off", "L3 strict cut-off"
DISJOINT, WORKED, COUNTED, EVENTS = (
    "L8 disjoint segments",
    "L10 worked splits",
    "L10 test counts",
    "L10 worked events",
)


def split_mutants(source: MatrixSource) -> list[Mutant]:
    """S1 to S12, in order, on a simulated matrix."""
    fold_tests = {name: (lambda of, test=test: test(of, source)) for name, test in FOLD_TESTS.items()}

    def fold(code: str, text: str, expected: tuple[str, ...], mutant: FoldPipeline) -> Mutant:
        return Mutant(code, text, expected, lambda: first_findings(fold_tests, mutant))

    def planned(plan: Callable[[FoldState], list[Segments]]) -> FoldPipeline:
        return FoldPipeline(plan=plan)

    def rows(code: str, text: str, expected: tuple[str, ...], splitter: Splitter) -> Mutant:
        return Mutant(code, text, expected, lambda: first_findings(SPLITTER_TESTS, splitter))

    longest = source.parameters.horizon_grid[-1]
    return [
        fold("S1", "scaler fitted on all rows", (CUT,), FoldPipeline(standardise=_statistics_of_all)),
        fold("S2", "no purge", (ORDER, CUT), planned(_purging(0))),
        fold("S3", "purge two rows shorter than the label", (ORDER, CUT), planned(_purging(longest - 2))),
        fold("S4", "purge one row shorter under the strict convention", (STRICT,), planned(_purging(longest - 1))),
        fold("S5", "label one bar longer than the purge", (STRICT,), FoldPipeline(labels=_longer, plan=_unaware)),
        Mutant(
            "S6",
            "purge in calendar time over a weekend",
            (ORDER, CUT, EVENTS),
            lambda: (
                first_findings(fold_tests, planned(_calendar_purge)) | first_findings(PURGER_TESTS, _calendar_purger)
            ),
        ),
        rows("S7", "no embargo after a test block", (WORKED,), _without_embargo),
        rows("S8", "embargo only before a test block", (WORKED,), _embargo_before),
        rows("S9", "trailing rows never tested", (COUNTED,), _without_remainder),
        fold("S10", "inner split shuffled", (ORDER,), planned(_shuffled)),
        fold("S11", "inner validation not purged", (ORDER,), planned(_unpurged_inside)),
        rows("S12", "last row in train and in test", (DISJOINT,), _last_row_twice),
    ]


def _statistics_of_all(state: FoldState) -> Standardiser:
    return Standardiser.fit(
        state.values(slice(None)), state.source.columns, state.source.parameters.min_feature_coverage
    )


def _extended(state: FoldState, purge_of: Callable[[Segments], int]) -> list[Segments]:
    """The real folds with validation up to some rows before the test block."""
    return [
        dataclasses.replace(
            fold, validation=np.arange(fold.validation[0], fold.test[0] - purge_of(fold)), train=fold.train
        )
        for fold in real_plan(state)
    ]


def _purging(n_rows: int) -> Callable[[FoldState], list[Segments]]:
    return lambda state: _extended(state, lambda _: n_rows)


def _calendar_purge(state: FoldState) -> list[Segments]:
    """As much calendar time as the label has bars, which over a weekend is less trading time."""
    close_us, minutes = state.source.close_us, state.source.timeframe.minutes
    length_us = state.source.parameters.horizon_grid[-1] * minutes * MICROSECONDS_PER_MINUTE

    def rows_before(fold: Segments) -> int:
        first = int(fold.test[0])
        return first - int(np.searchsorted(close_us, close_us[first] - length_us))

    return _extended(state, rows_before)


def _longer(state: FoldState) -> Targets:
    source = state.source
    horizons = [horizon + 1 for horizon in source.parameters.horizon_grid]
    return forward_log_returns(source.close_us, source.frame["price"].to_numpy(), source.timeframe, horizons)


def _unaware(state: FoldState) -> list[Segments]:
    """The folds as planned for labels of the length that the settings name."""
    source = state.source
    honest = dataclasses.replace(state)
    honest.targets = forward_log_returns(
        source.close_us, source.frame["price"].to_numpy(), source.timeframe, source.parameters.horizon_grid
    )
    return real_plan(honest)


def _shuffled(state: FoldState) -> list[Segments]:
    rng = np.random.default_rng(_SHUFFLE_SEED)
    folds = []
    for fold in real_plan(state):
        known = rng.permutation(np.concatenate([fold.train, fold.validation]))
        train, validation = np.sort(known[: fold.train.size]), np.sort(known[fold.train.size :])
        folds.append(Segments(train, validation, fold.test))
    return folds


def _unpurged_inside(state: FoldState) -> list[Segments]:
    return [
        Segments(np.arange(fold.train[0], fold.validation[0]), fold.validation, fold.test) for fold in real_plan(state)
    ]


def _without_embargo(n: int, n_groups: int, k: int, purge: int, _embargo: int) -> list[Fold]:
    return real_splitter(n, n_groups, k, purge, 0)


@dataclass(frozen=True)
class _EmbargoBefore:
    """What should be left out after a run of test rows is left out before it."""

    purge: int
    embargo: int

    def training_rows(self, n_rows: int, test: Positions) -> Positions:
        may_train = np.ones(n_rows, dtype=bool)
        for start, stop in test_runs(test):
            may_train[max(start - self.purge - self.embargo, 0) : stop + self.purge] = False
        return np.flatnonzero(may_train)


def _embargo_before(n: int, n_groups: int, k: int, purge: int, embargo: int) -> list[Fold]:
    return list(CombinatorialPurged(n_groups, k, _EmbargoBefore(purge, embargo)).split(n))


def _without_remainder(n: int, n_groups: int, k: int, purge: int, embargo: int) -> list[Fold]:
    """Groups of equal size; what is left over is trained on and never tested."""
    group, left_out = np.arange(n) // (n // n_groups), RowPurge(purge, embargo)
    tested = (np.flatnonzero(np.isin(group, each)) for each in itertools.combinations(range(n_groups), k))
    return [(left_out.training_rows(n, test), test) for test in tested]


def _last_row_twice(n: int, n_groups: int, k: int, purge: int, embargo: int) -> list[Fold]:
    """Snippet 7.3 of Lopez de Prado 2018 as printed: training resumes at the last label end, clipped to the end."""
    splits = real_splitter(n, n_groups, k, purge, embargo)
    return [(np.union1d(train, [n - 1]) if n - 1 in test else train, test) for train, test in splits]


def _calendar_purger(start: Positions, _end: Positions, test: Sequence[int]) -> list[int]:
    """Labels taken to end as long after the decision as one within the week does."""
    return real_purger(start, start + (E5_ENDS[0] - E5_STARTS[0]), test)
