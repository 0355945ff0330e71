"""The walk: every path draws its next bars, takes them into its own past, and draws again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory, TrainingFailed
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.forecasts.scenarios.steps import steps_of
from forecast_pipeline.models.paths import PathDraws, bridge_extremes, bridge_pieces
from forecast_pipeline.splits.arrays import BarHistory, Rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.forecasts.scenarios.steps import Steps
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.target_scale import TargetScale

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

MIN_PAST_BARS = 100


@dataclass(frozen=True, slots=True)
class ScenarioPaths:
    """Simulated bars of ``n`` paths, ``N`` bars each.

    Attributes:
        start: Shape ``(n,)``, real bar at whose close each path begins.
        close_us: Shape ``(n, N)``, closes of the bars on the trading clock, in UTC microseconds.
        returns: Shape ``(n, N)``, log return of each bar from the close before.
        highest: Shape ``(n, N)``, highest log price of a bar relative to the close before, at least 0 and the return.
        lowest: Shape ``(n, N)``, lowest log price, likewise.
    """

    start: npt.NDArray[np.int64]
    close_us: Instants
    returns: Floats
    highest: Floats
    lowest: Floats


class Generator(NamedTuple):
    """What rolls paths forward: a fitted family and the variance model that its inputs are measured with.

    Attributes:
        forecaster: The fitted family.
        scale: Variance model of its training bars.
        n_inputs: Indicators that it reads.
    """

    forecaster: Forecaster
    scale: TargetScale
    n_inputs: int


def walk(
    generator: Generator, history: BarHistory, start: npt.NDArray[np.int64], n_bars: int, *, seed: int
) -> ScenarioPaths:
    """Roll paths forward from real bars.

    A step draws the first increment of the horizon grid given the path's own past; the bar that it makes moves the
    variance states and the trading clock on. So volatility clusters and follows the hours, weekends are skipped, and
    a bar's place in the week is that of a real one. An increment of several bars is cut into bars by a Brownian bridge
    with the clock's variance, and their extremes are those of bridges.

    Indicators of simulated bars are not computed: they stand at their training mean, which is 0 in standardised units,
    and say nothing. The paths are therefore those of the family *without* its indicators: an unconditional generator.

    Args:
        generator: Fitted.
        history: All real bars, with the horizon grid of the model (`splits.build.rows_of`).
        start: Shape ``(n,)``, bars of the history.
        n_bars: Bars of each path ``N``.
        seed: The same seed gives the same paths.

    Raises:
        InvalidConfiguration: If there are no paths or bars.
        NotEnoughHistory: If a path has less than `MIN_PAST_BARS` bars before it.
        TrainingFailed: If a draw is not finite.
    """
    if n_bars < 1 or start.size < 1:
        raise InvalidConfiguration("paths and bars must be at least 1", was=f"{start.size} and {n_bars}")
    if int(start.min()) + 1 < MIN_PAST_BARS:
        found = str(int(start.min()) + 1)
        raise NotEnoughHistory(f"a path must begin after {MIN_PAST_BARS} bars", was=found, do="ingest more history")
    noise = np.random.default_rng(seed)
    tracks = _Tracks(generator, history, start, n_bars, steps_of(generator.forecaster, history, start, seed))
    step_bars = history.horizons[0]
    for bar in range(0, n_bars, step_bars):
        drawn = tracks.draw(bar, noise)
        if not all(np.isfinite(each).all() for each in drawn):
            raise TrainingFailed(f"draws at bar {bar} must be finite", was="not", do="train the model again")
        for k, each in enumerate(tracks.bars_of(drawn, bar, noise)):
            if bar + k < n_bars:
                tracks.append(bar + k, each)
    return tracks.paths()


class _Tracks:
    """Bars of all paths, the real ones before the start among them, and the ex-ante variance after each."""

    def __init__(
        self, generator: Generator, history: BarHistory, start: npt.NDArray[np.int64], n_bars: int, steps: Steps
    ) -> None:
        self.steps, self.generator, self.start = steps, generator, start
        self.horizons, self.slot_minutes = history.horizons, history.slot_minutes
        self.profile = history.profile
        self.n_window, self.n_bars, self.n_paths = steps.n_window, n_bars, start.size
        scale, close_us = generator.scale, cast("Instants", history.close_us)
        clock = trading_minutes(close_us[start])[:, None] + history.slot_minutes * np.arange(1, n_bars + 1)
        ahead_us = instants_of_trading_minutes(clock.ravel()).reshape(clock.shape)
        places = start[:, None] + np.arange(1 - self.n_window, 1)
        self.close_us = np.concatenate([close_us[np.maximum(places, 0)], ahead_us], axis=1)
        unknown = np.full((start.size, n_bars), np.nan)
        past = np.where(places >= 0, history.returns[np.maximum(places, 0)], np.nan)
        self.returns = np.concatenate([past, unknown], axis=1)
        self.candles = np.concatenate([_shapes(history, places), np.repeat(unknown[..., None], 3, axis=2)], axis=1)
        # A return is divided by the root of its hour's share of the variance; what divides 1 is known in advance.
        self.factor = scale.deseasonalised(ahead_us.ravel(), np.ones(ahead_us.size)).reshape(ahead_us.shape)
        issued_us = self.close_us[:, self.n_window - 1 : -1]
        slots = scale.expected_slots(issued_us.ravel(), self.horizons)
        self.n_slots = slots.reshape(start.size, n_bars, -1)
        self.variance = scale.smoothed(history.returns)[start]
        self.made = np.empty((3, start.size, n_bars))

    def draw(self, bar: int, noise: np.random.Generator) -> PathDraws:
        """First increments after the bar before ``bar``, shape ``(n,)``."""
        kept = slice(bar, bar + self.n_window)
        n_slots = self.n_slots[:, bar]
        floored = np.maximum(self.variance, self.generator.scale.floor)
        history = BarHistory(
            self.returns[:, kept].reshape(-1),
            (np.arange(self.n_paths) + 1) * self.n_window - 1,
            n_slots,
            self.horizons,
            self.slot_minutes,
            candles=self.candles[:, kept].reshape(-1, 3),
            close_us=self.close_us[:, kept].reshape(-1),
            profile=self.profile,
        )
        rows = Rows(
            standardised=np.zeros((self.n_paths, self.generator.n_inputs)),
            increments=np.full(n_slots.shape, np.nan),
            scale=np.sqrt(floored[:, None] * n_slots),
            issued_at_us=self.close_us[:, bar + self.n_window - 1],
            history=history,
        )
        self.scale_now = rows.scale[:, 0]
        return PathDraws(*(each[:, 0] for each in self.steps.draw(rows, noise)))

    def bars_of(self, drawn: PathDraws, bar: int, noise: np.random.Generator) -> list[PathDraws]:
        """Bars that increments consist of, each of shape ``(n,)``."""
        n_step = self.horizons[0]
        if n_step == 1:
            return [drawn]
        share = np.square(1.0 / self.factor[:, bar : bar + n_step])
        share = np.pad(share, [(0, 0), (0, n_step - share.shape[1])], mode="edge")  # bars after the last one
        share /= share.sum(axis=1, keepdims=True)
        pieces = bridge_pieces(drawn.increments, self.scale_now, share, noise)
        sides = bridge_extremes(pieces, self.scale_now[:, None] * np.sqrt(share), noise)
        return [PathDraws(pieces[:, k], sides[0][:, k], sides[1][:, k]) for k in range(n_step)]

    def append(self, bar: int, drawn: PathDraws) -> None:
        """Take one bar into the past of each path; it opens at the close before."""
        factor, place, decay = self.factor[:, bar], bar + self.n_window, self.generator.scale.decay
        increments, highest, lowest = drawn
        shape = np.column_stack([-increments, highest - increments, lowest - increments]) * factor[:, None]
        self.made[:, :, bar] = increments, highest, lowest
        self.returns[:, place], self.candles[:, place] = increments * factor, shape
        self.variance = decay * self.variance + (1.0 - decay) * np.square(self.returns[:, place])
        self.steps.advance(self.returns[:, place], shape, self.close_us[:, place])

    def paths(self) -> ScenarioPaths:
        """What was made."""
        return ScenarioPaths(self.start, self.close_us[:, self.n_window :], *self.made)


def _shapes(history: BarHistory, places: npt.NDArray[np.int64]) -> Floats:
    """Candle shapes of past bars, shape ``(n, W, 3)``; straight from close to close where there are closes only."""
    at = np.maximum(places, 0)
    if history.candles is None:
        returns = history.returns[at]
        shapes = np.stack([-returns, np.maximum(-returns, 0.0), np.minimum(-returns, 0.0)], axis=-1)
    else:
        shapes = history.candles[at]
    return np.where(places[..., None] >= 0, shapes, np.nan)
