"""Statistics of a fold as they are published: means and deviations of training rows, and the drift after them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.splits.standardise import Standardiser, drift, population_stability

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.splits.plan import Fold

_N_THREADS = 2


def fold_statistics(
    frame: pl.DataFrame, columns: tuple[str, ...], fold: Fold, min_coverage_fraction: float
) -> pl.DataFrame:
    """One row a feature: its statistics on training rows, and how validation rows differ from them.

    Args:
        frame: Matrix.
        columns: Features.
        fold: Row ranges.
        min_coverage_fraction: Smallest share of defined values of a feature that is kept.
    """
    train = feature_values(frame[fold.train_start : fold.train_stop], columns)
    validation = feature_values(frame[fold.validation_start : fold.validation_stop], columns)
    fitted = Standardiser.fit(train, columns, min_coverage_fraction)
    clipped = np.full(len(columns), np.nan)
    clipped[fitted.is_kept] = fitted.clipped_fraction(validation)
    with ThreadPoolExecutor(_N_THREADS) as workers:  # sorting lets go of the interpreter
        drifts = list(workers.map(_drift, train.T, validation.T))
    return pl.DataFrame(
        {
            "fold": pl.Series([fold.fold] * len(columns), dtype=pl.Int32),
            "column": list(columns),
            "mean": fitted.mean,
            "std": fitted.std,
            "coverage_fraction": fitted.coverage_fraction,
            "is_kept": fitted.is_kept,
            "clipped_fraction": clipped,
            "ks_stat": [each[0] for each in drifts],
            "ks_pvalue": [each[1] for each in drifts],
            "psi": [each[2] for each in drifts],
        }
    )


def feature_values(rows: pl.DataFrame, columns: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Features of rows in double precision, NaN where undefined, shape ``(n, p)``."""
    return rows.select(pl.col(columns).cast(pl.Float64).fill_null(float("nan"))).to_numpy()


def _drift(train: npt.NDArray[np.float64], later: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return *drift(train, later), population_stability(train, later)
