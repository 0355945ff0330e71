"""Several series at once: each keeps the marginals of its own forecast, and they move together as they did."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory, TrainingFailed
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.forecasts.series.closes import read_closes
from forecast_pipeline.forecasts.series.coupling import shuffled, template_of
from forecast_pipeline.forecasts.series.defects import repeated_rows
from forecast_pipeline.forecasts.series.fit import (
    FALLBACK,
    family_seed,
    fit_forecaster,
    fit_past,
    fitted_of,
    is_pegged,
    settings_of,
)
from forecast_pipeline.forecasts.series.inputs import WARMUP_BARS
from forecast_pipeline.forecasts.series.past import labels_of, mended, rows_at
from forecast_pipeline.forecasts.series.pooling import pooled
from forecast_pipeline.forecasts.series.segments import horizon_grid, in_unit_of, segments_of
from forecast_pipeline.models.registry import family_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from forecast_pipeline.forecasts.series.fit import Settings
    from forecast_pipeline.forecasts.series.fitted import FittedSeries
    from forecast_pipeline.forecasts.series.past import Past
    from forecast_pipeline.forecasts.series.segments import Segments

    Floats = npt.NDArray[np.float64]

POOLED_FAMILIES = frozenset({"latent_diffusion", "sssd"})
"""Families with more weights than one daily series has rows."""
MAX_TEMPLATE_ROWS = 1000
"""Newest decisions whose order is taken: correlations drift."""
MIN_NEWEST_ROWS = 250
"""With fewer known outcomes in the past that is asked with, the order is that of the fit."""
MIN_TEMPLATE_ROWS = 30


@dataclass(frozen=True, slots=True)
class FittedPanel:
    """One family fitted to several series.

    Attributes:
        series: One fitted series a column.
        template: Shape ``(P, K, n)``, past outcomes whose ranks couple the draws where the past that is asked with is
            short.
        notes: What concerns all series.
    """

    series: tuple[FittedSeries, ...]
    template: Floats
    notes: tuple[str, ...] = ()

    @property
    def horizons(self) -> tuple[int, ...]:
        """Bars ahead, shape ``(K,)``."""
        return self.series[0].horizons

    def forecast(self, past: Any, horizon: int, n_samples: int, seed: int | None = None) -> Floats:  # noqa: ANN401
        """Joint paths of prices, shape ``(S, horizon, n)``; see `sample`.

        Args:
            past: Closes ``(t, n)``, oldest first, in the columns of the fit.
            horizon: Bars ahead; the fit must have every bar up to it in its grid.
            n_samples: Number of futures.
            seed: Another number gives other draws.

        Raises:
            InvalidConfiguration: If the grid of the fit does not hold every bar up to the horizon.
        """
        if self.horizons[:horizon] != tuple(range(1, horizon + 1)):
            raise InvalidConfiguration(
                f"horizon must be at most {len(self.horizons)} with every bar fitted",
                was=f"{horizon} with the grid {list(self.horizons)}",
                do="fit with horizons=range(1, horizon + 1)",
            )
        closes = _panel(past)
        log_returns = self.sample(closes, n_samples, seed)[:, :horizon]
        return np.asarray(closes[-1] * np.exp(log_returns))

    def sample(self, past: Any, n_samples: int = 1000, seed: int | None = None) -> Floats:  # noqa: ANN401
        """Joint cumulative log returns from the last row of ``past``, shape ``(S, K, n)``.

        Parameters stay as fitted; only the state follows. At each horizon a series has exactly the draws that its
        own `FittedSeries.sample` gives; over series and horizons they are ordered by past outcomes, see `coupling`.

        Raises:
            InvalidConfiguration: If ``past`` has another number of columns than the fit.
        """
        closes = _panel(past)
        if closes.shape[1] != len(self.series):
            raise InvalidConfiguration(f"closes must have {len(self.series)} columns", was=str(closes.shape[1]))
        pasts = pasts_of(closes, self.series[0].timeframe)
        marginal = np.stack(
            [
                each.sample_past(own, n_samples, None if seed is None else seed + 97 * number).log_returns
                for number, (each, own) in enumerate(zip(self.series, pasts, strict=True))
            ],
            axis=2,
        )
        start = [closes.shape[0], 0 if seed is None else 1 + seed]
        newest = newest_template(self.series, pasts)
        template = newest if newest.shape[0] >= MIN_NEWEST_ROWS else self.template
        return shuffled(marginal, template, family_seed(str(start)))

    def save(self, path: Path | str) -> None:
        """Write one file that `load_panel` reads."""
        from forecast_pipeline.forecasts.series.storage import save_panel

        save_panel(self, path)


def fit_panel(
    family: str,
    closes: Any,  # noqa: ANN401 - array, or frame of numbers
    *,
    horizons: Iterable[int],
    parameters: Settings = None,
    validation_fraction: float = 0.2,
    seed: int | None = None,
    timeframe: Timeframe | str = Timeframe.D1,
    is_pooled: bool | None = None,
) -> FittedPanel:
    """Fit a family to several series whose rows belong together.

    Rows that repeat the row before in all series are closed days: their returns are unknown, not zero. Pegged series
    are not pooled.

    Args:
        family: A name of the registry.
        closes: Shape ``(t, n)``, oldest first: an array, or a frame of either library with one column a series.
        horizons: Bars ahead, increasing.
        parameters: Settings of the family, by default its own.
        validation_fraction: Share of the labelled rows that calibrate.
        seed: Seed of the fit.
        timeframe: Length of a bar.
        is_pooled: Whether one forecaster learns from all series, each in units of its own deviation. By default
            those of `POOLED_FAMILIES`, while others get a forecaster a series.

    Raises:
        InvalidConfiguration: As `fit_series`.
        NotEnoughHistory: As `fit_series`.
        TrainingFailed: As `fit_series`.

    Example:
        >>> closes = np.exp(0.01 * np.random.default_rng(0).standard_normal((300, 2)).cumsum(axis=0))
        >>> panel = fit_panel("ewma_fhs", closes, horizons=range(1, 4))
        >>> panel.forecast(closes, horizon=3, n_samples=50, seed=1).shape
        (50, 3, 2)
    """
    grid, known, values = horizon_grid(horizons), family_named(family).name, _panel(closes)
    pasts = pasts_of(values, Timeframe.parse(str(timeframe)))
    segments = [segments_of(past, grid, validation_fraction) for past in pasts]
    n_closed = int(repeated_rows(values).sum())
    notes = (f"{n_closed} rows repeat the row before in all series and count as closed",) if n_closed else ()
    learns_together = known in POOLED_FAMILIES if is_pooled is None else is_pooled
    fit = _fit_pooled if learns_together else _fit_apart
    fitted = fit(known, pasts, segments, parameters, seed)
    template = newest_template(fitted, pasts)
    if template.shape[0] < MIN_TEMPLATE_ROWS:
        raise NotEnoughHistory(
            f"series must share {MIN_TEMPLATE_ROWS} decisions with known outcomes", was=str(template.shape[0])
        )
    return FittedPanel(fitted, template, notes)


def newest_template(series: Sequence[FittedSeries], pasts: Sequence[Past]) -> Floats:
    """How all series moved together after the newest decisions whose outcomes are known, shape ``(P, K, n)``.

    Example:
        >>> closes = np.exp(0.01 * np.random.default_rng(0).standard_normal((300, 2)).cumsum(axis=0))
        >>> panel = fit_panel("ewma", closes, horizons=range(1, 4))
        >>> newest_template(panel.series, pasts_of(closes, Timeframe.D1)).shape  # 66 of warm-up, 3 have no outcome
        (231, 3, 2)
    """
    n_bars = len(pasts[0])
    n_rows = max(min(MAX_TEMPLATE_ROWS + series[0].horizons[-1], n_bars - WARMUP_BARS), 1)
    positions = np.arange(n_bars - n_rows, n_bars, dtype=np.intp)
    decided = []
    for each, past in zip(series, pasts, strict=True):
        own = past.in_unit(each.unit)
        rows = rows_at(own, positions, each.scale, each.standardiser, each.horizons)
        outcomes = labels_of(own.newest(n_rows), each.horizons).log_returns
        decided.append(dataclasses.replace(rows, increments=np.diff(outcomes, axis=1, prepend=0.0)))
    return template_of(decided)


def pasts_of(closes: Floats, timeframe: Timeframe) -> list[Past]:
    """Each column read and mended, with the rows masked that repeat in all of them."""
    is_closed = repeated_rows(closes)
    return [mended(read_closes(column, timeframe), is_closed) for column in closes.T]


def _fit_apart(
    family: str, pasts: Sequence[Past], segments: Sequence[Segments], parameters: Settings, seed: int | None
) -> tuple[FittedSeries, ...]:
    seeds = [family_seed(family, number) if seed is None else seed + number for number in range(len(pasts))]
    return tuple(
        fit_past(family, past, cut, parameters, start) for past, cut, start in zip(pasts, segments, seeds, strict=True)
    )


def _fit_pooled(
    family: str, pasts: Sequence[Past], segments: Sequence[Segments], parameters: Settings, seed: int | None
) -> tuple[FittedSeries, ...]:
    """One forecaster from the series that are not pegged; those that are get the fallback, each its own."""
    chosen, start = settings_of(family, parameters), family_seed(family) if seed is None else seed
    pegged = [is_pegged(past, cut) for past, cut in zip(pasts, segments, strict=True)]
    if all(pegged):
        raise TrainingFailed(
            "at least one series must not be pegged", was=f"{len(pegged)} that are", do=f"fit {FALLBACK}"
        )
    scaled = [past.in_unit(float(np.sqrt(cut.scale.start))) for past, cut in zip(pasts, segments, strict=True)]
    cuts = [in_unit_of(past, cut) for past, cut in zip(scaled, segments, strict=True)]
    taken = [cut for cut, is_out in zip(cuts, pegged, strict=True) if not is_out]
    train, validation = pooled([cut.train for cut in taken]), pooled([cut.validation for cut in taken])
    forecaster = fit_forecaster(family, chosen, train, validation, start)
    told = [f"learned together with {len(taken) - 1} other series"]
    made = []
    for number, is_out in enumerate(pegged):
        if is_out:
            fallback = fit_past(FALLBACK, pasts[number], segments[number], None, family_seed(FALLBACK, number))
            note = f"pegged or rarely quoted: {FALLBACK} was fitted in place of {family}"
            made.append(dataclasses.replace(fallback, notes=(*fallback.notes, note)))
        else:
            made.append(fitted_of(family, forecaster, scaled[number], cuts[number], chosen, start, told))
    return tuple(made)


def _panel(closes: Any) -> Floats:  # noqa: ANN401 - array or frame
    values = np.asarray(closes.to_numpy() if hasattr(closes, "to_numpy") else closes)
    if values.ndim != 2 or values.shape[1] == 0 or not np.issubdtype(values.dtype, np.number):  # noqa: PLR2004 - (t, n)
        do = "leave out columns of dates; for one series use fit_series"
        raise InvalidConfiguration(
            "closes of a panel must be numbers of shape (t, n)", was=f"{values.dtype} of shape {values.shape}", do=do
        )
    return values.astype(np.float64)
