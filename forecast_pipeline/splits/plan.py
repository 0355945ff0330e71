"""The fold plan: settings in days become rows, in trading time and by label end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import LeakDetected, NotEnoughHistory
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, trading_minutes
from forecast_pipeline.splits.history import RequiredHistory, gap_minutes, window_minutes
from forecast_pipeline.splits.purge import NO_EMBARGO, check_no_overlap
from forecast_pipeline.splits.splitter import EventPurge
from forecast_pipeline.splits.temporal import TemporalSplit
from forecast_pipeline.splits.walk_forward import EventWalkForward

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.parameters import SplitParameters

    Instants = npt.NDArray[np.int64]

MIN_TEST_ROWS = 20
MIN_TRAIN_ROWS = 30
MIN_VALIDATION_ROWS = 10
LIVE = -1
"""Fold number of the model that serves: trained on the latest window, tested on nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One train / validation / test triple of half-open row ranges of the matrix.

    Attributes:
        fold: Number, oldest first; `LIVE` for the one that serves.
        train_start: First training row.
        train_stop: One past the last training row; its labels end before validation begins.
        validation_start: First validation row.
        validation_stop: One past the last; its labels end before the test block begins.
        test_start: First test row.
        test_stop: One past the last test row.
        cutoff_us: Instant at which everything the fitted fold knows had happened.
    """

    fold: int
    train_start: int
    train_stop: int
    validation_start: int
    validation_stop: int
    test_start: int
    test_stop: int
    cutoff_us: int


@dataclass(frozen=True, slots=True)
class FoldPlan:
    """All folds, and how they came about.

    Attributes:
        folds: Walk-forward folds, oldest first, then the live one.
        window_minutes: Training window in trading minutes.
        purge_minutes: Purge before a test block in trading minutes.
        embargo_minutes: Embargo before a test block in trading minutes.
        notes: What was adapted to the history, for the report.
    """

    folds: tuple[Fold, ...]
    window_minutes: int
    purge_minutes: int
    embargo_minutes: int
    notes: tuple[str, ...]

    @property
    def walk_forward(self) -> tuple[Fold, ...]:
        """The folds that are tested."""
        return tuple(fold for fold in self.folds if fold.fold != LIVE)

    @property
    def live(self) -> Fold:
        """The fold that serves."""
        return next(fold for fold in self.folds if fold.fold == LIVE)

    def as_frame(self, decision_us: Instants) -> pl.DataFrame:
        """One row a fold with its row ranges and their instants."""
        frame = pl.DataFrame([asdict(fold) for fold in self.folds], infer_schema_length=None)
        last = decision_us.size - 1
        instants = []
        for name in (bound for bound in frame.columns if bound.endswith(("_start", "_stop"))):
            row = frame[name].to_numpy() - name.endswith("_stop")  # the instant of the last row inside
            instants.append(pl.Series(f"{name}_utc", decision_us[np.clip(row, 0, last)]).cast(INSTANT))
        cutoff = pl.col("cutoff_us").cast(INSTANT).alias("cutoff_utc")
        return frame.with_columns(pl.col("fold").cast(pl.Int32), cutoff, *instants).drop("cutoff_us")


def plan_folds(
    decision_us: Instants,
    label_end_us: Instants,
    is_usable: npt.NDArray[np.bool_],
    timeframe: Timeframe,
    parameters: SplitParameters,
) -> FoldPlan:
    """Lay walk-forward folds over the rows.

    Args:
        decision_us: Shape ``(T,)``, decision instant of each matrix row, increasing.
        label_end_us: Shape ``(T,)``, end of each row's longest label.
        is_usable: Shape ``(T,)``, rows after warm-up whose longest label has ended.
        timeframe: Base timeframe.
        parameters: Settings.

    Raises:
        NotEnoughHistory: If the history cannot hold the folds; the message has the arithmetic.
    """
    clock = trading_minutes(decision_us)
    rows = np.flatnonzero(is_usable)
    purge, embargo = gap_minutes(timeframe, parameters)
    if rows.size < MIN_TRAIN_ROWS + MIN_TEST_ROWS:
        raise NotEnoughHistory(
            f"at least {MIN_TRAIN_ROWS} train and {MIN_TEST_ROWS} test rows must remain after "
            f"warm-up and labels of {parameters.horizon_grid[-1]} bars",
            was=f"{rows.size} rows of {decision_us.size}",
            do="ingest more history, or use a shorter timeframe or horizon",
        )
    available = int(clock[rows[-1]] - clock[rows[0]]) + timeframe.minutes
    window, notes = _window(available, purge + embargo, timeframe, parameters)
    n_splits, test, more_notes = _blocks(available - window - purge - embargo, timeframe, parameters)
    if n_splits == 0:
        blocks = parameters.n_splits * MIN_TEST_ROWS * timeframe.minutes
        label, warm_up = int(clock[-1] - clock[rows[-1]]), int(clock[rows[0]] - clock[0])
        raise RequiredHistory(window, purge, embargo, blocks, label, warm_up).refusal(
            available + label + warm_up, parameters.n_splits
        )
    splitter = EventWalkForward(
        decision_us=decision_us[rows],
        label_end_us=label_end_us[rows],
        slot_minutes=timeframe.minutes,
        n_splits=n_splits,
        window_minutes=window,
        test_minutes=test,
        purge_minutes=purge,
        embargo_minutes=embargo,
        mode=parameters.mode,
        convention=parameters.purge_convention,
    )
    folds: list[Fold] = []
    left_out: list[str] = []
    for number in range(n_splits):
        known, tested = (rows[part] for part in splitter.fold(number))
        if tested.size == 0:
            left_out.append(f"fold {number} was left out: no row in its test block")
            continue
        test_rows = (int(tested[0]), int(tested[-1]) + 1)
        try:
            folds.append(_fold(number, known, test_rows, decision_us, label_end_us, parameters))
        except NotEnoughHistory as error:
            if parameters.n_splits_was_chosen:
                raise
            # A hole of months leaves one window empty; the other folds are as good as ever.
            left_out.append(f"fold {number} was left out: {error}")
    if not folds:
        raise NotEnoughHistory(
            f"at least one of {n_splits} folds must have enough rows",
            was=left_out[0],
            do="ingest a history without holes of months, or use a shorter timeframe or horizon",
        )
    # The serving model stands at the last decision: every label that has ended by then may train it.
    known = rows if parameters.mode == "expanding" else rows[clock[rows] >= clock[rows[-1]] - window]
    known = known[label_end_us[known] <= decision_us[-1]]
    end = (decision_us.size, decision_us.size)
    folds.append(_fold(LIVE, known, end, decision_us, label_end_us, parameters))
    all_notes = (*notes, *_purge_notes(purge, parameters), *more_notes, *left_out)
    return FoldPlan(tuple(folds), window, purge, embargo, all_notes)


def _window(available: int, gap: int, timeframe: Timeframe, parameters: SplitParameters) -> tuple[int, list[str]]:
    asked = window_minutes(parameters)
    if parameters.window_was_chosen:
        return asked, []
    half = available // 2
    smallest_test = MIN_TEST_ROWS * timeframe.minutes
    if half < asked and asked + gap + smallest_test <= available:
        return asked, []
    return half, [f"training window of {half / MINUTES_PER_DAY:.1f} trading days: half of the history"]


def _purge_notes(purge: int, parameters: SplitParameters) -> list[str]:
    """That a purge below the horizon was asked for, and what was taken instead."""
    if "purge_days" not in parameters.model_fields_set or purge <= round(parameters.purge_days * MINUTES_PER_DAY):
        return []
    taken, longest = f"{purge / MINUTES_PER_DAY:.2f}", parameters.horizon_grid[-1]
    asked = f"purge_days={parameters.purge_days:g}"
    return [f"purge of {taken} trading days, the length of a label of {longest} bars, instead of {asked}"]


def _blocks(room: int, timeframe: Timeframe, parameters: SplitParameters) -> tuple[int, int, list[str]]:
    """Number of test blocks and their length in minutes, whole slots."""
    smallest = MIN_TEST_ROWS * timeframe.minutes
    n_splits = parameters.n_splits
    if room < n_splits * smallest:
        fitting = max(room // smallest, 0)
        if parameters.n_splits_was_chosen or fitting == 0:
            return 0, 0, []
        note = f"{fitting} folds instead of {n_splits}: a test block needs {MIN_TEST_ROWS} rows"
        return fitting, room // fitting // timeframe.minutes * timeframe.minutes, [note]
    return n_splits, room // n_splits // timeframe.minutes * timeframe.minutes, []


def _fold(
    number: int,
    known: npt.NDArray[np.intp],
    test: tuple[int, int],
    decision_us: Instants,
    label_end_us: Instants,
    parameters: SplitParameters,
) -> Fold:
    purge = EventPurge(decision_us[known], label_end_us[known], NO_EMBARGO, parameters.purge_convention)
    segments = TemporalSplit(parameters.val_frac, purge).segments(known.size)
    inner, validation = (known[part] for part in segments)
    if inner.size < MIN_TRAIN_ROWS or validation.size < MIN_VALIDATION_ROWS:
        raise NotEnoughHistory(
            f"fold {number} must have {MIN_TRAIN_ROWS} train and {MIN_VALIDATION_ROWS} validation rows after purging",
            was=f"{inner.size} and {validation.size}",
            do="lengthen days_history, shorten horizon or lower n_splits",
        )
    return Fold(
        fold=number,
        train_start=int(inner[0]),
        train_stop=int(inner[-1]) + 1,
        validation_start=int(validation[0]),
        validation_stop=int(validation[-1]) + 1,
        test_start=test[0],
        test_stop=test[1],
        cutoff_us=int(label_end_us[known].max()),
    )


def check_no_label_reaches_test(folds: Sequence[Fold], decision_us: Instants, label_end_us: Instants) -> None:
    """Assert on stored instants that no fitted row's label meets a later segment of its fold.

    Raises:
        LeakDetected: Naming the fold.
    """
    for fold in folds:
        train, validation, test = (
            np.arange(*bounds)
            for bounds in (
                (fold.train_start, fold.train_stop),
                (fold.validation_start, fold.validation_stop),
                (fold.test_start, fold.test_stop),
            )
        )
        must = f"fold {fold.fold}: train labels must end before validation begins"
        _check(must, decision_us, label_end_us, train, validation)
        must = f"fold {fold.fold}: labels must end before the test block begins"
        _check(must, decision_us, label_end_us, np.append(train, validation), test)


def _check(
    must: str, decision_us: Instants, label_end_us: Instants, fitted: npt.NDArray[np.intp], later: npt.NDArray[np.intp]
) -> None:
    try:
        check_no_overlap(decision_us, label_end_us, fitted, later)
    except LeakDetected as error:
        raise LeakDetected(f"{must}: {error}") from error
