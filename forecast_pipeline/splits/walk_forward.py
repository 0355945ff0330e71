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

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Instants = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WalkForward:
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
    mode: Literal["rolling", "expanding"] = "rolling"

    def __post_init__(self) -> None:
        """Refuse sizes that yield nothing or overlap."""
        if self.train_size < 1 or self.test_size < 1 or self.gap < 0:
            raise InvalidConfiguration(
                "train_size and test_size must be at least 1 and gap at least 0",
                was=f"{self.train_size}, {self.test_size} and {self.gap}",
            )

    def get_n_splits(self, n_rows: int) -> int:
        """Number of folds in ``n_rows`` rows; a partial last block is left out."""
        return max((n_rows - self.train_size - self.gap) // self.test_size, 0)

    def split(self, n_rows: int) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Yield train and test rows of each fold, oldest fold first.

        Raises:
            NotEnoughHistory: If there is not one fold.
        """
        if self.get_n_splits(n_rows) == 0:
            raise NotEnoughHistory(
                f"{self.train_size} train + {self.gap} gap + {self.test_size} test rows are needed", was=str(n_rows)
            )
        for fold in range(self.get_n_splits(n_rows)):
            first = fold * self.test_size
            stop = first + self.train_size
            start = 0 if self.mode == "expanding" else first
            yield np.arange(start, stop), np.arange(stop + self.gap, stop + self.gap + self.test_size)


def purged(
    train: npt.NDArray[np.intp],
    decision: Instants,
    label_end: Instants,
    first_test_decision: int,
    convention: Literal["strict", "exact"] = "strict",
) -> npt.NDArray[np.intp]:
    """Train rows whose label does not reach into the test block.

    Works on instants, so neither weekends nor holes can fool it.

    Args:
        train: Row positions, all before the test block.
        decision: Instant at which each row is decided, shape ``(T,)``.
        label_end: Instant at which each row's longest label is complete, shape ``(T,)``.
        first_test_decision: Decision instant of the first test row.
        convention: ``strict`` also drops labels that end exactly there, whose last
            price is the price at which the first test row is decided.

    Example:
        >>> purged(np.arange(4), np.arange(4) * 10, np.arange(4) * 10 + 20, 50, "strict").tolist()
        [0, 1, 2]
        >>> purged(np.arange(4), np.arange(4) * 10, np.arange(4) * 10 + 20, 50, "exact").tolist()
        [0, 1, 2, 3]
    """
    ends = label_end[train]
    is_clear = ends < first_test_decision if convention == "strict" else ends <= first_test_decision
    return train[is_clear & (decision[train] < first_test_decision)]
