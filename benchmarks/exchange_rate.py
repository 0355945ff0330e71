"""Forecasts of the daily `exchange_rate` panel over rolling windows of 30 steps, every family by one metric.

The data are an argument: a Parquet file with a column a series, oldest row first. Parameters are fitted once, on the
rows before the first window; later rows only move the state. The development windows are the fifty that end at row
6070, the last of the training rows::

    python benchmarks/exchange_rate.py --data exchange_rate_train.parquet --models ewma,garch_t,har

wQL of a set of levels is the mean over them of ``2 sum |(y - q)(1{y <= q} - level)| / sum |y|``, summed over series,
steps and windows; wQL9 has the levels 0.1 to 0.9, wQL19 0.05 to 0.95. ND is ``sum |y - median| / sum |y|``. CRPS is
the fair one of the draws over the mean of ``|y|``; CRPS-sum the wQL9 of the sum over the series, which needs draws
that belong together. Standard errors are over windows; differences are paired with the reference.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl

from forecast_pipeline.forecasts.series import fit_panel
from forecast_pipeline.forecasts.series.defects import spikes, without_spikes
from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.scores.crps import crps_from_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

LEVELS9 = tuple(round(0.1 * k, 1) for k in range(1, 10))
LEVELS19 = tuple(round(0.05 * k, 2) for k in range(1, 20))
N_STEPS = 30
NOMINAL_COVERAGE = 0.9


class Forecast(Protocol):
    """What is measured: closes (t, n) and a seed to prices (S, 30, n)."""

    def __call__(self, past: Floats, n_samples: int, seed: int) -> Floats:
        """Draws."""
        ...


@dataclass(frozen=True)
class Scores:
    """Sums of one window, from which pooled metrics and their errors over windows are made.

    Attributes:
        pinball9: Mean over the nine levels of ``2 sum |...|``.
        pinball19: The same of nineteen.
        absolute_error: Of the median.
        crps: Sum of the fair CRPS.
        total: Sum of ``|y|``.
        covered: Share of outcomes inside the central 90 % interval.
        sum_pinball9: `pinball9` of the sum over the series.
        sum_pinball19: `pinball19` of the sum over the series.
        sum_total: Sum of ``|sum y|``.
    """

    pinball9: float
    pinball19: float
    absolute_error: float
    crps: float
    total: float
    covered: float
    sum_pinball9: float
    sum_pinball19: float
    sum_total: float


def quantile_loss(draws: Floats, outcome: Floats, levels: Sequence[float]) -> float:
    """Mean over levels of ``2 sum |(y - q)(1{y <= q} - level)|``.

    Args:
        draws: Shape ``(S, ...)``.
        outcome: Shape ``(...)``.
        levels: Quantile levels.

    Example:
        >>> round(quantile_loss(np.zeros((3, 2)), np.array([1.0, -2.0]), [0.1]), 12)
        3.8
    """
    quantiles = np.quantile(draws, levels, axis=0)
    weight = (outcome <= quantiles) - np.asarray(levels).reshape(-1, *[1] * outcome.ndim)
    return float(2.0 * np.abs((outcome - quantiles) * weight).sum() / len(levels))


def scores_of(draws: Floats, outcome: Floats) -> Scores:
    """Sums of one window.

    Args:
        draws: Shape ``(S, H, n)``, prices.
        outcome: Shape ``(H, n)``.
    """
    tail = 0.5 * (1.0 - NOMINAL_COVERAGE)
    lower, median, upper = np.quantile(draws, [tail, 0.5, 1.0 - tail], axis=0)
    together, outcome_sum = draws.sum(axis=2), outcome.sum(axis=1)
    return Scores(
        pinball9=quantile_loss(draws, outcome, LEVELS9),
        pinball19=quantile_loss(draws, outcome, LEVELS19),
        absolute_error=float(np.abs(outcome - median).sum()),
        crps=float(crps_from_draws(draws.reshape(draws.shape[0], -1), outcome.ravel()).sum()),
        total=float(np.abs(outcome).sum()),
        covered=float(np.mean((lower <= outcome) & (outcome <= upper))),
        sum_pinball9=quantile_loss(together, outcome_sum, LEVELS9),
        sum_pinball19=quantile_loss(together, outcome_sum, LEVELS19),
        sum_total=float(np.abs(outcome_sum).sum()),
    )


def pooled_ratio(numerator: Sequence[float], total: Sequence[float]) -> tuple[float, float]:
    """Ratio of sums and its standard error over windows, which are independent but for volatility.

    Example:
        >>> pooled_ratio([1.0, 3.0], [10.0, 10.0])
        (0.2, 0.1)
    """
    upper, lower = np.asarray(numerator), np.asarray(total)
    ratio = float(upper.sum() / lower.sum())
    residual = (upper - ratio * lower) / lower.mean()
    error = float(np.std(residual, ddof=1) / math.sqrt(residual.size)) if residual.size > 1 else math.nan
    return ratio, error


def paired(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Relative difference of two sums over the same windows, negative if ours is smaller, and its t value.

    Example:
        >>> difference, t = paired([1.0, 1.0, 2.0], [2.0, 1.0, 3.0])
        >>> round(difference, 4), round(t, 3)
        (-0.3333, -2.0)
    """
    difference = np.asarray(ours) - np.asarray(theirs)
    spread = float(np.std(difference, ddof=1)) if difference.size > 1 else 0.0
    t_value = float(difference.mean() / (spread / math.sqrt(difference.size))) if spread > 0.0 else math.nan
    return float(difference.sum() / np.sum(theirs)), t_value


def window_starts(n_rows: int, end: int, n_windows: int, step: int) -> list[int]:
    """First rows of the windows, oldest first; the last window ends at row ``end``.

    Example:
        >>> window_starts(6071, 6070, 2, 30)
        [6011, 6041]
    """
    if not 0 <= end < n_rows:
        raise SystemExit(f"--end must be a row of the data (0 to {n_rows - 1}), was {end}")
    return [end + 1 - N_STEPS - step * k for k in reversed(range(n_windows))]


# Plain numpy references, independent of the package but for the repair of spikes.
WARMUP_ROWS = 250
MAX_RESIDUAL = 10.0
MIN_DEVIATION = 1e-5


def last_value(past: Floats, n_samples: int, seed: int) -> Floats:
    """A point mass at the last price."""
    del seed
    return np.broadcast_to(past[-1], (n_samples, N_STEPS, past.shape[1]))


def gaussian_walk(n_rows: int) -> Forecast:
    """Random walk whose joint normal steps have the covariance of the last ``n_rows`` returns about zero."""

    def forecast(past: Floats, n_samples: int, seed: int) -> Floats:
        returns = np.diff(np.log(past), axis=0)[-n_rows:]
        centred = returns - returns.mean(axis=0)
        return _walk(
            past,
            np.random.default_rng(seed).multivariate_normal(
                np.zeros(past.shape[1]), centred.T @ centred / len(centred), (n_samples, N_STEPS)
            ),
        )

    return forecast


def bootstrap_walk(n_rows: int) -> Forecast:
    """Random walk with rows drawn from the last ``n_rows`` returns, centred."""

    def forecast(past: Floats, n_samples: int, seed: int) -> Floats:
        returns = np.diff(np.log(past), axis=0)[-n_rows:]
        return _walk(past, _resampled(returns, n_samples, seed))

    return forecast


def ewma(decay: float, *, is_gaussian: bool, repairs: bool) -> Forecast:
    """Exponentially weighted variance with joint normal steps, or with rows of past standardised residuals.

    Residuals are cut at `MAX_RESIDUAL` deviations: a currency that leaves its peg has one of thousands.
    """

    def forecast(past: Floats, n_samples: int, seed: int) -> Floats:
        closes = np.column_stack([without_spikes(c, spikes(c)) for c in past.T]) if repairs else past
        returns = np.diff(np.log(closes), axis=0)
        variance = np.empty((len(returns) + 1, returns.shape[1]))
        variance[0] = np.mean(np.square(returns[:WARMUP_ROWS]), axis=0)
        for t, row in enumerate(returns):
            variance[t + 1] = decay * variance[t] + (1.0 - decay) * row**2
        deviation = np.maximum(np.sqrt(variance), MIN_DEVIATION)
        residuals = np.clip((returns / deviation[:-1])[WARMUP_ROWS:], -MAX_RESIDUAL, MAX_RESIDUAL)
        if is_gaussian:
            correlation = np.corrcoef(residuals, rowvar=False)
            shocks = np.random.default_rng(seed).multivariate_normal(
                np.zeros(len(correlation)), correlation, (n_samples, N_STEPS)
            )
        else:
            shocks = _resampled(residuals, n_samples, seed)
        return _walk(past, shocks * deviation[-1])

    return forecast


def _resampled(rows: Floats, n_samples: int, seed: int) -> Floats:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred[np.random.default_rng(seed).integers(len(rows), size=(n_samples, N_STEPS))])


def _walk(past: Floats, steps: Floats) -> Floats:
    return np.asarray(past[-1] * np.exp(np.cumsum(steps, axis=1)))


REFERENCES: dict[str, Forecast] = {
    "last_value": last_value,
    "gaussian_1000": gaussian_walk(1000),
    "bootstrap_250": bootstrap_walk(250),
    "ewma_94": ewma(0.94, is_gaussian=True, repairs=False),
    "ewma_97": ewma(0.97, is_gaussian=True, repairs=False),
    "ewma_97_fhs": ewma(0.97, is_gaussian=False, repairs=False),
    "robust_ewma_fhs": ewma(0.97, is_gaussian=False, repairs=True),
}


def fitted_family(name: str, closes: Floats, parameters: dict[str, Any]) -> Forecast:
    """A family of the registry, fitted to the closes."""
    panel = fit_panel(name, closes, horizons=range(1, N_STEPS + 1), parameters=parameters)
    for number, series in enumerate(panel.series):
        print(f"# {name} {number}: {'; '.join(series.notes) or 'no notes'}")
    return lambda past, n_samples, seed: panel.forecast(past, N_STEPS, n_samples, seed)


def measured(forecast: Forecast, closes: Floats, starts: Sequence[int], n_samples: int) -> list[Scores]:
    """Scores of each window; a forecast sees the rows before its window only."""
    return [
        scores_of(forecast(closes[:start], n_samples, seed), closes[start : start + N_STEPS])
        for seed, start in enumerate(starts)
    ]


def line(name: str, scores: Sequence[Scores], reference: Sequence[Scores], seconds: float) -> str:
    """One line of the table."""
    column = {key: [getattr(each, key) for each in scores] for key in Scores.__dataclass_fields__}
    total, sum_total = column["total"], column["sum_total"]
    shown = [
        pooled_ratio(column["pinball9"], total),
        pooled_ratio(column["pinball19"], total),
        pooled_ratio(column["absolute_error"], total),
        pooled_ratio(column["crps"], total),
        pooled_ratio(column["sum_pinball9"], sum_total),
        pooled_ratio(column["sum_pinball19"], sum_total),
    ]
    cells = "  ".join(f"{value:.5f} ±{error:.5f}" for value, error in shown)
    difference, t_value = paired(column["pinball9"], [each.pinball9 for each in reference])
    coverage = float(np.mean(column["covered"]))
    error = float(np.std(column["covered"], ddof=1) / math.sqrt(len(scores))) if len(scores) > 1 else math.nan
    return f"{name:<18} {cells}  {coverage:.3f} ±{error:.3f}  {difference:+7.2%} {t_value:+6.2f} {seconds:7.1f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="Parquet file, one column a series")
    parser.add_argument("--models", default="ewma,ewma_fhs,garch_t,har", help="references and families, by commas")
    parser.add_argument("--parameters", default="{}", help="JSON: settings by family")
    parser.add_argument("--windows", type=int, default=50)
    parser.add_argument("--step", type=int, default=N_STEPS)
    parser.add_argument("--end", type=int, default=6070, help="last row of the last window")
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--reference", default="gaussian_1000", help="what differences are paired with")
    chosen = parser.parse_args()
    frame = pl.read_parquet(chosen.data)
    closes = frame.select(pl.selectors.numeric()).to_numpy().astype(np.float64)
    starts = window_starts(len(closes), chosen.end, chosen.windows, chosen.step)
    settings = json.loads(chosen.parameters)
    names = [chosen.reference, *(name for name in chosen.models.split(",") if name != chosen.reference)]
    print(f"# {len(starts)} windows of rows {starts[0]} to {chosen.end}, fitted on the {starts[0]} rows before")
    print(
        f"{'model':<18} {'wQL9':<17} {'wQL19':<17} {'ND':<17} {'CRPS':<17} {'sum wQL9':<17} {'sum wQL19':<17} "
        f"{'cover 90':<13} {'wQL9 diff':<9} {'t':>3} {'seconds':>9}"
    )
    reference: list[Scores] = []
    for name in names:
        if name not in REFERENCES and name not in FAMILIES:
            raise SystemExit(f"--models must be of {' '.join([*REFERENCES, *FAMILIES])}, was {name}")
        began = time.perf_counter()
        forecast = REFERENCES.get(name) or fitted_family(name, closes[: starts[0]], settings.get(name, {}))
        scores = measured(forecast, closes, starts, chosen.samples)
        reference = reference or scores
        print(line(name, scores, reference, time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
