"""All scores of one series of forecasts: one model at one horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.backtests.groups import BPS, floats, interval, labels, overlap_rows, standardised
from forecast_pipeline.backtests.schema import quantile_column
from forecast_pipeline.scores.calibration import coverage_band, kupiec, pit_uniformity
from forecast_pipeline.scores.hits import christoffersen, dynamic_quantile
from forecast_pipeline.scores.pit import berkowitz, pit_by_phase
from forecast_pipeline.scores.point import (
    directional_hits,
    hit_rate,
    information_coefficient,
    mae,
    pesaran_timmermann,
    r2_out_of_sample,
    rank_information_coefficient,
    rmse,
    standard_scores,
)
from forecast_pipeline.scores.power import smallest_detectable_ic
from forecast_pipeline.scores.quantile import coverage, crossing_count, interval_score, mean_width, pinball
from forecast_pipeline.scores.significance import disjoint_rows, effective_sample_size, mean_interval
from forecast_pipeline.scores.volatility import qlike

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    Floats = npt.NDArray[np.float64]

NOMINAL_COVERAGES = (0.5, 0.8, 0.9)
_TAIL_LEVELS = (0.01, 0.05, 0.95, 0.99)
_MISS = 0.1


def row_scores(rows: pl.DataFrame, stride_bars: int = 1) -> dict[str, Any]:
    """Scores of the rows of one model at one horizon, in order of time.

    Everything is computed from the columns of `schema.FORECASTS`. Tests that need independent rows
    (Pesaran-Timmermann, Kupiec, Christoffersen, dynamic quantile, Kolmogorov-Smirnov, Berkowitz) see rows with
    disjoint labels only; intervals of means allow for the overlap (HAC).

    Args:
        rows: Out-of-sample rows.
        stride_bars: Bars between decisions.
    """
    outcome, forecast = floats(rows, "outcome"), floats(rows, "mean")
    overlap = overlap_rows(int(rows["horizon_bars"][0]), stride_bars)
    start, end = labels(rows)
    size = effective_sample_size(start, end, standardised(rows), overlap)
    disjoint = disjoint_rows(start, end)
    return {
        "n_rows": size.n_rows,
        "n_disjoint": size.n_disjoint,
        "n_eff": size.n_eff,
        "first_issued_utc": rows["issued_at_utc"].min(),
        "last_target_utc": rows["target_ts_utc"].max(),
        "n_folds": rows["fold"].n_unique(),
        **_point(forecast, outcome, overlap, disjoint),
        "detectable_ic": smallest_detectable_ic(size.n_eff),
        **_probability(rows, outcome),
        **_coverages(rows, outcome, size.n_eff),
        **_calibration(rows, outcome, disjoint, overlap),
    }


def _point(forecast: Floats, outcome: Floats, overlap: int, disjoint: npt.NDArray[np.int64]) -> dict[str, Any]:
    correlation = mean_interval(standard_scores(forecast) * standard_scores(outcome), overlap)
    hits = mean_interval(directional_hits(forecast, outcome), overlap)
    direction = pesaran_timmermann(forecast[disjoint], outcome[disjoint])
    return {
        "mae_bps": BPS * mae(forecast, outcome),
        "rmse_bps": BPS * rmse(forecast, outcome),
        "r2": r2_out_of_sample(forecast, outcome),
        "hit_rate": hit_rate(forecast, outcome),
        "hit_rate_low": hits.low,
        "hit_rate_high": hits.high,
        "pt_p_value": direction.p_value,
        "n_pt": direction.n_rows,
        "ic": information_coefficient(forecast, outcome),
        "ic_low": correlation.low,
        "ic_high": correlation.high,
        "rank_ic": rank_information_coefficient(forecast, outcome),
    }


def _probability(rows: pl.DataFrame, outcome: Floats) -> dict[str, Any]:
    lower, upper = interval(rows, 0.9)
    quantiles = np.column_stack([floats(rows, name) for name in rows.columns if name[0] == "q" and name[1:].isdigit()])
    # A price that did not move has no loss of this form.
    variance = qlike(np.square(floats(rows, "sd")), np.square(outcome))
    return {
        "crps_bps": BPS * float(np.mean(floats(rows, "crps"))),
        "crps_tails_bps": BPS * _mean(floats(rows, "crps_tails")),
        "energy_bps": BPS * _mean(floats(rows, "energy")),
        "qlike": _mean(variance),
        **{f"pinball_{quantile_column(q)}_bps": _pinball(rows, outcome, q) for q in _TAIL_LEVELS},
        "interval_score_90_bps": BPS * float(np.mean(interval_score(lower, upper, outcome, 0.9))),
        "width_90_bps": BPS * mean_width(lower, upper),
        "n_crossings": crossing_count(quantiles),
    }


def _coverages(rows: pl.DataFrame, outcome: Floats, n_eff: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for nominal in NOMINAL_COVERAGES:
        name = f"coverage_{round(100 * nominal)}"
        low, high = coverage_band(nominal, n_eff)
        found |= {name: coverage(*interval(rows, nominal), outcome), f"{name}_low": low, f"{name}_high": high}
    return found


def _calibration(
    rows: pl.DataFrame, outcome: Floats, disjoint: npt.NDArray[np.int64], overlap: int
) -> dict[str, float]:
    lower, upper = (bound[disjoint] for bound in interval(rows, 0.9))
    is_miss = ((outcome[disjoint] < lower) | (outcome[disjoint] > upper)).astype(np.float64)
    pit = floats(rows, "pit")[disjoint]
    uniformity, phases = pit_uniformity(pit), pit_by_phase(floats(rows, "pit"), overlap)
    return {
        "kupiec_p_value": kupiec(int(is_miss.sum()), is_miss.size, _MISS).p_value,
        "christoffersen_p_value": christoffersen(is_miss, _MISS).p_value,
        "dq_p_value": dynamic_quantile(is_miss, _MISS).p_value,
        "pit_ks": uniformity.statistic,
        "pit_p_value": uniformity.p_value,
        "pit_phases_p_value": phases.p_value,
        "pit_phases_smallest": phases.low,
        "pit_phases_largest": phases.high,
        "berkowitz_p_value": berkowitz(pit).p_value,
    }


def _pinball(rows: pl.DataFrame, outcome: Floats, level: float) -> float:
    return BPS * float(np.mean(pinball(floats(rows, quantile_column(level)), outcome, level)))


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if known.size else float("nan")
