"""Combinatorial purged cross-validation: every choice of test groups, and the paths recombined from them.

Rows are cut into ``n_groups`` contiguous groups. Each of the C(N, k) splits tests k of them and trains on the rest,
purged and embargoed. Each group is tested by C(N - 1, k - 1) splits, so that many whole histories can be put
together of rows that were all tested out of sample: the paths.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.splits.splitter import Splitter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from forecast_pipeline.splits.purge import Positions
    from forecast_pipeline.splits.splitter import Purge

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CombinatorialPurged(Splitter):
    """Splitter over all choices of test groups, in lexicographic order, with the scikit-learn interface.

    Attributes:
        n_groups: Number N of groups; the last takes the rows that do not divide.
        n_test_groups: Number k of groups that each split tests.
        purge: What may train beside test rows: `EventPurge` for rows of a market, `RowPurge` to count rows.
            Neighbouring test groups count as one run.

    Example:
        >>> from forecast_pipeline.splits.splitter import RowPurge
        >>> splitter = CombinatorialPurged(4, 2, RowPurge(1, 1))
        >>> [train.tolist() for train, _ in splitter.split(16)][:2]
        [[10, 11, 12, 13, 14, 15], [6, 14, 15]]
        >>> splitter.paths().tolist()
        [[0, 0, 1, 2], [1, 3, 3, 4], [2, 4, 5, 5]]

    Source: López de Prado, *Advances in Financial Machine Learning*, 2018, section 12.4.
    """

    n_groups: int
    n_test_groups: int
    purge: Purge

    def __post_init__(self) -> None:
        """Refuse numbers of groups that leave nothing to test or to train on."""
        if not 1 <= self.n_test_groups < self.n_groups:
            raise InvalidConfiguration(
                "n_test_groups must be at least 1 and less than n_groups",
                was=f"{self.n_test_groups} of {self.n_groups}",
            )

    @property
    def n_paths(self) -> int:
        """Number of recombined paths, C(N - 1, k - 1)."""
        return math.comb(self.n_groups - 1, self.n_test_groups - 1)

    def n_folds(self, n_rows: int | None = None) -> int:  # noqa: ARG002 - as many for any number of rows
        """Number of splits, C(N, k)."""
        return math.comb(self.n_groups, self.n_test_groups)

    def test_groups(self) -> list[tuple[int, ...]]:
        """Groups that each split tests, in order of the splits."""
        return list(itertools.combinations(range(self.n_groups), self.n_test_groups))

    def paths(self) -> npt.NDArray[np.intp]:
        """Split that tests each group of each path, shape ``(n_paths, n_groups)``.

        Path ``p`` takes for each group the ``p``-th split, in order, that tests it.
        """
        choices = self.test_groups()
        by_group = [
            [split for split, chosen in enumerate(choices) if group in chosen] for group in range(self.n_groups)
        ]
        return np.array(by_group, dtype=np.intp).T

    def group_bounds(self, n_rows: int) -> npt.NDArray[np.intp]:
        """First row of each group and the end, shape ``(n_groups + 1,)``.

        Raises:
            NotEnoughHistory: If a group would be empty.
        """
        if n_rows < self.n_groups:
            raise NotEnoughHistory(
                f"{self.n_groups} groups must have a row each", was=f"{n_rows} rows", do="lower n_groups"
            )
        return np.append(np.arange(self.n_groups) * (n_rows // self.n_groups), n_rows)

    def folds(self, n_rows: int) -> Iterator[tuple[Positions, Positions]]:
        """Yield train and test rows of each split.

        Raises:
            NotEnoughHistory: Before the first one, if any of them leaves no row to train on.
        """
        bounds = self.group_bounds(n_rows)
        for chosen in self.test_groups():
            if self.purge.training_rows(n_rows, _rows(bounds, chosen)).size == 0:
                raise NotEnoughHistory(
                    "purge and embargo must leave rows to train on in every split",
                    was=f"none beside test groups {chosen}, with groups of {n_rows // self.n_groups} rows",
                    do="lower n_groups or n_test_groups, shorten purge or embargo, or take more rows",
                )
        return self._folds(bounds)

    def _folds(self, bounds: npt.NDArray[np.intp]) -> Iterator[tuple[Positions, Positions]]:
        for chosen in self.test_groups():
            test = _rows(bounds, chosen)
            yield self.purge.training_rows(int(bounds[-1]), test), test

    def recombined(self, tested: Sequence[Floats], n_rows: int) -> Floats:
        """Values of test rows put together to whole histories, shape ``(n_paths, n_rows)``.

        Args:
            tested: One array a split, shape ``(n_test_rows,)``: a value for each of its test rows, in order.
            n_rows: Number of all rows.

        Raises:
            InvalidConfiguration: If there is not one value for every test row of every split.

        Example:
            >>> from forecast_pipeline.splits.splitter import RowPurge
            >>> splitter = CombinatorialPurged(3, 2, RowPurge(0))
            >>> splitter.recombined([np.full(2, 0.5), np.full(2, 1.5), np.full(2, 2.5)], 3).tolist()
            [[0.5, 0.5, 1.5], [1.5, 2.5, 2.5]]
        """
        bounds, choices = self.group_bounds(n_rows), self.test_groups()
        sizes = [int(_rows(bounds, chosen).size) for chosen in choices]
        if [values.shape for values in tested] != [(size,) for size in sizes]:
            raise InvalidConfiguration(
                f"{len(choices)} splits must have one value a test row",
                was=f"{len(tested)} arrays of shapes {sorted({values.shape for values in tested})}",
            )
        histories = np.empty((self.n_paths, n_rows))
        n_filled = [0] * self.n_groups  # paths of a group that have their values
        for chosen, values in zip(choices, tested, strict=True):
            taken = 0
            for group in chosen:
                start, stop = bounds[group], bounds[group + 1]
                histories[n_filled[group], start:stop] = values[taken : taken + stop - start]
                taken += stop - start
                n_filled[group] += 1
        return histories


def _rows(bounds: npt.NDArray[np.intp], chosen: tuple[int, ...]) -> Positions:
    return np.concatenate([np.arange(bounds[group], bounds[group + 1]) for group in chosen])
