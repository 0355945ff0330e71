"""Permutation importance: what a fitted forecaster loses out of sample when one feature is put in random order."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.core.hashing import sha256_of_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]

MAX_FORECASTS = 20_000
"""Forecasts asked for in a fold: the more features, the fewer rows."""
_MOST_ROWS, _FEWEST_ROWS = 200, 20
_VALUES_AT_ONCE = 4_000_000

IMPORTANCE: dict[str, pl.DataType] = {
    "fold": pl.Int32(),
    "model": pl.String(),
    "column": pl.String(),
    "importance": pl.Float64(),
}
"""``importance`` is the out-of-sample R² of the scaled increments that is lost without the feature."""


def permutation_importance(
    forecaster: Forecaster, rows: Rows, columns: Sequence[str], fold: int, model: str
) -> pl.DataFrame:
    """Importance of every input of a fitted forecaster, on evenly spaced rows with known outcomes.

    The R² is of the mean forecast of increments over their expected deviation, against a forecast of zero, over all
    horizons. A feature is permuted among the rows and the others stay; features that say the same share their weight.
    About zero is no importance, and so is anything of a model without skill.

    Args:
        forecaster: Fitted.
        rows: Test rows of its fold.
        columns: Names of its inputs.
        fold: Number of the fold.
        model: Name of the family.

    Returns:
        In the schema `IMPORTANCE`; empty without two rows of known outcome.

    Source: L. Breiman, *Machine Learning* 45, 2001, section 10.
    """
    names = list(columns)
    known = np.flatnonzero(np.isfinite(rows.increments).all(axis=1))
    n_rows = min(max(MAX_FORECASTS // max(len(names), 1), _FEWEST_ROWS), _MOST_ROWS, known.size)
    if n_rows < 2 or not names:  # noqa: PLR2004 - one row has no other order
        return pl.DataFrame(schema=IMPORTANCE)
    asked = rows.take(known[np.linspace(0, known.size - 1, n_rows).astype(np.intp)])
    inputs, target = asked.inputs, asked.scaled_increments
    total = float(np.sum(np.square(target)))
    error = _error(forecaster.mean(asked) / asked.scale, target)
    rng = np.random.default_rng(int(sha256_of_value(["importance", model, fold])[:8], 16))
    order = rng.permutation(n_rows)
    lost: list[float] = []
    n_at_once = max(_VALUES_AT_ONCE // (n_rows * len(names)), 1)
    for first in range(0, len(names), n_at_once):
        changed = range(first, min(first + n_at_once, len(names)))
        stacked = np.tile(inputs, (len(changed), 1))
        for place, column in enumerate(changed):
            stacked[place * n_rows : (place + 1) * n_rows, column] = inputs[order, column]
        copies = asked.take(np.tile(np.arange(n_rows), len(changed)))
        forecast = forecaster.mean(dataclasses.replace(copies, standardised=stacked)) / copies.scale
        lost += [_error(part, target) - error for part in np.split(forecast, len(changed))]
    values: dict[str, Any] = {
        "fold": [fold] * len(names),
        "model": [model] * len(names),
        "column": names,
        "importance": np.asarray(lost) / total if total > 0.0 else np.zeros(len(names)),
    }
    return pl.DataFrame(values, schema=IMPORTANCE)


def rank_stability(importance: pl.DataFrame) -> float:
    """Mean Spearman correlation of the importances of neighbouring folds; NaN with one fold.

    Args:
        importance: Rows of one model.

    Example:
        >>> rows = {"fold": [0, 0, 1, 1], "column": list("abab"), "importance": [1.0, 2.0, 3.0, 4.0]}
        >>> round(rank_stability(pl.DataFrame(rows)), 9)
        1.0
    """
    wide = importance.pivot("fold", index="column", values="importance").drop("column").drop_nulls()
    ranks = [wide[name].rank().to_numpy() for name in sorted(wide.columns, key=int)]
    found = []
    for earlier, later in itertools.pairwise(ranks):
        if np.ptp(earlier) > 0.0 and np.ptp(later) > 0.0:
            found.append(float(np.corrcoef(earlier, later)[0, 1]))
    return float(np.mean(found)) if found else float("nan")


def _error(forecast: Floats, target: Floats) -> float:
    return float(np.sum(np.square(forecast - target)))
