"""The single split of the specification: the end of the rows validates, what reaches into it does not train.

Its ``_standardize_train_val(X, y, val_frac)`` cuts at the same row; here training rows whose label is known only
after the first validation decision are left out, so that no training label is made of validation prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.splits.splitter import Splitter
from forecast_pipeline.splits.standardise import Standardiser

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from forecast_pipeline.splits.purge import Positions
    from forecast_pipeline.splits.splitter import Purge

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TemporalSplit(Splitter):
    """One fold: train on the start, validate on the end, without any shuffling.

    Attributes:
        val_frac: Share of the rows, their end, that validates: ``int(n * val_frac)`` of them.
        purge: What may train beside the validation rows.

    Example:
        >>> from forecast_pipeline.splits.splitter import RowPurge
        >>> [(train.tolist(), test.tolist()) for train, test in TemporalSplit(0.3, RowPurge(2)).split(10)]
        [([0, 1, 2, 3, 4], [7, 8, 9])]
    """

    val_frac: float
    purge: Purge

    def __post_init__(self) -> None:
        """Refuse a share that leaves nothing on one side."""
        if not 0.0 < self.val_frac < 1.0:
            raise InvalidConfiguration("val_frac must lie between 0 and 1", was=str(self.val_frac))

    def segments(self, n_rows: int) -> tuple[Positions, Positions]:
        """Train and validation rows, either of them empty if there are too few rows."""
        first = n_rows - int(n_rows * self.val_frac)
        validation = np.arange(first, n_rows)
        return self.purge.training_rows(n_rows, validation), validation

    def folds(self, n_rows: int) -> Iterator[tuple[Positions, Positions]]:
        """Yield the fold.

        Raises:
            NotEnoughHistory: If a segment is empty.
        """
        train, validation = self.segments(n_rows)
        if not (train.size and validation.size):
            raise NotEnoughHistory(
                f"val_frac={self.val_frac:g} must leave rows on both sides of the cut after purging",
                was=f"{train.size} train and {validation.size} validation rows of {n_rows}",
                do="take more rows, shorten the horizon or change val_frac",
            )
        return iter([(train, validation)])

    def n_folds(self, n_rows: int | None = None) -> int:
        """1, or 0 if there are too few rows."""
        return 1 if n_rows is None else int(all(part.size for part in self.segments(n_rows)))


def standardise_train_val(
    features: Floats, columns: tuple[str, ...], splitter: TemporalSplit, min_coverage_fraction: float = 0.0
) -> tuple[Floats, Floats, Standardiser]:
    """Train and validation rows in the statistics of the train rows alone.

    Args:
        features: Shape ``(n, p)``; NaN is not defined.
        columns: Their names.
        splitter: Where to cut.
        min_coverage_fraction: Least share of defined values of a column on train rows.

    Returns:
        Shapes ``(n_train, kept)`` and ``(n_validation, kept)``, and the statistics that serve later rows.

    Raises:
        NotEnoughHistory: If a segment is empty.

    Example:
        >>> from forecast_pipeline.splits.splitter import RowPurge
        >>> rows = np.array([[1.0], [3.0], [100.0], [2.0], [4.0]])
        >>> train, validation, _ = standardise_train_val(rows, ("a",), TemporalSplit(0.4, RowPurge(1)))
        >>> train.ravel().tolist(), validation.ravel().tolist()
        ([-1.0, 1.0], [0.0, 2.0])
    """
    train, validation = next(splitter.folds(len(features)))
    standardiser = Standardiser.fit(features[train], columns, min_coverage_fraction)
    return standardiser.transform(features[train]), standardiser.transform(features[validation]), standardiser
