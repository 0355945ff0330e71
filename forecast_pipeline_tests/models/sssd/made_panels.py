"""Rows with panels of three timeframes made by hand, and settings so small that a fit takes seconds."""

from __future__ import annotations

import dataclasses

import numpy as np

from forecast_pipeline.models.sssd.parameters import SSSDParameters
from forecast_pipeline.splits.native import NativeSource, NativeStatistics, NativeWindows
from forecast_pipeline.splits.native_panel import NativePanel
from forecast_pipeline_tests.models.made_rows import SLOT_US, START_US, made_rows

N_BARS = 3000
SMALL = SSSDParameters(
    window_bars=12,
    hidden_width=8,
    s4_state_dim=4,
    context_dim=16,
    horizon_dim=4,
    denoiser_width=32,
    denoiser_blocks=1,
    epochs=2,
    encoder_epochs=2,
    denoiser_learning_rate=1e-3,
    learning_rate=1e-3,
    sampling_steps=5,
    batch_size=128,
)


def panels(seed: int = 0) -> list[NativePanel]:
    """Random bars of 15 minutes, 1 and 4 hours; the first closes with the first decision of `made_rows`."""
    rng = np.random.default_rng(seed)
    made = []
    for minutes, n_columns in ((15, 3), (60, 4), (240, 2)):
        n_bars = N_BARS * 15 // minutes
        close_us = START_US + np.arange(n_bars) * minutes * 60_000_000
        values = rng.standard_normal((n_bars, n_columns)).astype(np.float32)
        made.append(NativePanel(minutes, close_us, values, tuple(f"column_{k}" for k in range(n_columns))))
    return made


def with_panels(rows, held, until_row: int):
    """Rows with windows of the panels, in the statistics of bars up to a row."""
    fold = NativeStatistics(NativeSource.of_panels(held), until_us=START_US + until_row * SLOT_US)
    return dataclasses.replace(rows, native=NativeWindows(fold, rows.issued_at_us))


def panel_segments(n_train: int = 600, n_validation: int = 200, n_test: int = 40, held=None, **options):
    """Train, validation and test rows of one world, with panels."""
    held = panels() if held is None else held
    starts = (0, n_train, n_train + n_validation)
    return tuple(
        with_panels(made_rows(n, seed=10 + k, first_row=start, **options), held, n_train - 1)
        for k, (n, start) in enumerate(zip((n_train, n_validation, n_test), starts, strict=True))
    )
