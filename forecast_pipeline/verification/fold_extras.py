"""What a fold learns besides its family: calibration, thresholds, and parts that no shipped family has yet.

Early stopping, ensemble weights and the hourly table are small references: they are here so that a leak in such a
part is known to be caught before the first family brings one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.backtests.regimes.label import fit_grid
from forecast_pipeline.core.trading_clock import trading_minutes
from forecast_pipeline.models.conformal.layer import calibrate
from forecast_pipeline.models.conformal.state import ConformalParameters, ConformalState

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.backtests.regimes.grid import Grid
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import Rows
    from forecast_pipeline.verification.fold_pipeline import FoldState

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.intp]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
N_DRAWS = 100
N_STEPS = 60
_STEP = 0.02
_HOURS_PER_WEEK = 120
_PRIOR_ROWS = 5.0
_CALIBRATION = ConformalParameters(n_scores=60, n_scores_at_least=20)


def stopping_step(train: Rows, validation: Rows) -> int:
    """Gradient steps of a linear model with the smallest error on the rows given as validation."""
    inputs, targets = train.inputs, train.scaled_increments
    wanted, seen = validation.scaled_increments, validation.inputs
    weights = np.zeros((inputs.shape[1], targets.shape[1]))
    errors = []
    for _ in range(N_STEPS):
        weights += _STEP * inputs.T @ (targets - inputs @ weights) / len(train)
        errors.append(float(np.mean(np.square(wanted - seen @ weights))))
    return int(np.argmin(errors))


def ensemble_weights(forecaster: Forecaster, rows: Rows) -> Floats:
    """Weights of a family and of a forecast of zero, by their squared errors on the rows, shape ``(2,)``."""
    errors = [np.mean(np.square((rows.increments - mean) / rows.scale)) for mean in (forecaster.mean(rows), 0.0)]
    inverse = 1.0 / np.asarray(errors)
    return np.asarray(inverse / inverse.sum())


def hourly_table(parts: Sequence[Rows]) -> Floats:
    """Mean square of the shortest increment by hour of the trading week, thin hours drawn to the mean."""
    squared = np.square(np.concatenate([part.increments[:, 0] for part in parts]))
    issued_us = np.concatenate([part.issued_at_us for part in parts])
    cell = trading_minutes(issued_us) // 60 % _HOURS_PER_WEEK
    total, count = (np.bincount(cell, weights=w, minlength=_HOURS_PER_WEEK) for w in (squared, None))
    return np.asarray((total + _PRIOR_ROWS * squared.mean()) / (count + _PRIOR_ROWS))


def calibration(
    state: FoldState, rows: Positions | None = None, label_end_us: npt.NDArray[np.int64] | None = None
) -> dict[str, Any]:
    """What the conformal layer has learned by the last decision before the test block, since validation began.

    Decisions of the gap are among them: their labels have not ended, so an honest layer has
    learned nothing from them. What waits for its label is left out.

    Args:
        state: The fold.
        rows: Decisions in order of time; from the first validation row to the last before the test block if None.
        label_end_us: When each of them may be learned from; the real ends if None.
    """
    known = state.segments
    first, last = int(known.validation.min()), int(known.test.min())
    positions = np.arange(first, last) if rows is None else rows
    ends = state.targets.label_end_us[positions, 0] if label_end_us is None else label_end_us
    longest_ends = state.targets.label_end_us[positions, -1] if label_end_us is None else label_end_us
    asked = state.rows.take(positions)
    raw = np.quantile(np.cumsum(state.forecaster.sample(asked, N_DRAWS), axis=2), LEVELS, axis=0)  # (Q B K)
    learned: dict[str, Any] = {}
    for k, label_ends in ((0, ends), (asked.increments.shape[1] - 1, longest_ends)):
        done = calibrate(
            ConformalState.start(LEVELS, 1, parameters=_CALIBRATION),
            asked.issued_at_us,
            label_ends,
            np.ascontiguousarray(raw[:, :, k].T),
            np.sqrt(np.square(asked.scale[:, : k + 1]).sum(axis=1)),
            asked.outcomes[:, k],
        )
        learned |= {f"alpha {k}": done.state.alpha, f"window {k}": done.state.window, f"n {k}": done.state.n_matured}
        learned |= {f"issued {k}": done.quantiles, f"volatility {k}": done.state.weights}
    return learned


def regime_thresholds(state: FoldState, rows: slice | None = None) -> Grid:
    """Terciles of volatility and trend over the training rows, or over others."""
    train = slice(int(state.segments.train.min()), int(state.segments.train.max()) + 1)
    return fit_grid(state.frame["bar_return"].to_numpy(), rows or train, state.source.timeframe)
