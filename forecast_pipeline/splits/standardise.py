"""Train-only statistics of features: coverage, mean, deviation, drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

CONSTANT_TOLERANCE = 1e-12
CLIP_STD = 10.0
"""Standardised inputs are cut at this distance: one bad tick may not move a linear forecast without bound."""


@dataclass(frozen=True, slots=True)
class Standardiser:
    """Statistics of training rows, applied everywhere.

    Attributes:
        columns: All columns that it was fitted on.
        mean: Mean of the defined training values, shape ``(p,)``.
        std: Population deviation (ddof 0), 1 for constant columns, shape ``(p,)``.
        coverage_fraction: Share of defined training values, shape ``(p,)``.
        is_kept: Columns with enough coverage that are not constant, shape ``(p,)``.
    """

    columns: tuple[str, ...]
    mean: Floats
    std: Floats
    coverage_fraction: Floats
    is_kept: npt.NDArray[np.bool_]

    @classmethod
    def fit(cls, train: Floats, columns: tuple[str, ...], min_coverage_fraction: float) -> Standardiser:
        """Learn from training rows, shape ``(n, p)``; NaN means not defined and is left out.

        Example:
            >>> fitted = Standardiser.fit(np.array([[1.0, 5.0], [3.0, 5.0]]), ("a", "b"), 0.5)
            >>> fitted.mean.tolist(), fitted.std.tolist(), fitted.is_kept.tolist()
            ([2.0, 5.0], [1.0, 1.0], [True, False])
        """
        known = np.isfinite(train)
        count = known.sum(axis=0)
        safe_count = np.maximum(count, 1)
        mean = np.where(known, train, 0.0).sum(axis=0) / safe_count
        variance = np.where(known, np.square(train - mean), 0.0).sum(axis=0) / safe_count
        std = np.sqrt(variance)
        is_constant = std <= CONSTANT_TOLERANCE * np.maximum(1.0, np.abs(mean))
        coverage = count / max(train.shape[0], 1)
        is_kept = (coverage >= min_coverage_fraction) & (count > 1) & ~is_constant
        return cls(columns, mean, np.where(is_constant, 1.0, std), coverage, is_kept)

    @property
    def kept_columns(self) -> tuple[str, ...]:
        """Names of the columns that `transform` returns, in order."""
        return tuple(name for name, kept in zip(self.columns, self.is_kept, strict=True) if kept)

    def transform(self, rows: Floats) -> Floats:
        """Standardise rows with the stored statistics, shape ``(n, p)`` to ``(n, kept)``.

        An undefined value becomes 0, the training mean.
        """
        scaled = (rows[:, self.is_kept] - self.mean[self.is_kept]) / self.std[self.is_kept]
        return np.clip(np.nan_to_num(scaled, nan=0.0, posinf=CLIP_STD, neginf=-CLIP_STD), -CLIP_STD, CLIP_STD)

    def inverse(self, standardised: Floats) -> Floats:
        """Undo `transform` for values that it did not cut or fill."""
        return np.asarray(standardised * self.std[self.is_kept] + self.mean[self.is_kept])


def drift(train: Floats, later: Floats) -> tuple[float, float]:
    """Two-sample Kolmogorov-Smirnov statistic and p-value between two periods of a column.

    Reported as drift. It says nothing about look-ahead: the statistic does not
    change under a common increasing map, so any scaler gives the same value.

    Returns:
        ``ks_stat`` and ``ks_pvalue``; NaN when a period has fewer than two values.
    """
    from scipy.stats import ks_2samp  # a second of import that no other part of this stage needs

    first, second = train[np.isfinite(train)], later[np.isfinite(later)]
    if min(first.size, second.size) < 2:  # noqa: PLR2004 - two values make the smallest sample
        return float("nan"), float("nan")
    outcome = ks_2samp(first, second, method="asymp")
    return float(outcome.statistic), float(outcome.pvalue)
