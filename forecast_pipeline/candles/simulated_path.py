"""The hidden path of a simulated market: volatility, drift and log mid, minute by minute.

Every week draws from its own random stream, keyed by seed, symbol and week number,
and every recursion runs forward only. A world of more weeks therefore begins with
exactly the prices of a shorter one: appending history never rewrites it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.signal import lfilter

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import (
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    Instants,
    instants_of_trading_minutes,
    shifted_clock,
    trading_minutes,
)

if TYPE_CHECKING:
    from forecast_pipeline.candles.simulated_world import SimulatedWorld

# Standard deviation of one-minute returns by hour of the FX day from 17:00 New York, relative: rounded from
# EURUSD 2018, with the first hours lowered because bid prices there mostly mirror the spread.
_HOURLY_ACTIVITY = (
    *(0.50, 0.60, 0.75, 0.95, 0.90, 0.80, 0.70, 0.75),  # New York evening, Tokyo
    *(1.00, 1.50, 1.70, 1.50, 1.35, 1.30, 1.50),  # Frankfurt and London
    *(1.95, 1.80, 1.80, 1.50, 1.25, 1.15, 1.20, 0.95, 0.75),  # London with New York, then New York alone
)
# Log volatility is a sum of three autoregressions, the cheapest approximation of long memory (Corsi 2009):
# half-lives of five minutes, four hours and five trading days, and their standard deviations.
_HALF_LIVES_MINUTES = (5.0, 240.0, 7200.0)
_LOG_VOLATILITY_STDS = (0.30, 0.25, 0.25)

MINUTES_PER_HOUR = 60
_SUBSTEPS = 4
_OPENING_SHARE = 1 / 40  # of a minute's variance falls between the last quote of one minute and the next open
_SHARES = np.array([_OPENING_SHARE, *[(1 - _OPENING_SHARE) / _SUBSTEPS] * _SUBSTEPS])

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HiddenPath:
    """What the simulator knows about each open minute; the truth an oracle may use.

    All arrays have the shape ``(T,)`` and run oldest first over every scheduled
    minute, those that will get no candle included.

    Attributes:
        ts_us: Open instant, microseconds since 1970 in UTC.
        volatility: Standard deviation of the minute's log return, given the past and
            the hidden volatility; without the gap over a closure.
        activity: Relative volatility that the time of day explains, mean square 1.
        drift: Mean of the minute's log return, given the past and the hidden volatility; 0
            without a signal.
        log_open: Logarithm of the mid price before rounding, and so on for the others.
        log_high: The supremum of the path in continuous time.
        log_low: The infimum of the path in continuous time.
        log_close: The last value.
        volume_noise: Standard normal, independent of the rest.
        spread_noise: Standard normal, independent of the rest.
        coverage_noise: Uniform on [0, 1), independent of the rest.
    """

    ts_us: Instants
    volatility: Floats
    activity: Floats
    drift: Floats
    log_open: Floats
    log_high: Floats
    log_low: Floats
    log_close: Floats
    volume_noise: Floats
    spread_noise: Floats
    coverage_noise: Floats


@dataclass(frozen=True, slots=True)
class _Draws:
    substeps: Floats  # (T, 1 + substeps) normal
    extremes: Floats  # (T, substeps, 2) exponential
    log_volatility: Floats  # (T, components) normal
    others: Floats  # (T, 3) normal: gap over a closure, volume, spread
    tails: Floats  # (T,) chi square
    coverage: Floats  # (T,) uniform


def hidden_path(world: SimulatedWorld) -> HiddenPath:
    """Simulate the log mid of every scheduled minute of a world.

    A Student-t minute is a Gaussian minute of random variance, so the path inside
    it is Brownian: highs and lows are the extremes of Brownian bridges over four
    pieces, each drawn from its exact law (maximum and minimum of one piece
    independently), and Parkinson's range estimator agrees with open-to-close
    volatility.

    Args:
        world: The settings; the same settings give the same arrays.

    Returns:
        The path, shape ``(T,)`` each, T a multiple of 1440 (whole FX days).
    """
    ts_us, is_scheduled = _scheduled_minutes(world)
    draws = _draws(world, is_scheduled)
    activity = np.ones(ts_us.size) if world.iid else _daily_activity(ts_us)
    volatility = world.minute_volatility * activity
    scale = volatility
    if not world.iid:
        volatility = volatility * np.exp(_log_volatility(world, draws.log_volatility))
        # Variance mixing with an inverse chi square makes a Gaussian a Student t; here of unit variance.
        scale = volatility * np.sqrt((world.tail_degrees_of_freedom - 2) / draws.tails)

    moves = draws.substeps * scale[:, None] * np.sqrt(_SHARES)  # (T, 1 + substeps)
    drift = _momentum_drift(moves.sum(axis=1), volatility, world.drift_signal)
    noise_share = 1 - world.drift_signal
    moves = np.sqrt(noise_share) * moves + drift[:, None] * _SHARES
    moves[:, 0] += _closure_gaps(world, ts_us) * draws.others[:, 0]

    log_mid = np.log(world.initial_price) + np.cumsum(moves.ravel()).reshape(moves.shape)
    # Extremes of a Brownian bridge of variance v from 0 to r are (r ± sqrt(r² + 2 v E)) / 2 with E exponential:
    # Glasserman 2003, section 6.4.
    step = moves[:, 1:]
    variance = noise_share * scale[:, None] ** 2 * _SHARES[1:]
    reach = np.sqrt(step[..., None] ** 2 + 2 * variance[..., None] * draws.extremes)  # (T, substeps, 2)
    return HiddenPath(
        ts_us=ts_us,
        volatility=volatility * np.sqrt(noise_share),
        activity=activity,
        drift=drift,
        log_open=log_mid[:, 0],
        log_high=(log_mid[:, :-1] + (step + reach[..., 0]) / 2).max(axis=1),
        log_low=(log_mid[:, :-1] + (step - reach[..., 1]) / 2).min(axis=1),
        log_close=log_mid[:, -1],
        volume_noise=draws.others[:, 1],
        spread_noise=draws.others[:, 2],
        coverage_noise=draws.coverage,
    )


def _scheduled_minutes(world: SimulatedWorld) -> tuple[Instants, npt.NDArray[np.bool_]]:
    sunday = world.start + timedelta(days=(6 - world.start.weekday()) % 7)
    # Noon of the Monday is inside the week wherever the clocks stand.
    monday = datetime.combine(sunday + timedelta(days=1), time(12), UTC)
    first_week = trading_minutes(np.array([int(monday.timestamp()) * 1_000_000]))[0] // MINUTES_PER_WEEK
    minutes = first_week * MINUTES_PER_WEEK + np.arange(world.n_weeks * MINUTES_PER_WEEK)
    # A week opens on the trading minute on which the last one closed; the end of a minute is unambiguous.
    ts_us = instants_of_trading_minutes(minutes + 1) - MICROSECONDS_PER_MINUTE
    is_scheduled = np.ones(ts_us.size, np.bool_)
    if world.has_holidays:
        day = pl.Series(shifted_clock(ts_us)).cast(pl.Datetime("us")).dt
        is_holiday = ((day.month() == 12) & (day.day() == 25)) | ((day.month() == 1) & (day.day() == 1))  # noqa: PLR2004 - dates
        is_scheduled = ~is_holiday.to_numpy()
    return ts_us[is_scheduled], is_scheduled


def _draws(world: SimulatedWorld, is_scheduled: npt.NDArray[np.bool_]) -> _Draws:
    weeks = []
    for week in range(world.n_weeks):
        rng = _random_stream(world, 1 + week)
        n = MINUTES_PER_WEEK
        weeks.append(
            (
                rng.standard_normal((n, 1 + _SUBSTEPS)),
                rng.standard_exponential((n, _SUBSTEPS, 2)),
                rng.standard_normal((n, len(_HALF_LIVES_MINUTES))),
                rng.standard_normal((n, 3)),
                rng.chisquare(world.tail_degrees_of_freedom, n),
                rng.random(n),
            )
        )
    return _Draws(*(np.concatenate(draws)[is_scheduled] for draws in zip(*weeks, strict=True)))


def _random_stream(world: SimulatedWorld, number: int) -> np.random.Generator:
    sequence = np.random.SeedSequence([world.seed, *world.symbol.encode()], spawn_key=(number,))
    return np.random.Generator(np.random.PCG64(sequence))


def _daily_activity(ts_us: Instants) -> Floats:
    """Relative volatility by time of the FX day, shape ``(T,)``, of mean square 1 over a day."""
    midpoints = (np.arange(MINUTES_PER_DAY) + 0.5) / MINUTES_PER_HOUR
    by_minute = np.interp(midpoints, np.arange(24) + 0.5, _HOURLY_ACTIVITY, period=24)
    return np.asarray((by_minute / np.sqrt(np.mean(by_minute**2)))[trading_minutes(ts_us) % MINUTES_PER_DAY])


def _log_volatility(world: SimulatedWorld, noise: Floats) -> Floats:
    start = _random_stream(world, 0).standard_normal(len(_HALF_LIVES_MINUTES))
    total = np.zeros(len(noise))
    for column, (half_life, std) in enumerate(zip(_HALF_LIVES_MINUTES, _LOG_VOLATILITY_STDS, strict=True)):
        decay = 0.5 ** (1 / half_life)
        shocks = std * np.sqrt(1 - decay**2) * noise[:, column]
        total += lfilter([1.0], [1.0, -decay], shocks, zi=[decay * std * start[column]])[0]
    # E exp(2 h) = exp(2 var h) for a Gaussian h of mean zero; taking off var h keeps the variance level.
    return np.asarray(total - sum(std**2 for std in _LOG_VOLATILITY_STDS))


def _momentum_drift(innovations: Floats, volatility: Floats, drift_signal: float) -> Floats:
    if drift_signal == 0:
        return np.zeros(len(innovations))
    variance = (volatility**2).reshape(-1, MINUTES_PER_HOUR)  # FX days are whole hours
    hour_volatility = np.sqrt(variance.sum(axis=1))
    standardised = innovations.reshape(-1, MINUTES_PER_HOUR).sum(axis=1) / hour_volatility
    slope = np.sqrt(drift_signal)
    momentum = lfilter([np.sqrt(1 - drift_signal)], [1.0, -slope], standardised)
    known = slope * np.concatenate([[0.0], momentum[:-1]])
    return np.asarray((known / hour_volatility)[:, None] * variance).ravel()


def _closure_gaps(world: SimulatedWorld, ts_us: Instants) -> Floats:
    is_reopening = np.diff(ts_us, prepend=ts_us[0]) > MICROSECONDS_PER_MINUTE
    hours = 0.0 if world.iid else world.closure_gap_hours
    return np.where(is_reopening, world.minute_volatility * math.sqrt(hours * MINUTES_PER_HOUR), 0.0)
