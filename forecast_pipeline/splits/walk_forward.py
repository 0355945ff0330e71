"""Walk-forward folds: train on the past, leave a gap, test the next block, advance by the block.

::

    |------ train ------|  purge  |  embargo  |-- test --|
                        |-------- gap --------|

A target of a row is known only ``horizon`` slots later, so a train row inside that
distance of the test block would carry a label made of test prices. The embargo is a
further gap against serial correlation; unlike in combinatorial cross-validation it
stands before the test rows, because nothing is trained on rows after them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, trading_minutes
from forecast_pipeline.splits.purge import check_events, training_rows
from forecast_pipeline.splits.splitter import Splitter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecast_pipeline.splits.purge import Convention, Instants, Positions

Mode = Literal["rolling", "expanding"]


@dataclass(frozen=True, slots=True)
class WalkForward(Splitter):
    """Splitter on row counts, with the scikit-learn interface.

    Attributes:
        train_size: Rows in a training window (the first one, if expanding).
        test_size: Rows in a test block; also the advance.
        gap: Rows left out between the two.
        mode: ``rolling`` or ``expanding``.

    Example:
        >>> [(train[[0, -1]].tolist(), test[[0, -1]].tolist()) for train, test in WalkForward(6, 3, 2).split(20)]
        [([0, 5], [8, 10]), ([3, 8], [11, 13]), ([6, 11], [14, 16]), ([9, 14], [17, 19])]
    """

    train_size: int
    test_size: int
    gap: int
    mode: Mode = "rolling"

    def __post_init__(self) -> None:
        """Refuse sizes that yield nothing or overlap."""
        _check_mode(self.mode)
        if self.train_size < 1 or self.test_size < 1 or self.gap < 0:
            raise InvalidConfiguration(
                "train_size and test_size must be at least 1 and gap at least 0",
                was=f"{self.train_size}, {self.test_size} and {self.gap}",
            )

    def n_folds(self, n_rows: int | None) -> int:
        """Number of folds in ``n_rows`` rows; a partial last block is left out."""
        if n_rows is None:
            raise InvalidConfiguration("get_n_splits must be told the rows or their number", was="None")
        return max((n_rows - self.train_size - self.gap) // self.test_size, 0)

    def folds(self, n_rows: int) -> Iterator[tuple[Positions, Positions]]:
        """Yield train and test rows of each fold, oldest fold first.

        Raises:
            NotEnoughHistory: If there is not one fold.
        """
        if self.n_folds(n_rows) == 0:
            raise NotEnoughHistory(
                f"{self.train_size} train + {self.gap} gap + {self.test_size} test = "
                f"{self.train_size + self.gap + self.test_size} rows are needed",
                was=str(n_rows),
                do="take a longer history, or shorten train, gap or test",
            )
        return (self._fold(number) for number in range(self.n_folds(n_rows)))

    def _fold(self, number: int) -> tuple[Positions, Positions]:
        first = number * self.test_size
        stop = first + self.train_size
        start = 0 if self.mode == "expanding" else first
        return np.arange(start, stop), np.arange(stop + self.gap, stop + self.gap + self.test_size)


@dataclass(frozen=True, eq=False, kw_only=True)
class EventWalkForward(Splitter):
    """Splitter in trading time and by label ends, with the scikit-learn interface.

    Test blocks are equally long in trading time and end with the last row. A training row is decided more than
    purge and embargo before the test block, and its label does not reach into it, however long it is.

    Attributes:
        decision_us: Shape ``(T,)``, decision instant of each row in UTC microseconds, not decreasing.
        label_end_us: Shape ``(T,)``, end of each row's longest label. Leave rows without a label out before.
        slot_minutes: Length of a bar.
        n_splits: Number of test blocks. A block that a hole has emptied, or its window, is no fold.
        window_minutes: Training window (the first one, if expanding), trading minutes.
        test_minutes: Test block, and advance, trading minutes.
        purge_minutes: Purge before a test block, trading minutes.
        embargo_minutes: Embargo before a test block, trading minutes.
        mode: ``rolling`` or ``expanding``.
        convention: Whether a label may end exactly at the first test decision.

    Example:
        >>> friday = np.datetime64("2024-03-08T18:00", "us").astype(np.int64)
        >>> sunday = np.datetime64("2024-03-10T22:00", "us").astype(np.int64)
        >>> decision_us = np.append(friday + np.arange(5) * 3_600_000_000, sunday + np.arange(3) * 3_600_000_000)
        >>> splitter = EventWalkForward(
        ...     decision_us=decision_us, label_end_us=decision_us + 3_600_000_000, slot_minutes=60, n_splits=2,
        ...     window_minutes=180, test_minutes=60, purge_minutes=60, embargo_minutes=60,
        ... )
        >>> [(train.tolist(), test.tolist()) for train, test in splitter.split(8)]
        [([1, 2, 3], [6]), ([2, 3, 4], [7])]
    """

    decision_us: Instants
    label_end_us: Instants
    slot_minutes: int
    n_splits: int
    window_minutes: int
    test_minutes: int
    purge_minutes: int
    embargo_minutes: int
    mode: Mode = "rolling"
    convention: Convention = "strict"

    def __post_init__(self) -> None:
        """Refuse lengths that yield nothing, and a history that cannot hold them."""
        check_events(self.decision_us, self.label_end_us)
        _check_mode(self.mode)
        if min(self.slot_minutes, self.n_splits, self.window_minutes, self.test_minutes) < 1:
            raise InvalidConfiguration(
                "slot_minutes, n_splits, window_minutes and test_minutes must be at least 1",
                was=f"{self.slot_minutes}, {self.n_splits}, {self.window_minutes} and {self.test_minutes}",
            )
        if min(self.purge_minutes, self.embargo_minutes) < 0:
            raise InvalidConfiguration(
                "purge_minutes and embargo_minutes must be at least 0",
                was=f"{self.purge_minutes} and {self.embargo_minutes}",
            )
        clock = self._clock
        found = int(clock[-1] - clock[0]) + self.slot_minutes if clock.size else 0
        needed = self.window_minutes + self.purge_minutes + self.embargo_minutes + self.n_splits * self.test_minutes
        if needed > found:
            raise NotEnoughHistory(
                f"rows must span {_days(self.window_minutes)} train + {_days(self.purge_minutes)} purge + "
                f"{_days(self.embargo_minutes)} embargo + {_days(self.n_splits * self.test_minutes)} test = "
                f"{_days(needed)} trading days",
                was=_days(found),
                do="take a longer history, or shorten the window, the test blocks or n_splits",
            )

    @functools.cached_property
    def _clock(self) -> Instants:
        return trading_minutes(self.decision_us)

    def fold(self, number: int) -> tuple[Positions, Positions]:
        """Train and test rows of a block, counted from the oldest; empty arrays where a hole is."""
        clock = self._clock
        begin = int(clock[-1]) + self.slot_minutes - (self.n_splits - number) * self.test_minutes
        first, stop = np.searchsorted(clock, [begin, begin + self.test_minutes])
        test = np.arange(first, stop)
        if not test.size:
            return test, test
        latest = clock[first] - self.purge_minutes - self.embargo_minutes
        start = 0 if self.mode == "expanding" else int(np.searchsorted(clock, latest - self.window_minutes))
        end = int(np.searchsorted(clock, latest))
        near = slice(start, stop)
        known = start + training_rows(self.decision_us[near], self.label_end_us[near], test - start, self.convention)
        return known[known < end], test

    def n_folds(self, n_rows: int | None = None) -> int:
        """Number of blocks with rows to train on and to test."""
        self._check(n_rows)
        return sum(all(part.size for part in self.fold(number)) for number in range(self.n_splits))

    def folds(self, n_rows: int) -> Iterator[tuple[Positions, Positions]]:
        """Yield train and test rows of each fold, oldest fold first.

        Raises:
            NotEnoughHistory: If there is not one fold.
        """
        if self.n_folds(n_rows) == 0:
            raise NotEnoughHistory(
                f"at least one of {self.n_splits} test blocks must have rows to train on after purging", was="none"
            )
        folds = (self.fold(number) for number in range(self.n_splits))
        return (fold for fold in folds if all(part.size for part in fold))

    def _check(self, n_rows: int | None) -> None:
        if n_rows not in (None, self.decision_us.size):
            raise InvalidConfiguration(
                "the rows that are split must be those whose instants the splitter knows",
                was=f"{n_rows} rows and {self.decision_us.size} instants",
            )


def _days(minutes: int) -> str:
    return f"{minutes / MINUTES_PER_DAY:.2f}"


def _check_mode(mode: str) -> None:
    if mode not in get_args(Mode):
        raise InvalidConfiguration(f"mode must be one of {', '.join(get_args(Mode))}", was=repr(mode))
