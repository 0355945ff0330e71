"""One step of many paths at once: what a family draws next, given each path's own past."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from forecast_pipeline.core.trading_clock import (
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    instants_of_trading_minutes,
    trading_minutes,
)
from forecast_pipeline.forecasts.scenarios.mean_panels import MeanPanels
from forecast_pipeline.models.paths import PathDraws, bridge_extremes

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import BarHistory, Rows
    from forecast_pipeline.splits.native import NativeWindows

    Floats = npt.NDArray[np.float64]

DAYS_PER_MONTH = 22
MIN_WINDOW_BARS = 1000
"""Bars of its own past that each path shows to a family: recursions have forgotten what lies before them."""
BURN_IN_AGGREGATES = 120
"""Aggregates before the window of a family that measures variance over the last dozen of them by itself."""
N_WEEKS = 20_000
"""Weeks among which paths are told apart to families whose draws are a function of the decision's instant."""


class Steps(Protocol):
    """Draws the next increments of all paths.

    Attributes:
        n_window: Bars of each path's past that the rows of a step must hold.
    """

    n_window: int

    def draw(self, rows: Rows, noise: np.random.Generator) -> PathDraws:
        """One path over the horizon grid for each row, shape ``(n, K)``."""
        ...

    def advance(self, returns: Floats, candles: Floats, close_us: npt.NDArray[np.int64]) -> None:
        """Take in one new bar of every path, see `BarHistory`."""
        ...


def steps_of(forecaster: Forecaster, history: BarHistory, start: npt.NDArray[np.int64], seed: int) -> Steps:
    """How a fitted family is stepped.

    Args:
        forecaster: Any family of the registry.
        history: Real bars.
        start: Shape ``(n,)``, bar at whose close each path begins.
        seed: Tells the paths of one request from those of another.
    """
    if hasattr(forecaster, "sample_each"):
        return ConditionedSteps(forecaster, history, start)
    return InstantSteps(forecaster, history, start.size, seed)


class InstantSteps:
    """Steps of a family that filters what it needs from past returns, and draws as the decision's instant says.

    Each row is asked at its own hour of the week, but some weeks later, another number of weeks for each path: so paths
    at the same instant draw different noise. Extremes inside a bar are those of a Brownian bridge with the ex-ante
    scale of the row.
    """

    def __init__(self, forecaster: Forecaster, history: BarHistory, n_paths: int, seed: int) -> None:
        self.forecaster = forecaster
        month = DAYS_PER_MONTH * max(MINUTES_PER_DAY // history.slot_minutes, 1)
        self.n_window = max(month, history.horizons[-1], MIN_WINDOW_BARS)
        weeks = np.random.default_rng(seed).choice(N_WEEKS, n_paths, replace=n_paths > N_WEEKS)
        self._later = (1 + weeks) * MINUTES_PER_WEEK

    def draw(self, rows: Rows, noise: np.random.Generator) -> PathDraws:
        """Increments as the family draws them, with extremes of a bridge."""
        issued_at_us = instants_of_trading_minutes(trading_minutes(rows.issued_at_us) + self._later)
        increments = self.forecaster.sample(dataclasses.replace(rows, issued_at_us=issued_at_us), 1)[0]
        return PathDraws(increments, *bridge_extremes(increments, rows.scale, noise))

    def advance(self, returns: Floats, candles: Floats, close_us: npt.NDArray[np.int64]) -> None:
        """Nothing is kept: the past is read from the rows."""


class ConditionedSteps:
    """Steps of a neural family: all paths in one batch, variance states and patches moved on bar by bar."""

    def __init__(self, forecaster: Any, history: BarHistory, start: npt.NDArray[np.int64]) -> None:  # noqa: ANN401
        from forecast_pipeline.models.neural.rolling_conditions import RollingConditioner

        self.n_window = _window_bars(forecaster)
        self.conditioner = RollingConditioner(forecaster.conditioner, history, start, self.n_window)
        self.forecaster = copy.copy(forecaster)  # the artifact keeps its own conditioner
        self.forecaster.conditioner = self.conditioner
        self._has_strays = forecaster.targets.n_channels > 1

    def draw(self, rows: Rows, noise: np.random.Generator) -> PathDraws:
        """Increments and extremes as the family draws them; of a bridge if it was trained on closes only."""
        panels = cast("NativeWindows", MeanPanels(rows.issued_at_us, {}))
        drawn = self.forecaster.sample_each(dataclasses.replace(rows, native=panels), noise).of_draw(0)
        if self._has_strays:
            return cast("PathDraws", drawn)
        return PathDraws(drawn.increments, *bridge_extremes(drawn.increments, rows.scale, noise))

    def advance(self, returns: Floats, candles: Floats, close_us: npt.NDArray[np.int64]) -> None:
        """Move states and patches on."""
        self.conditioner.advance(returns, candles, close_us)


def _window_bars(forecaster: Any) -> int:  # noqa: ANN401 - a neural family
    """Bars that a family cuts windows from: a patch, or aggregates whose own variance starts somewhere before them."""
    settings = forecaster.parameters
    if hasattr(settings, "patch_len"):
        return int(settings.patch_len)
    longest = max(getattr(forecaster, "scales", ()) or (1,))
    return int(longest * (settings.window_bars + BURN_IN_AGGREGATES))
