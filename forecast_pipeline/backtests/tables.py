"""Score tables of the report: by model and horizon, against baselines, by fold, by sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.schema import IN_SAMPLE, OUT_OF_SAMPLE, quantile_column
from forecast_pipeline.scores.calibration import coverage_band, kupiec, pit_uniformity
from forecast_pipeline.scores.point import (
    directional_hits,
    hit_rate,
    information_coefficient,
    mae,
    r2_out_of_sample,
    rmse,
    standard_scores,
)
from forecast_pipeline.scores.quantile import coverage, interval_score, pinball
from forecast_pipeline.scores.significance import (
    diebold_mariano,
    disjoint_rows,
    effective_sample_size,
    holm,
    mean_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

BPS = 1e4
NOMINAL_COVERAGES = (0.5, 0.8, 0.9)
_TAIL_LEVELS = (0.01, 0.05, 0.95, 0.99)
_ROW = ["fold", "issued_at_utc"]
_GROUP = ["horizon_bars", "is_baseline", "model"]


def scores_and_comparisons(tested: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Out-of-sample scores by model and horizon, and their CRPS skill against every baseline.

    The reference of the skill in the first table is the *best* baseline of the horizon,
    the one with the lowest mean CRPS on these very rows: the hardest to beat. Its
    p-values are Holm-adjusted over all models and horizons that are not baselines.

    Args:
        tested: Out-of-sample rows by horizon, baseline, model and time.
    """
    groups = dict(_groups(tested))
    scores = _frame([_identity(key) | _scores(rows) for key, rows in groups.items()])
    best = best_baselines(scores)
    compared = [
        _identity(key) | _comparison(rows, baseline[2], baseline_rows)
        for key, rows in groups.items()
        for baseline, baseline_rows in groups.items()
        if baseline[1] and baseline[0] == key[0] and baseline[2] != key[2]
    ]
    comparisons = pl.DataFrame(compared, schema=_COMPARISON_SCHEMA)
    against_best = comparisons.join(best, on=["horizon_bars", "baseline"], how="semi")
    contenders = against_best.filter(~pl.col("is_baseline"))
    adjusted = contenders.select("horizon_bars", "model").with_columns(
        dm_p_adjusted=pl.Series(holm(contenders["dm_p_value"].to_numpy()), dtype=pl.Float64)
    )
    scores = scores.join(against_best.drop("is_baseline"), on=["horizon_bars", "model"], how="left")
    return scores.join(adjusted, on=["horizon_bars", "model"], how="left").sort(*_GROUP), comparisons


def best_baselines(scores: pl.DataFrame) -> pl.DataFrame:
    """Baseline with the lowest mean CRPS of each horizon: ``horizon_bars``, ``baseline``."""
    ranked = scores.filter("is_baseline").sort("horizon_bars", "crps_bps", "model")
    return ranked.group_by("horizon_bars", maintain_order=True).agg(pl.col("model").first().alias("baseline"))


def fold_scores(tested: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Scores of each fold; skill is against the baseline that is best over *all* folds."""
    reference = _reference_crps(tested, scores)
    rows: list[dict[str, Any]] = []
    for (fold,), of_fold in tested.partition_by("fold", as_dict=True, maintain_order=True).items():
        for key, group in _groups(of_fold):
            outcome, forecast = _floats(group, "outcome"), _floats(group, "mean")
            start, end = _labels(group)
            rows.append(
                {"fold": fold}
                | _identity(key)
                | {
                    "n_rows": group.height,
                    "n_disjoint": int(disjoint_rows(start, end).size),
                    "first_issued_utc": group["issued_at_utc"].min(),
                    "last_target_utc": group["target_ts_utc"].max(),
                    "crps_bps": BPS * float(np.mean(_floats(group, "crps"))),
                    "crps_skill": _skill(group, reference),
                    "r2": r2_out_of_sample(forecast, outcome),
                    "hit_rate": hit_rate(forecast, outcome),
                    "coverage_90": _coverage(group, outcome, 0.9),
                }
            )
    return _frame(rows).sort("fold", *_GROUP)


def sample_scores(forecasts: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """In-sample beside out-of-sample; degradation is what was lost from one to the other.

    Skill, not CRPS, is compared: volatility differs between the two periods and moves the
    CRPS of every model alike. Null where there are no in-sample rows.
    """
    sides: list[pl.DataFrame] = []
    for segment, label in ((IN_SAMPLE, "in"), (OUT_OF_SAMPLE, "out")):
        part = forecasts.filter(pl.col("segment") == segment)
        reference = _reference_crps(part, scores)
        rows = [
            _identity(key)
            | {
                f"n_rows_{label}": group.height,
                f"crps_bps_{label}": BPS * float(np.mean(_floats(group, "crps"))),
                f"crps_skill_{label}": _skill(group, reference),
                f"r2_{label}": r2_out_of_sample(_floats(group, "mean"), _floats(group, "outcome")),
            }
            for key, group in _groups(part)
        ]
        schema = {name: scores.schema[name] for name in _GROUP} | {f"n_rows_{label}": pl.Int64()}
        schema |= dict.fromkeys((f"{n}_{label}" for n in ("crps_bps", "crps_skill", "r2")), pl.Float64())
        sides.append(pl.DataFrame(rows, schema=schema))
    both = sides[1].join(sides[0], on=_GROUP, how="left").sort(*_GROUP)
    return both.with_columns(
        r2_lost=pl.col("r2_in") - pl.col("r2_out"),
        skill_lost=pl.col("crps_skill_in") - pl.col("crps_skill_out"),
    )


_COMPARISON_SCHEMA: dict[str, pl.DataType] = {
    "horizon_bars": pl.Int32(),
    "is_baseline": pl.Boolean(),
    "model": pl.String(),
    "baseline": pl.String(),
    "crps_skill": pl.Float64(),
    "crps_skill_low": pl.Float64(),
    "crps_skill_high": pl.Float64(),
    "dm_statistic": pl.Float64(),
    "dm_p_value": pl.Float64(),
    "n_compared": pl.Int64(),
}


def _scores(rows: pl.DataFrame) -> dict[str, Any]:
    outcome, forecast = _floats(rows, "outcome"), _floats(rows, "mean")
    horizon_bars = int(rows["horizon_bars"][0])
    start, end = _labels(rows)
    # Standardised outcomes: their serial correlation is the overlap, not the volatility.
    scale = _floats(rows, "scale")
    is_scaled = np.isfinite(scale) & (scale > 0.0)
    size = effective_sample_size(
        start, end, np.divide(outcome, scale, out=outcome.copy(), where=is_scaled), horizon_bars
    )
    disjoint = disjoint_rows(start, end)
    products = standard_scores(forecast) * standard_scores(outcome)
    correlation = mean_interval(products, horizon_bars)
    hits = mean_interval(directional_hits(forecast, outcome), horizon_bars)
    uniformity = pit_uniformity(_floats(rows, "pit")[disjoint])
    lower, upper = _interval(rows, 0.9)
    n_misses = int(np.sum((outcome[disjoint] < lower[disjoint]) | (outcome[disjoint] > upper[disjoint])))
    return {
        "n_rows": size.n_rows,
        "n_disjoint": size.n_disjoint,
        "n_eff": size.n_eff,
        "first_issued_utc": rows["issued_at_utc"].min(),
        "last_target_utc": rows["target_ts_utc"].max(),
        "n_folds": rows["fold"].n_unique(),
        "mae_bps": BPS * mae(forecast, outcome),
        "rmse_bps": BPS * rmse(forecast, outcome),
        "r2": r2_out_of_sample(forecast, outcome),
        "hit_rate": hits.mean,
        "hit_rate_low": hits.low,
        "hit_rate_high": hits.high,
        "ic": information_coefficient(forecast, outcome),
        "ic_low": correlation.low,
        "ic_high": correlation.high,
        "detectable_ic": detectable_ic(size.n_eff),
        "crps_bps": BPS * float(np.mean(_floats(rows, "crps"))),
        **{f"pinball_{quantile_column(q)}_bps": _pinball(rows, outcome, q) for q in _TAIL_LEVELS},
        "interval_score_90_bps": BPS * float(np.mean(interval_score(lower, upper, outcome, 0.9))),
        "width_90_bps": BPS * float(np.mean(upper - lower)),
        **_coverages(rows, outcome, size.n_eff),
        "kupiec_p_value": kupiec(n_misses, disjoint.size, 0.1).p_value,
        "pit_ks": uniformity.statistic,
        "pit_p_value": uniformity.p_value,
    }


def detectable_ic(n_eff: int) -> float:
    """Smallest information coefficient found with 80 % power at the 5 % level: ``2.8 / sqrt(n_eff)``.

    2.8 is the sum of the normal quantiles at 0.975 and 0.8; values above 1 are cut to 1.

    Example:
        >>> round(detectable_ic(784), 12)
        0.1
    """
    return min(1.0, 2.8 / math.sqrt(n_eff)) if n_eff > 0 else math.nan


def _coverages(rows: pl.DataFrame, outcome: Floats, n_eff: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for nominal in NOMINAL_COVERAGES:
        name = f"coverage_{round(100 * nominal)}"
        low, high = coverage_band(nominal, n_eff)
        found |= {name: _coverage(rows, outcome, nominal), f"{name}_low": low, f"{name}_high": high}
    return found


def _comparison(rows: pl.DataFrame, baseline: str, baseline_rows: pl.DataFrame) -> dict[str, Any]:
    horizon_bars = int(rows["horizon_bars"][0])
    paired = rows.select(*_ROW, "crps").join(
        baseline_rows.select(*_ROW, reference="crps"), on=_ROW, how="inner", maintain_order="left"
    )
    loss, reference = _floats(paired, "crps"), _floats(paired, "reference")
    test = diebold_mariano(loss, reference, horizon_bars)
    gain = mean_interval(reference - loss, horizon_bars)
    level = float(np.mean(reference)) if reference.size else math.nan
    if not level > 0.0:
        level = math.nan
    return {
        "baseline": baseline,
        "crps_skill": gain.mean / level,
        "crps_skill_low": gain.low / level,
        "crps_skill_high": gain.high / level,
        "dm_statistic": test.statistic,
        "dm_p_value": test.p_value,
        "n_compared": test.n_rows,
    }


def _reference_crps(rows: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    best = best_baselines(scores).rename({"baseline": "model"})
    chosen = rows.join(best, on=["horizon_bars", "model"], how="semi")
    return chosen.select("horizon_bars", *_ROW, reference="crps")


def _skill(group: pl.DataFrame, reference: pl.DataFrame) -> float:
    paired = group.join(reference, on=["horizon_bars", *_ROW], how="inner")
    level = _floats(paired, "reference").sum()
    return 1.0 - float(_floats(paired, "crps").sum() / level) if level > 0.0 else math.nan


def _pinball(rows: pl.DataFrame, outcome: Floats, level: float) -> float:
    return BPS * float(np.mean(pinball(_floats(rows, quantile_column(level)), outcome, level)))


def _interval(rows: pl.DataFrame, nominal: float) -> tuple[Floats, Floats]:
    tail = (1.0 - nominal) / 2.0
    return _floats(rows, quantile_column(tail)), _floats(rows, quantile_column(1.0 - tail))


def _coverage(rows: pl.DataFrame, outcome: Floats, nominal: float) -> float:
    return coverage(*_interval(rows, nominal), outcome)


def _floats(rows: pl.DataFrame, name: str) -> Floats:
    return rows[name].cast(pl.Float64).to_numpy()


def _labels(rows: pl.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return rows["issued_at_utc"].to_physical().to_numpy(), rows["target_ts_utc"].to_physical().to_numpy()


def _groups(rows: pl.DataFrame) -> Iterator[tuple[tuple[int, bool, str], pl.DataFrame]]:
    for key, group in rows.partition_by(_GROUP, as_dict=True, maintain_order=True).items():
        yield (int(key[0]), bool(key[1]), str(key[2])), group


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    # Python integers come back as 64 bits; joins want the type of the forecasts file.
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("horizon_bars").cast(pl.Int32))


def _identity(key: tuple[int, bool, str]) -> dict[str, Any]:
    return dict(zip(_GROUP, key, strict=True))
