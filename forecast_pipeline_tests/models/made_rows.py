"""Rows of a fold made by hand: known signal, known scale, known innovations."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.tabular.parameters import ForestParameters
from forecast_pipeline.splits.arrays import BarHistory, Rows
from forecast_pipeline.verification.small_settings import small_parameters

if TYPE_CHECKING:
    from forecast_pipeline.models.forecaster import Forecaster

SLOT_US = 15 * 60_000_000
START_US = 1_700_000_000_000_000
SMALL_FOREST = ForestParameters(n_estimators=20)


def made_rows(
    n_rows: int,
    n_inputs: int = 5,
    n_horizons: int = 3,
    *,
    seed: int = 0,
    first_row: int = 0,
    ic: float = 0.1,
    degrees_of_freedom: float | None = None,
) -> Rows:
    """Rows whose increments follow the first input with correlation ``ic``, in units of a scale that varies."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n_rows, n_inputs))
    shape = (n_rows, n_horizons)
    noise = rng.standard_normal(shape)
    if degrees_of_freedom is not None:
        noise = rng.standard_t(degrees_of_freedom, shape) * np.sqrt(1 - 2 / degrees_of_freedom)
    signal = inputs[:, :1] if n_inputs else np.zeros((n_rows, 1))
    scaled = ic * signal + np.sqrt(1 - ic**2) * noise
    scale = 1e-4 * np.exp(0.5 * rng.standard_normal((n_rows, 1))) * np.sqrt(np.arange(1, n_horizons + 1))
    issued_at_us = START_US + (first_row + np.arange(n_rows)) * SLOT_US
    return Rows(inputs, scaled * scale, scale, issued_at_us, made_history(first_row, n_rows, n_horizons))


def made_history(first_row: int, n_rows: int, n_horizons: int) -> BarHistory:
    """Past returns of one world, the same whatever rows are asked for: GARCH(1,1)-t with persistence 0.95."""
    rng = np.random.default_rng(99)
    shocks, returns, variance = rng.standard_t(6.0, first_row + n_rows) * np.sqrt(4 / 6), [], 1e-8
    for shock in shocks:
        returns.append(np.sqrt(variance) * shock)
        variance = 5e-10 + 0.1 * returns[-1] ** 2 + 0.85 * variance
    horizons = tuple(np.cumsum(np.arange(1, n_horizons + 1)).tolist())
    n_slots = np.tile(np.arange(1.0, n_horizons + 1), (n_rows, 1))
    return BarHistory(np.array(returns), first_row + np.arange(n_rows), n_slots, horizons, slot_minutes=15)


def in_units(rows: Rows, factor: float) -> Rows:
    """The same rows with all returns multiplied."""
    history = dataclasses.replace(rows.history, returns=factor * rows.history.returns)
    scaled = {"increments": factor * rows.increments, "scale": factor * rows.scale}
    return dataclasses.replace(rows, **scaled, history=history)


def segments(n_train: int = 600, n_validation: int = 200, n_test: int = 100, **options) -> tuple[Rows, Rows, Rows]:
    """Train, validation and test rows of one world, in order."""
    starts = (0, n_train, n_train + n_validation)
    return tuple(
        made_rows(n, seed=10 + k, first_row=start, **options)
        for k, (n, start) in enumerate(zip((n_train, n_validation, n_test), starts, strict=True))
    )


def unfitted(name: str, seed: int = 7, **settings) -> Forecaster:
    """A forecaster with its default settings, but few trees and small networks."""
    family = family_named(name)
    parameters = SMALL_FOREST if family.name == "forest" else family.parameters_class()()
    if family.is_neural:
        parameters = small_parameters(family.name)
    return family.forecaster_class().from_parameters(parameters.model_copy(update=settings), seed)


def fitted(name: str, train: Rows, validation: Rows, seed: int = 7, **settings) -> Forecaster:
    """The forecaster, fitted."""
    forecaster = unfitted(name, seed, **settings)
    forecaster.fit(train, validation)
    return forecaster
