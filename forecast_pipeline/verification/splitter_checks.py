"""What any combinatorial splitter and any purger of events must give: worked examples, and counts that need none."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.splits.combinatorial import CombinatorialPurged
from forecast_pipeline.splits.purge import training_rows
from forecast_pipeline.splits.splitter import RowPurge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    Positions = npt.NDArray[np.intp]
    Splitter = Callable[[int, int, int, int, int], list[tuple[Positions, Positions]]]
    Purger = Callable[[Positions, Positions, Sequence[int]], list[int]]

E1 = {
    (0, 1): (10, 11, 12, 13, 14, 15),
    (0, 2): (6, 14, 15),
    (0, 3): (6, 7, 8, 9, 10),
    (1, 2): (0, 1, 2, 14, 15),
    (1, 3): (0, 1, 2, 10),
    (2, 3): (0, 1, 2, 3, 4, 5, 6),
}
"""Training rows by test groups for 16 rows in 4 groups, 2 of them tested, purge 1, embargo 1."""
E2 = {
    (0, 1): tuple(range(10, 24)),
    (0, 2): (6, *range(14, 24)),
    (1, 3): (0, 1, 2, 10, *range(18, 24)),
    (2, 4): (*range(7), 14, 22, 23),
    (3, 5): (*range(11), 18),
    (4, 5): tuple(range(15)),
}
"""24 rows in 6 groups, 2 tested, purge 1, embargo 1."""
E3 = {
    (0, 1): tuple(range(9, 23)),
    (0, 4): tuple(range(5, 15)),
    (1, 3): (0, 1, 2, 9, 10, *range(17, 23)),
    (2, 3): (*range(7), *range(17, 23)),
    (2, 4): (*range(7), 13, 14),
    (3, 4): tuple(range(11)),
}
"""23 rows in 5 groups, the last of 7 rows, 2 tested, purge 1, no embargo."""
E5_STARTS = (16, 17, 18, 19, 20, 21, 70, 71, 72, 73, 74, 75)
E5_ENDS = (18, 19, 20, 21, 70, 71, 72, 73, 74, 75, 75, 75)
E5 = {
    (5, 6, 7): (0, 1, 2, 3, 9, 10, 11),
    (6, 7): (0, 1, 2, 3, 4, 9, 10, 11),
    (2, 3): (0, 5, 6, 7, 8, 9, 10, 11),
    (2, 3, 8, 9): (0, 5, 6, 11),
}
"""Rows kept by test rows, for labels two bars ahead over a weekend, hours of a clock."""
_EXAMPLES = (("E1", (16, 4, 2, 1, 1), E1), ("E2", (24, 6, 2, 1, 1), E2), ("E3", (23, 5, 2, 1, 0), E3))
_COUNTED = ((11, 4, 2, 0, 0), (23, 6, 2, 1, 1), (10, 3, 1, 2, 0), (16, 4, 2, 1, 1))


def real_splitter(
    n_rows: int, n_groups: int, n_test_groups: int, purge: int, embargo: int
) -> list[tuple[Positions, Positions]]:
    """Train and test rows of every split of the real combinatorial splitter, purge and embargo counted in rows.

    Example:
        >>> train, test = real_splitter(16, 4, 2, 1, 1)[1]
        >>> train.tolist(), test.tolist()
        ([6, 14, 15], [0, 1, 2, 3, 8, 9, 10, 11])
    """
    return list(CombinatorialPurged(n_groups, n_test_groups, RowPurge(purge, embargo)).split(n_rows))


def real_purger(start: Positions, end: Positions, test: Sequence[int]) -> list[int]:
    """Rows that the real purge keeps beside test rows, for labels on half-open intervals.

    Example:
        >>> real_purger(np.array([0, 1, 2, 3]), np.array([2, 3, 4, 5]), [2])
        [0]
    """
    return [int(row) for row in training_rows(start, end, np.asarray(test), "half_open")]


def worked_examples(splitter: Splitter) -> Iterator[str]:
    """L10: the training rows of E1 to E3."""
    for name, settings, expected in _EXAMPLES:
        choices = list(itertools.combinations(range(settings[1]), settings[2]))
        splits = splitter(*settings)
        if len(splits) != len(choices):
            yield f"{name}: {len(splits)} splits instead of {len(choices)}"
            continue
        for groups, rows in expected.items():
            found = tuple(int(row) for row in splits[choices.index(groups)][0])
            if found != rows:
                yield f"{name}: with test groups {groups} trains on {_short(found)} instead of {_short(rows)}"


def tested_equally(splitter: Splitter) -> Iterator[str]:
    """L10: every row is tested equally often, also where the rows do not divide by the groups."""
    for n_rows, n_groups, k, purge, embargo in _COUNTED:
        splits = splitter(n_rows, n_groups, k, purge, embargo)
        counts = np.bincount(np.concatenate([test for _, test in splits]), minlength=n_rows)
        due = math.comb(n_groups - 1, k - 1)
        wrong = np.flatnonzero(counts != due)
        if wrong.size:
            yield f"{n_rows} rows in {n_groups} groups: row {wrong[0]} is tested {counts[wrong[0]]} times, not {due}"


def disjoint_segments(splitter: Splitter) -> Iterator[str]:
    """L8: no row is trained on and tested in one split."""
    for settings in _COUNTED:
        for number, (train, test) in enumerate(splitter(*settings)):
            both = np.intersect1d(train, test)
            if both.size:
                yield f"{settings[0]} rows: row {both[0]} of split {number} is in train and test"


def event_examples(purger: Purger) -> Iterator[str]:
    """L10: the rows kept in E5, where label ends are instants with a weekend between them."""
    for test, expected in E5.items():
        found = tuple(purger(np.asarray(E5_STARTS), np.asarray(E5_ENDS), test))
        if found != expected:
            yield f"E5: beside test rows {test} keeps {_short(found)} instead of {_short(expected)}"


SPLITTER_TESTS: dict[str, Callable[[Splitter], Iterator[str]]] = {
    "L8 disjoint segments": disjoint_segments,
    "L10 worked splits": worked_examples,
    "L10 test counts": tested_equally,
}
PURGER_TESTS: dict[str, Callable[[Purger], Iterator[str]]] = {"L10 worked events": event_examples}


def _short(rows: Sequence[int]) -> str:
    return " ".join(str(row) for row in rows) or "none"
