"""A fitted series: its parameters are fixed, and the state follows the closes it is asked with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory, TrainingFailed
from forecast_pipeline.core.trading_clock import MINUTES_PER_WEEK, instants_of_trading_minutes, trading_minutes
from forecast_pipeline.forecasts.series.closes import read_closes
from forecast_pipeline.forecasts.series.draws import SeriesDraws
from forecast_pipeline.forecasts.series.past import mended, rows_at
from forecast_pipeline.models.forecaster import cumulative

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.forecasts.series.past import Past
    from forecast_pipeline.models.forecaster import Forecaster
    from forecast_pipeline.splits.standardise import Standardiser
    from forecast_pipeline.splits.target_scale import TargetScale

    Floats = npt.NDArray[np.float64]

MIN_BARS = 2
_N_SEED_WEEKS = 3001
"""Seeds are told apart modulo this prime."""
_WEEKS_PER_SEED = 1009


@dataclass(frozen=True, slots=True)
class FittedSeries:
    """One family fitted to one series.

    Attributes:
        family: Name of the family that was asked for.
        forecaster: The fitted forecaster.
        standardiser: Statistics of the training rows.
        scale: Variance model of the training bars.
        horizons: Bars ahead, shape ``(K,)``.
        timeframe: Length of a bar.
        unit: Unit of log returns; 1 where the series has a forecaster of its own.
        parameters: Settings of the family, as plain values.
        seed: Seed of the fit.
        notes: What a reader should know: defects that were mended, fallbacks that were taken.
    """

    family: str
    forecaster: Forecaster
    standardiser: Standardiser
    scale: TargetScale
    horizons: tuple[int, ...]
    timeframe: Timeframe
    unit: float
    parameters: dict[str, Any]
    seed: int
    notes: tuple[str, ...] = ()

    def sample(self, closes: Any, n_samples: int = 1000, seed: int | None = None) -> SeriesDraws:  # noqa: ANN401
        """Joint futures after the last of ``closes``.

        A pure function of its arguments: the same closes and seed give the same draws. No parameter is fitted again;
        only what the recursions make of the closes, the volatility of today, follows them. The last close is taken
        as it is, even if it looks like a spike, because its reversal is not known.

        Args:
            closes: As for `fit_series`: the closes of the fit, longer ones, or later ones. A year of them is enough
                for the slowest recursion.
            n_samples: Number of futures.
            seed: Another number gives other draws; None those of the fit.

        Raises:
            InvalidConfiguration: If closes are not as `fit_series` takes them, or there are no samples to draw.
            NotEnoughHistory: If there are fewer than two closes.
        """
        return self.sample_past(mended(read_closes(closes, self.timeframe)), n_samples, seed)

    def sample_past(self, past: Past, n_samples: int, seed: int | None = None) -> SeriesDraws:
        """Joint futures after the last bar of a series that was read and mended; see `sample`."""
        if n_samples < 1:
            raise InvalidConfiguration("n_samples must be at least 1", was=str(n_samples))
        if len(past) < MIN_BARS:
            raise NotEnoughHistory(f"at least {MIN_BARS} closes must be known", was=str(len(past)))
        newest = np.array([len(past) - 1], dtype=np.intp)
        rows = rows_at(past.in_unit(self.unit), newest, self.scale, self.standardiser, self.horizons)
        if seed is not None:
            rows = dataclasses.replace(rows, issued_at_us=reseeded(rows.issued_at_us, seed))
        log_returns = self.unit * cumulative(self.forecaster.sample(rows, n_samples))[:, 0]
        if not np.isfinite(log_returns).all():
            raise TrainingFailed(f"draws of {self.family} must be finite", was="not", do="report it")
        return SeriesDraws(np.asarray(log_returns, dtype=np.float64), past.last_close, self.horizons)

    def save(self, path: Path | str) -> None:
        """Write one file that `load_series` reads: arrays and plain values, no code."""
        from forecast_pipeline.forecasts.series.storage import save_series

        save_series(self, path)


def reseeded(issued_at_us: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Instants as many weeks later as the seed says, at the same hour of the trading week.

    The registry's forecasters draw as the decision instant says, so that a forecast does not depend on its batch;
    another instant at which nothing else differs is how a seed is told to them.

    Example:
        >>> monday = np.array([631_749_600_000_000 + 3_600_000_000])
        >>> ((reseeded(monday, 0) - monday) / (7 * 86_400_000_000)).tolist()
        [1.0]
    """
    weeks = 1 + seed * _WEEKS_PER_SEED % _N_SEED_WEEKS
    return instants_of_trading_minutes(trading_minutes(issued_at_us) + weeks * MINUTES_PER_WEEK)
