"""Rows of a random walk with candles, and settings so small that a fit takes two seconds."""

from __future__ import annotations

import numpy as np

from forecast_pipeline.models.latent_diffusion.forecaster import LatentDiffusion
from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline_tests.models.neural.worlds import brownian_bars, extremes_of, open_hours, rows_of

SMALL = LatentDiffusionParameters(
    patch_len=8,
    n_down=2,
    z_dim=6,
    hidden_channels=8,
    context_dim=16,
    denoiser_width=32,
    denoiser_blocks=1,
    epochs=2,
    refit_epochs=1,
    batch_size=64,
    sampling_steps=4,
    learning_rate=2e-3,
    denoiser_learning_rate=1e-3,
)
N_BARS = 700
SPLIT = (80, 400, 412, 560, 572, 640)
"""First and one past the last decision of training, validation and test."""


def candle_rows(first, stop, *, seed=3, n_ticks=40, n_bars=N_BARS, garbage_after=None, has_candles=True):
    """Decisions at hourly bars with highs, lows and two indicators.

    Args:
        first: First decision.
        stop: One past the last.
        seed: Of the world.
        n_ticks: Ticks of a bar.
        n_bars: Bars of the world.
        garbage_after: Bar after which returns, candles and indicators are noise of another world.
        has_candles: Whether bars carry highs and lows.
    """
    returns, candles, highs, lows = brownian_bars(n_bars, seed, n_ticks)
    inputs = np.random.default_rng(seed + 1).standard_normal((n_bars, 2))
    bar = np.arange(first, stop)
    extremes = extremes_of(returns, highs, lows, bar) if has_candles else None
    if garbage_after is not None:
        rng = np.random.default_rng(seed + 2)
        returns, candles, inputs = (each.copy() for each in (returns, candles, inputs))
        for each in (returns, candles, inputs):
            each[garbage_after + 1 :] = rng.standard_normal(each[garbage_after + 1 :].shape)
    return rows_of(
        returns,
        first,
        stop,
        inputs=inputs,
        close_us=open_hours(n_bars),
        candles=candles if has_candles else None,
        extremes=extremes,
    )


def segments(**options):
    """Training, validation and test rows of one world."""
    return tuple(
        candle_rows(first, stop, **options).labelled() for first, stop in zip(SPLIT[::2], SPLIT[1::2], strict=True)
    )


def fitted(train, validation, *, seed=7, run_folder=None, previous=None, kind=LatentDiffusion, **settings):
    """A forecaster, fitted with small settings."""
    forecaster = kind.from_parameters(SMALL.model_copy(update=settings), seed)
    forecaster.run_folder = run_folder
    if previous is not None:
        forecaster.start_from(previous)
    forecaster.fit(train, validation)
    return forecaster


def reloaded(forecaster):
    """What storage gives back."""
    return LatentDiffusion.from_state(load_state(dump_state(forecaster.state()), "test"))
