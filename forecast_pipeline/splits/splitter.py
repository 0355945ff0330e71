"""The scikit-learn interface that all splitters share, and what they leave out beside their test rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.splits.purge import Embargo, check_events, test_runs, training_rows, with_purge_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecast_pipeline.splits.purge import Convention, Instants, Positions

    Fold = tuple[Positions, Positions]


class Splitter(ABC):
    """A ``cv`` of scikit-learn whose folds are arrays of row positions, increasing.

    Rows may be arrays, frames, lists, or their mere number. ``y`` and ``groups`` are taken and ignored.
    """

    __slots__ = ()

    def split(self, X: object, y: object = None, groups: object = None) -> Iterator[Fold]:  # noqa: ARG002, N803 - theirs
        """Yield train and test rows of each fold, in order.

        Args:
            X: Rows in order of time, oldest first, or how many there are.
            y: Ignored.
            groups: Ignored.

        Raises:
            NotEnoughHistory: If there are too few rows; the message has the arithmetic.
        """
        return self.folds(_n_rows(X))

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:  # noqa: ARG002, N803
        """Number of folds that `split` yields, 0 if there are too few rows."""
        return self.n_folds(None if X is None else _n_rows(X))

    @abstractmethod
    def folds(self, n_rows: int) -> Iterator[Fold]:
        """Yield train and test rows of each fold."""

    @abstractmethod
    def n_folds(self, n_rows: int | None) -> int:
        """Number of folds; ``None`` where the caller did not say how many rows there are."""


class Purge(Protocol):
    """What says which rows may train beside the rows that test."""

    def training_rows(self, n_rows: int, test: Positions) -> Positions:
        """Positions among ``n_rows`` rows, increasing, none of them in ``test``."""


@dataclass(frozen=True, slots=True)
class RowPurge:
    """Purge and embargo as counts of rows: right only where no row is missing and all labels are equally long.

    Attributes:
        purge_bars: Rows left out on each side of every run of test rows.
        embargo_bars: Further rows left out after it.
        horizon_bars: Length of the labels, if it is to be checked: a shorter purge than ``horizon_bars - 1``
            lets a training label share time with a test label. ``horizon_bars`` rows also keep the price apart.

    Example:
        >>> RowPurge(1, 1).training_rows(10, np.array([4, 5])).tolist()
        [0, 1, 2, 8, 9]
    """

    purge_bars: int
    embargo_bars: int = 0
    horizon_bars: int | None = None

    def __post_init__(self) -> None:
        """Refuse negative counts and a purge below the horizon."""
        if self.purge_bars < 0 or self.embargo_bars < 0:
            raise InvalidConfiguration(
                "purge_bars and embargo_bars must be at least 0", was=f"{self.purge_bars} and {self.embargo_bars}"
            )
        if self.horizon_bars is not None and self.purge_bars < self.horizon_bars - 1:
            raise InvalidConfiguration(
                f"purge_bars must be at least horizon_bars - 1 = {self.horizon_bars - 1}",
                was=str(self.purge_bars),
                why="a training label would be made of prices that are tested",
                do=f"set purge_bars={self.horizon_bars}",
            )

    def training_rows(self, n_rows: int, test: Positions) -> Positions:
        """Rows that are neither tested, nor within the purge of a run of test rows, nor within its embargo."""
        may_train = np.ones(n_rows, dtype=bool)
        for start, stop in test_runs(test):
            may_train[max(start - self.purge_bars, 0) : stop + self.purge_bars + self.embargo_bars] = False
        return np.flatnonzero(may_train)


@dataclass(frozen=True, slots=True, eq=False)
class EventPurge:
    """Purge and embargo by event time: what production uses, because neither holes nor weekends fool it.

    Attributes:
        decision: Shape ``(T,)``, instant at which each row is decided, not decreasing.
        label_end: Shape ``(T,)``, end of each row's longest label. Rows without a label must be left out before.
        embargo: What is left out after each run of test rows; it says its unit.
        convention: When two labels meet.

    Example:
        >>> decision = np.arange(10) * 60
        >>> purge = EventPurge(decision, decision + 120, Embargo(60, "clock"), "exact")
        >>> purge.training_rows(10, np.array([4, 5])).tolist()
        [0, 1, 2, 8, 9]
    """

    decision: Instants
    label_end: Instants
    embargo: Embargo
    convention: Convention = "strict"

    def __post_init__(self) -> None:
        """Refuse instants that do not describe rows in order of time."""
        check_events(self.decision, self.label_end)

    @classmethod
    def of_trading_days(
        cls,
        decision_us: Instants,
        label_end_us: Instants,
        purge_days: float = 1,
        embargo_days: float = 2,
        convention: Convention = "strict",
    ) -> EventPurge:
        """Purge and embargo in trading days, of instants in UTC microseconds.

        The label's length counts if it is longer than the purge.

        Example:
            >>> monday = np.datetime64("2024-03-11T00:00", "us").astype(np.int64)
            >>> decision_us = monday + np.arange(0, 96) * 3_600_000_000
            >>> purge = EventPurge.of_trading_days(decision_us, decision_us + 3_600_000_000, 0.5, 1)
            >>> purge.training_rows(96, np.array([30, 31])).tolist() == [*range(18), *range(67, 96)]
            True
        """
        if purge_days < 0:
            raise InvalidConfiguration("purge_days must be at least 0", was=str(purge_days))
        purge_minutes = Embargo.of_trading_days(purge_days).length
        extended = with_purge_of(decision_us, label_end_us, purge_minutes)
        return cls(decision_us, extended, Embargo.of_trading_days(embargo_days), convention)

    def training_rows(self, n_rows: int, test: Positions) -> Positions:
        """Rows whose label meets no run of test rows and that are decided in no embargo.

        Raises:
            InvalidConfiguration: If there is not one instant a row.
        """
        if n_rows != self.decision.size:
            raise InvalidConfiguration(
                "the rows that are split must be those whose instants the splitter knows",
                was=f"{n_rows} rows and {self.decision.size} instants",
            )
        return training_rows(self.decision, self.label_end, test, self.convention, self.embargo)


def _n_rows(rows: object) -> int:
    if isinstance(rows, (int, np.integer)):
        return int(rows)
    shape = getattr(rows, "shape", None)
    if shape:
        return int(shape[0])
    if isinstance(rows, Sized):
        return len(rows)
    raise InvalidConfiguration("a splitter takes rows or their number", was=type(rows).__name__)
