"""Fit one family of the registry to one series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import InvalidConfiguration, TrainingFailed
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.forecasts.series.closes import read_closes
from forecast_pipeline.forecasts.series.defects import MAX_UNCHANGED_FRACTION, unchanged_fraction
from forecast_pipeline.forecasts.series.fitted import FittedSeries
from forecast_pipeline.forecasts.series.past import mended
from forecast_pipeline.forecasts.series.segments import horizon_grid, segments_of
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.threads import one_blas_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.forecasts.series.past import Past
    from forecast_pipeline.forecasts.series.segments import Segments
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.arrays import Rows

    Settings = Configuration | Mapping[str, Any] | None

FALLBACK = "ewma"
"""What a pegged series is given: its likelihood has no optimum that a model of variances could use."""
CANNOT_TAKE_PEGS = frozenset({"ewma_fhs", "garch_t", "har"})


def fit_series(
    family: str,
    closes: Any,  # noqa: ANN401 - what `read_closes` takes
    *,
    horizons: Iterable[int],
    parameters: Settings = None,
    validation_fraction: float = 0.2,
    seed: int | None = None,
    timeframe: Timeframe | str | None = None,
) -> FittedSeries:
    """Fit a family of the registry to closes, a series or a candle frame.

    Spikes that the next bar takes back are repaired, and a series with more than a fifth of unchanged closes gets
    `FALLBACK` in place of a model of variances; ``notes`` of the result tell of both.

    Args:
        family: A name of the registry, such as ``garch_t`` or ``latent_diffusion``.
        closes: What `closes.read_closes` takes, oldest first.
        horizons: Bars ahead, increasing; any grid.
        parameters: Settings of the family, by default its own.
        validation_fraction: Share of the rows with known outcomes, the last ones, that calibrate.
        seed: Seed of the fit; by default one that belongs to the family.
        timeframe: Length of a bar, where it cannot be told from times.

    Raises:
        InvalidConfiguration: If the family, a setting, the horizons or the closes are not as they must be.
        NotEnoughHistory: If there are too few closes; the message says how many are needed.
        TrainingFailed: If the family cannot be fitted to these rows.

    Example:
        >>> closes = 1.1 * np.exp(0.005 * np.random.default_rng(0).standard_normal(400).cumsum())
        >>> fitted = fit_series("ewma", closes, horizons=range(1, 6))
        >>> fitted.sample(closes, n_samples=100).prices.shape
        (100, 5)
    """
    past = mended(read_closes(closes, timeframe))
    return fit_past(family, past, segments_of(past, horizon_grid(horizons), validation_fraction), parameters, seed)


def fit_past(family: str, past: Past, segments: Segments, parameters: Settings, seed: int | None) -> FittedSeries:
    """Fit a family to a series that was read, mended and cut; see `fit_series`."""
    known = family_named(family).name
    chosen, start = settings_of(known, parameters), family_seed(known) if seed is None else seed
    notes: list[str] = []
    used = known
    if known in CANNOT_TAKE_PEGS and is_pegged(past, segments):
        used, chosen = FALLBACK, settings_of(FALLBACK, None)
        notes.append(f"pegged or rarely quoted: {FALLBACK} was fitted in place of {known}")
    forecaster = fit_forecaster(used, chosen, segments.train, segments.validation, start)
    return fitted_of(used, forecaster, past, segments, chosen, start, notes)


def fitted_of(
    family: str,
    forecaster: Forecaster,
    past: Past,
    segments: Segments,
    parameters: Configuration,
    seed: int,
    notes: Iterable[str] = (),
) -> FittedSeries:
    """A fitted forecaster with what it needs to be asked again."""
    own = getattr(forecaster, "note", "")
    return FittedSeries(
        family=family,
        forecaster=forecaster,
        standardiser=segments.standardiser,
        scale=segments.scale,
        horizons=segments.horizons,
        timeframe=past.bars.timeframe,
        unit=past.unit,
        parameters=parameters.model_dump(mode="json"),
        seed=seed,
        notes=(*past.bars.notes, *notes_of(past), *notes, *([own] if own else [])),
    )


def fit_forecaster(family: str, parameters: Configuration, train: Rows, validation: Rows, seed: int) -> Forecaster:
    """A forecaster fitted to the rows.

    Raises:
        TrainingFailed: If it cannot be.
    """
    forecaster = family_named(family).forecaster_class().from_parameters(parameters, seed)
    try:
        with one_blas_thread():
            forecaster.fit(train, validation)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise TrainingFailed(f"{family} must fit the series", was=str(error).splitlines()[0]) from error
    return forecaster


def settings_of(family: str, parameters: Settings) -> Configuration:
    """Settings of a family from what was given.

    Raises:
        InvalidConfiguration: If they are those of another family, or one is unknown.

    Example:
        >>> settings_of("ridge", {"alpha": 0.5}).alpha
        0.5
    """
    wanted = family_named(family).parameters_class()
    if parameters is None:
        return wanted()
    if isinstance(parameters, Configuration):
        if not isinstance(parameters, wanted):
            raise InvalidConfiguration(f"settings must be {wanted.__name__}", was=type(parameters).__name__)
        return parameters
    return wanted.parse(dict(parameters))


def family_seed(family: str, number: int = 0) -> int:
    """Seed of a fit where none is given, the same everywhere."""
    return int(sha256_of_value(["series", family, number])[:8], 16)


def is_pegged(past: Past, segments: Segments) -> bool:
    """Whether too many closes of the training bars equal the one before."""
    return unchanged_fraction(past.returns[: segments.n_train_bars]) > MAX_UNCHANGED_FRACTION


def notes_of(past: Past) -> list[str]:
    """What was mended, for people."""
    rows = np.flatnonzero(past.is_spike).tolist()
    return [f"spikes that revert were repaired at rows {', '.join(map(str, rows))}"] if rows else []
