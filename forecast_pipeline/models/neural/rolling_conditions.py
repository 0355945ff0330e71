"""Conditions of many paths at once that are moved on bar by bar, in time that does not grow with the history."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import numpy as np

from forecast_pipeline.models.neural.conditioning import Conditioner
from forecast_pipeline.splits.arrays import BarHistory

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.neural.conditioning import Conditions
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]
    Singles = npt.NDArray[np.float32]


class RollingConditioner(Conditioner):
    """A fitted conditioner that keeps the variance states and the last bars of ``n`` paths.

    It gives the decisions at the newest bar of all paths what the fitted one would measure on each path's own history,
    the real bars and then the rolled ones: but in one step for each new bar. Put it in the place of the forecaster's
    `Conditioner`; decisions are rows of all paths in order, whose history holds `n_window` bars of each path.

    Args:
        fitted: What was learned in training.
        history: Real bars.
        start: Shape ``(n,)``, bar of the history at which each path begins.
        n_window: Bars of each path that are kept.
    """

    def __init__(self, fitted: Conditioner, history: BarHistory, start: npt.NDArray[np.int64], n_window: int) -> None:
        super().__init__(fitted.variance, fitted.mean, fitted.std, has_clock=fitted.has_clock)
        self.n_window = n_window
        self._slot_minutes = history.slot_minutes
        decay = 1.0 - 1.0 / np.array(self.variance.memories)
        self._decay: Floats = decay[:, None]
        self._means: Floats = self.variance.means(history)[:, :, start].astype(np.float64)  # (kinds, memories, n)
        places = start[:, None] + np.arange(1 - n_window, 1)
        self._channels: Singles = fitted.bar_channels(history)[np.maximum(places, 0)]  # (n, W, C)
        self._channels[places < 0] = 0.0

    @property
    def _now(self) -> Singles:
        return self.variance.states_of(self._means.astype(np.float32))

    def advance(self, returns: Floats, candles: Floats | None, close_us: npt.NDArray[np.int64]) -> None:
        """Take in one new bar of every path.

        Args:
            returns: Shape ``(n,)``, like `BarHistory.returns`.
            candles: Shape ``(n, 3)``, like `BarHistory.candles`.
            close_us: Shape ``(n,)``, closes of the bars.
        """
        before = self._now
        measured = self.variance.measurements(self._bars(returns, candles, close_us))[:, None]  # (kinds, 1, n)
        moved = self._decay * self._means + (1.0 - self._decay) * measured
        self._means = np.where(np.isfinite(measured), moved, self._means)
        # Channels of a bar are in units of the volatility before it: each is measured as the second of two bars.
        shapes = None if candles is None else np.repeat(candles, 2, axis=0)
        pairs = self._bars(np.repeat(returns, 2), shapes, np.repeat(close_us, 2))
        self._measured = (pairs, np.stack([before, self._now], axis=1).reshape(2 * len(before), -1))
        newest = self._bar_channels(pairs)[1::2]
        self._channels = np.concatenate([self._channels[:, 1:], newest[:, None]], axis=1)

    def conditions(self, rows: Rows) -> Conditions:
        """Inputs of the decisions at the newest bars of all paths."""
        history = cast("BarHistory", rows.history)
        self._measured = (history, self._now)
        newest = dataclasses.replace(history, bar=np.arange(self._channels.shape[0]))
        return super().conditions(dataclasses.replace(rows, history=newest))

    def bar_channels(self, history: BarHistory) -> Singles:
        """Channels of the kept bars of all paths, one path after the other, shape ``(n W, C)``."""
        del history
        return self._channels.reshape(-1, self._channels.shape[2])

    def _bars(self, returns: Floats, candles: Floats | None, close_us: npt.NDArray[np.int64]) -> BarHistory:
        profile = np.ones(1)  # returns have been divided by it
        nowhere = np.zeros(0, np.int64)
        return BarHistory(returns, nowhere, np.zeros((0, 0)), (), self._slot_minutes, candles, close_us, profile)
