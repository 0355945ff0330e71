"""Simulated markets whose predictive law is known, as rows of a fold; and draws of an oracle that knows the law."""

from __future__ import annotations

import numpy as np

from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.scores.crps import crps_from_draws
from forecast_pipeline.splits.arrays import BarHistory, Rows

HORIZONS = (1, 3, 6, 12)
WIDTHS = np.diff([0, *HORIZONS])
SLOT_MINUTES = 60
FIRST_US = int(np.datetime64("2023-01-02T00:00", "us").astype(np.int64))
UNIT = 1e-4
"""Deviation of a bar."""
DEGREES = 6.0
OMEGA, ALPHA, BETA = 0.02, 0.08, 0.90
STAY, DEVIATIONS = np.array([0.995, 0.98]), np.array([0.6, 2.0])


def rows_of(
    returns, first, stop, *, inputs=None, close_us=None, profile=None, candles=None, extremes=None, horizons=HORIZONS
):
    """Decisions at the closes of the bars ``first`` to ``stop - 1``; increments that end after the last bar are NaN.

    Args:
        returns: Shape ``(T,)``.
        first: Bar of the first decision.
        stop: One past the bar of the last.
        inputs: Shape ``(T, p)``, known at each close.
        close_us: Shape ``(T,)``; where given the history carries it, with a flat profile unless one is given.
        profile: Hourly profile.
        candles: Shape ``(T, 3)``, log open, high and low over the close.
        extremes: Shape ``(B, K, 2)``.
        horizons: Ends of the increments in bars.
    """
    n, bar = returns.size, np.arange(first, stop)
    known = np.concatenate([[0.0], np.cumsum(returns), np.full(max(horizons), np.nan)])
    outcomes = np.stack([known[bar + 1 + h] - known[bar + 1] for h in horizons], axis=1)
    n_slots = np.tile(np.diff([0.0, *horizons]), (bar.size, 1))
    issued = FIRST_US + np.arange(1, n + 1) * SLOT_MINUTES * 60_000_000 if close_us is None else close_us
    history = BarHistory(
        returns[:stop],
        bar,
        n_slots,
        tuple(horizons),
        SLOT_MINUTES,
        candles=None if candles is None else candles[:stop],
        close_us=None if close_us is None else close_us[:stop],
        profile=np.ones(1) if close_us is not None and profile is None else profile,
    )
    scale = returns[:stop].std() * np.sqrt(n_slots)
    indicators = np.zeros((bar.size, 0)) if inputs is None else inputs[bar]
    increments = np.diff(outcomes, axis=1, prepend=0.0)
    return Rows(indicators, increments, scale, issued[bar], history, extremes=extremes)


def cut_into(returns, *stops, first=200, gap=HORIZONS[-1], **options):
    """Segments of labelled rows that end before each stop, with a gap between them so that no label is shared."""
    made = []
    for stop in stops:
        made.append(rows_of(returns, first, stop - gap, **options).labelled())
        first = stop
    return made


def student(rng, *shape):
    """Student t of `DEGREES` and unit variance."""
    return rng.standard_t(DEGREES, shape) * np.sqrt((DEGREES - 2.0) / DEGREES)


def garch_t(n, seed):
    """GARCH(1,1)-t returns, shape ``(n,)``, and the variance of the bar after each, in units of `UNIT` squared."""
    shocks = student(np.random.default_rng(seed), n)
    returns, after = np.empty(n), np.empty(n)
    variance = OMEGA / (1.0 - ALPHA - BETA)
    for t in range(n):
        returns[t] = np.sqrt(variance) * shocks[t]
        variance = OMEGA + ALPHA * returns[t] ** 2 + BETA * variance
        after[t] = variance
    return UNIT * returns, after


def garch_oracle(after, bar, n_draws, seed=5):
    """Increments drawn from the true law given the past, shape ``(S, B, K)``."""
    rng = np.random.default_rng(seed)
    variance, steps = np.tile(after[bar], (n_draws, 1)), []
    for _ in range(HORIZONS[-1]):
        step = np.sqrt(variance) * student(rng, n_draws, bar.size)
        variance = OMEGA + ALPHA * step**2 + BETA * variance
        steps.append(UNIT * step)
    return summed(steps)


def regimes(n, seed):
    """Returns of two regimes, shape ``(n,)``, and the probability that the bar after each is calm (Hamilton 1989)."""
    rng = np.random.default_rng(seed)
    returns, calm_after, state, calm = np.empty(n), np.empty(n), 0, 0.8
    for t in range(n):
        state = state if rng.random() < STAY[state] else 1 - state
        returns[t] = DEVIATIONS[state] * rng.standard_normal()
        likelihood = np.exp(-0.5 * (returns[t] / DEVIATIONS) ** 2) / DEVIATIONS
        calm = calm * likelihood[0] / (calm * likelihood[0] + (1.0 - calm) * likelihood[1])
        calm = STAY[0] * calm + (1.0 - STAY[1]) * (1.0 - calm)
        calm_after[t] = calm
    return UNIT * returns, calm_after


def regimes_oracle(calm_after, bar, n_draws, seed=5):
    """Increments drawn from the true law given the past, shape ``(S, B, K)``."""
    rng = np.random.default_rng(seed)
    state = (rng.random((n_draws, bar.size)) > calm_after[bar]).astype(int)
    steps = []
    for _ in range(HORIZONS[-1]):
        steps.append(UNIT * DEVIATIONS[state] * rng.standard_normal(state.shape))
        state = np.where(rng.random(state.shape) < STAY[state], state, 1 - state)
    return summed(steps)


def summed(steps):
    """Increments of the horizon grid from single bars."""
    ends = np.cumsum(np.stack(steps), axis=0)[np.array(HORIZONS) - 1]
    return np.moveaxis(np.diff(ends, axis=0, prepend=0.0), 0, -1)


def brownian_bars(n, seed, n_ticks=240, deviation=UNIT):
    """Bars of a random walk of ticks: returns ``(n,)``, candles ``(n, 3)``, log highs and lows over the first open."""
    ticks = deviation / np.sqrt(n_ticks) * np.random.default_rng(seed).standard_normal((n, n_ticks))
    path = np.cumsum(ticks, axis=1)
    returns = path[:, -1]
    high, low = np.maximum(path.max(axis=1), 0.0), np.minimum(path.min(axis=1), 0.0)
    candles = np.stack([-returns, high - returns, low - returns], axis=1)
    start = np.cumsum(returns) - returns
    return returns, candles, start + high, start + low


def extremes_of(returns, highs, lows, bar, horizons=HORIZONS):
    """Highest and lowest log price inside each increment over its start, shape ``(B, K, 2)``."""
    close = np.cumsum(returns)
    made = np.full((bar.size, len(horizons), 2), np.nan)
    for row, t in enumerate(bar):
        for k, (begin, end) in enumerate(zip((0, *horizons), horizons, strict=False)):
            if t + end < returns.size:
                start = close[t + begin]
                made[row, k, 0] = max(highs[t + begin + 1 : t + end + 1].max() - start, 0.0)
                made[row, k, 1] = min(lows[t + begin + 1 : t + end + 1].min() - start, 0.0)
    return made


def open_hours(n):
    """Closes of ``n`` consecutive open hours, weekends left out, in UTC microseconds."""
    first = trading_minutes(np.array([FIRST_US]))[0]
    return instants_of_trading_minutes(first + SLOT_MINUTES * np.arange(1, n + 1))


def crps(draws, outcomes):
    """Mean fair CRPS of each horizon, shape ``(K,)``, of draws and outcomes of cumulative returns."""
    return np.array([crps_from_draws(draws[..., k], outcomes[:, k]).mean() for k in range(outcomes.shape[1])])
