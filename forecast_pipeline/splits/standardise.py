"""Train-only statistics of features: coverage, mean, deviation, drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration

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
        """Learn from training rows, shape ``(n, p)``; NaN and infinities are not defined and left out.

        Raises:
            InvalidConfiguration: If there is not one name a column.

        Example:
            >>> fitted = Standardiser.fit(np.array([[1.0, 5.0], [3.0, 5.0]]), ("a", "b"), 0.5)
            >>> fitted.mean.tolist(), fitted.std.tolist(), fitted.is_kept.tolist()
            ([2.0, 5.0], [1.0, 1.0], [True, False])
        """
        _check_width(train, len(columns))
        known = np.isfinite(train)
        count = known.sum(axis=0)
        safe_count = np.maximum(count, 1)
        mean = np.where(known, train, 0.0).sum(axis=0) / safe_count
        # A sum of a million equal values is off by more than the tolerance of a constant; its remainder is not.
        centred = np.where(known, train - mean, 0.0)
        remainder = centred.sum(axis=0) / safe_count
        mean = mean + remainder
        centred -= np.where(known, remainder, 0.0)
        std = np.sqrt(np.square(centred, out=centred).sum(axis=0) / safe_count)
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

        Raises:
            InvalidConfiguration: If the rows have another number of columns.
        """
        filled = np.nan_to_num(self._scaled(rows), nan=0.0, posinf=CLIP_STD, neginf=-CLIP_STD)
        return np.clip(filled, -CLIP_STD, CLIP_STD)

    def clipped_fraction(self, rows: Floats) -> Floats:
        """Share of the defined values of each kept column that `transform` cuts, infinities among them.

        Returns:
            Shape ``(kept,)``; NaN where a column has no value.

        Example:
            >>> fitted = Standardiser.fit(np.array([[1.0], [3.0]]), ("a",), 0.0)
            >>> fitted.clipped_fraction(np.array([[2.0], [100.0], [np.nan], [np.inf]])).round(3).tolist()
            [0.667]
        """
        scaled = self._scaled(rows)
        defined = (~np.isnan(scaled)).sum(axis=0)
        cut = (np.abs(scaled) > CLIP_STD).sum(axis=0)
        return np.asarray(np.divide(cut, defined, out=np.full(defined.shape, np.nan), where=defined > 0))

    def _scaled(self, rows: Floats) -> Floats:
        _check_width(rows, len(self.columns))
        return np.asarray((rows[:, self.is_kept] - self.mean[self.is_kept]) / self.std[self.is_kept])

    def inverse(self, standardised: Floats) -> Floats:
        """Undo `transform` for values that it did not cut or fill."""
        return np.asarray(standardised * self.std[self.is_kept] + self.mean[self.is_kept])


def constant_columns(train: Floats, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the columns that have values on training rows but do not vary beyond rounding, for the record.

    Example:
        >>> constant_columns(np.array([[1.0, 0.1 + 0.2, np.nan], [2.0, 0.3, np.nan]]), ("a", "b", "c"))
        ('b',)
    """
    fitted = Standardiser.fit(train, columns, 0.0)
    is_known = np.isfinite(train).sum(axis=0) > 1
    return tuple(c for c, kept, known in zip(columns, fitted.is_kept, is_known, strict=True) if known and not kept)


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


def population_stability(train: Floats, later: Floats, n_bins: int = 10) -> float:
    """Population stability index between two periods of a column: ``sum (q - p) ln(q / p)`` over training quantiles.

    Reported as drift beside `drift`, with which it shares that it says nothing about look-ahead. A bin holds as many
    training values as another; a value that fills a whole bin is a bin of its own, so that a constant that changes
    is seen. Shares are ``(count + 1/2) / (n + n_bins/2)``: an empty bin does not make the index infinite.

    Args:
        train: Values of the training rows; what is not finite is left out.
        later: Values of later rows.
        n_bins: Number of bins before equal edges are joined.

    Returns:
        At least 0; 0 for equal shares. NaN when a period has fewer than two values.

    Raises:
        InvalidConfiguration: If there are fewer than two bins.

    Example:
        >>> values = np.arange(100.0)
        >>> population_stability(values, values), round(population_stability(values, values + 50.0), 3)
        (0.0, 2.284)

    Source: Jeffreys 1946 (the symmetrised Kullback-Leibler divergence); Siddiqi, *Credit Risk Scorecards*, 2006.
    """
    if n_bins < 2:  # noqa: PLR2004 - one bin cannot differ
        raise InvalidConfiguration("n_bins must be at least 2", was=str(n_bins))
    first, second = train[np.isfinite(train)], later[np.isfinite(later)]
    if min(first.size, second.size) < 2:  # noqa: PLR2004 - as in `drift`
        return float("nan")
    quantiles = np.quantile(first, np.linspace(0.0, 1.0, n_bins + 1))
    atoms = np.unique(quantiles[1:][np.diff(quantiles) == 0.0])
    edges = np.unique(np.concatenate([quantiles[1:-1], atoms, np.nextafter(atoms, -np.inf)]))
    shares = [
        (np.bincount(np.searchsorted(edges, values), minlength=edges.size + 1) + 0.5)
        / (values.size + 0.5 * (edges.size + 1))
        for values in (first, second)
    ]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _check_width(rows: Floats, n_columns: int) -> None:
    if rows.ndim != 2 or rows.shape[1] != n_columns:  # noqa: PLR2004 - rows and columns
        raise InvalidConfiguration(f"rows must have {n_columns} columns", was=f"shape {rows.shape}")
