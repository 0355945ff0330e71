"""Heterogeneous autoregression of realised variance: what the last day, week and month say of the slots ahead."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, OPEN_DAYS_PER_WEEK
from forecast_pipeline.models.baselines.driftless import Driftless, history_of, training_returns
from forecast_pipeline.models.innovation import InnovationPool
from forecast_pipeline.models.variance_mixture import fit_coefficients

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import BarHistory, Rows

    Floats = npt.NDArray[np.float64]

LOGGER = logging.getLogger(__name__)
DAYS_PER_MONTH = 22
MIN_BARS = 100
# Quoted prices move in ticks: a month of unchanged prices still has a variance.
VARIANCE_FLOOR_FRACTION = 1e-3


class Har(Driftless):
    """HAR of Corsi 2009 in levels, on deseasonalised returns, with resampled innovations.

    The variance of an increment, per slot of average variance, is regressed on means of squared returns over as many
    bars as the longest horizon has, a day, a week and a month, and on the training mean. Weights are the squared
    mean of the regressors, inverted: the noise of a realised variance grows with its level (Patton and Sheppard
    2015). Coefficients are not negative, so that no forecast is.

    Where there are fewer than `MIN_BARS` bars to regress on, all regressors count alike, and `note` says so.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.coefficients = np.zeros((0, 0))
        self.level = 0.0
        self._measured: tuple[Floats | None, Floats] = (None, np.zeros((0, 0)))

    def fit(self, train: Rows, validation: Rows) -> None:
        """Regress on the bars of the training rows; standardise the increments of all rows given."""
        returns, history = training_returns(train), history_of(train)
        squared = np.square(returns[np.isfinite(returns)])
        self.level = float(squared.mean()) if squared.size else 0.0
        first, stop = int(history.bar.min()), int(history.bar.max()) + 1
        n_bars = stop - first - history.horizons[-1]
        n_regressors = 1 + len(windows(history))
        if n_bars < MIN_BARS or self.level == 0.0:
            self.note = f"HAR was not fitted ({max(n_bars, 0)} bars, {MIN_BARS} are needed); all means count alike"
            LOGGER.warning(self.note)
            self.coefficients = np.full((n_regressors, len(history.horizons)), 1.0 / n_regressors)
        else:
            regressors = self._regressors(history)[first : first + n_bars]
            self.coefficients = fit_coefficients(regressors, future_means(returns, history.horizons)[:n_bars])
        scaled = [rows.increments / self.deviation(rows) for rows in (train, validation) if len(rows)]
        self.pool = InnovationPool.from_residuals(np.concatenate(scaled), self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Past rows in units of their deviation times the present one, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples) * self.deviation(rows)

    def deviation(self, rows: Rows) -> Floats:
        """Standard deviation of each increment, shape ``(B, K)``."""
        history = history_of(rows)
        slot_variance = self._regressors(history)[history.bar] @ self.coefficients
        floor = VARIANCE_FLOOR_FRACTION * self.level if self.level > 0.0 else np.finfo(float).tiny
        return np.asarray(np.sqrt(np.maximum(slot_variance, floor) * history.n_slots))

    def state(self) -> dict[str, object]:
        """Pool, seed, note, coefficients and training mean."""
        return {**super().state(), "coefficients": self.coefficients, "level": self.level}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted baseline."""
        made = super().from_state(state)
        made.coefficients = cast("Floats", state["coefficients"])
        made.level = cast("float", state["level"])
        return made

    def _regressors(self, history: BarHistory) -> Floats:
        """Training mean and means of squared returns known at each bar, shape ``(T, 1 + windows)``.

        Those of the last history are kept, as they are asked for block by block.
        """
        returns, measured = self._measured
        if returns is not history.returns:
            squared = np.square(history.returns)
            means = [trailing_mean(squared, n_bars, self.level) for n_bars in windows(history)]
            measured = np.column_stack([np.full(squared.size, self.level), *means])
            self._measured = (history.returns, measured)
        return measured


def windows(history: BarHistory) -> list[int]:
    """Bars of the longest horizon, a day, a week and a month, without repetition, shortest first."""
    day = max(MINUTES_PER_DAY // history.slot_minutes, 1)
    return sorted({history.horizons[-1], day, OPEN_DAYS_PER_WEEK * day, DAYS_PER_MONTH * day})


def trailing_mean(values: Floats, n_bars: int, default: float) -> Floats:
    """Mean of the known ones of the last ``n_bars`` values at each bar, of fewer at the start; ``default`` if none.

    Example:
        >>> trailing_mean(np.array([np.nan, 1.0, 3.0, np.inf, 5.0]), 2, 9.0).tolist()
        [9.0, 1.0, 2.0, 3.0, 5.0]
    """
    known = np.isfinite(values)
    total, count = np.cumsum(np.where(known, values, 0.0)), np.cumsum(known).astype(np.float64)
    if n_bars < values.size:
        total[n_bars:] -= total[:-n_bars].copy()
        count[n_bars:] -= count[:-n_bars].copy()
    # A difference of sums may round below zero.
    return np.where(count > 0, np.maximum(total, 0.0) / np.maximum(count, 1.0), default)


def future_means(returns: Floats, horizons: tuple[int, ...]) -> Floats:
    """Mean of the squared returns over the slots of each increment, shape ``(T, K)``; NaN where not all are known.

    Example:
        >>> future_means(np.array([0.0, 1.0, 2.0, 4.0]), (1, 3))[:2].tolist()
        [[1.0, 10.0], [4.0, nan]]
    """
    known = np.isfinite(returns)
    squared = np.where(known, np.square(returns), 0.0)
    total, n_known = (np.concatenate([[0.0], np.cumsum(each)]) for each in (squared, known))
    made = np.full((returns.size, len(horizons)), np.nan)
    for k, (begin, end) in enumerate(itertools.pairwise((0, *horizons))):
        stop = max(returns.size - end, 0)
        last, first = slice(1 + end, 1 + end + stop), slice(1 + begin, 1 + begin + stop)
        is_whole = n_known[last] - n_known[first] == end - begin
        made[:stop, k] = np.where(is_whole, np.maximum(total[last] - total[first], 0.0) / (end - begin), np.nan)
    return made
