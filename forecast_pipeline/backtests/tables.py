"""Score tables of the report: by model and horizon, against baselines, by fold, by sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import (
    BPS,
    GROUP,
    ROW,
    floats,
    groups,
    identity,
    interval,
    labels,
    overlap_rows,
)
from forecast_pipeline.backtests.row_scores import row_scores
from forecast_pipeline.backtests.schema import IN_SAMPLE, OUT_OF_SAMPLE
from forecast_pipeline.scores.point import hit_rate, r2_out_of_sample
from forecast_pipeline.scores.quantile import coverage
from forecast_pipeline.scores.significance import (
    diebold_mariano,
    disjoint_rows,
    giacomini_white,
    holm,
    mean_interval,
    regime_instruments,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def scores_and_comparisons(tested: pl.DataFrame, stride_bars: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Out-of-sample scores by model and horizon, and their CRPS skill against every baseline.

    The reference of the skill in the first table is the *best* baseline of the horizon,
    the one with the lowest mean CRPS on these very rows: the hardest to beat. Its
    p-values are Holm-adjusted over all models and horizons that are not baselines.

    Args:
        tested: Out-of-sample rows by horizon, baseline, model and time.
        stride_bars: Bars between decisions.
    """
    series = dict(groups(tested))
    scores = _frame([identity(key) | row_scores(rows, stride_bars) for key, rows in series.items()])
    best = best_baselines(scores)
    compared = [
        identity(key) | _comparison(rows, baseline[2], baseline_rows, stride_bars)
        for key, rows in series.items()
        for baseline, baseline_rows in series.items()
        if baseline[1] and baseline[0] == key[0] and baseline[2] != key[2]
    ]
    comparisons = pl.DataFrame(compared, schema=_COMPARISON_SCHEMA)
    against_best = comparisons.join(best, on=["horizon_bars", "baseline"], how="semi")
    contenders = against_best.filter(~pl.col("is_baseline"))
    adjusted = contenders.select("horizon_bars", "model").with_columns(
        dm_p_adjusted=pl.Series(holm(contenders["dm_p_value"].to_numpy()), dtype=pl.Float64)
    )
    scores = scores.join(against_best.drop("is_baseline"), on=["horizon_bars", "model"], how="left")
    return scores.join(adjusted, on=["horizon_bars", "model"], how="left").sort(*GROUP), comparisons


def best_baselines(scores: pl.DataFrame) -> pl.DataFrame:
    """Baseline with the lowest mean CRPS of each horizon: ``horizon_bars``, ``baseline``."""
    ranked = scores.filter("is_baseline").sort("horizon_bars", "crps_bps", "model")
    return ranked.group_by("horizon_bars", maintain_order=True).agg(pl.col("model").first().alias("baseline"))


def fold_scores(tested: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Scores of each fold; skill is against the baseline that is best over *all* folds."""
    reference = _reference_crps(tested, scores)
    rows: list[dict[str, Any]] = []
    for (fold,), of_fold in tested.partition_by("fold", as_dict=True, maintain_order=True).items():
        for key, group in groups(of_fold):
            outcome, forecast = floats(group, "outcome"), floats(group, "mean")
            start, end = labels(group)
            rows.append(
                {"fold": fold}
                | identity(key)
                | {
                    "n_rows": group.height,
                    "n_disjoint": int(disjoint_rows(start, end).size),
                    "first_issued_utc": group["issued_at_utc"].min(),
                    "last_target_utc": group["target_ts_utc"].max(),
                    "crps_bps": BPS * float(np.mean(floats(group, "crps"))),
                    "crps_skill": _skill(group, reference),
                    "r2": r2_out_of_sample(forecast, outcome),
                    "hit_rate": hit_rate(forecast, outcome),
                    "coverage_90": coverage(*interval(group, 0.9), outcome),
                }
            )
    return _frame(rows).sort("fold", *GROUP)


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
            identity(key)
            | {
                f"n_rows_{label}": group.height,
                f"crps_bps_{label}": BPS * float(np.mean(floats(group, "crps"))),
                f"crps_skill_{label}": _skill(group, reference),
                f"r2_{label}": r2_out_of_sample(floats(group, "mean"), floats(group, "outcome")),
            }
            for key, group in groups(part)
        ]
        schema = {name: scores.schema[name] for name in GROUP} | {f"n_rows_{label}": pl.Int64()}
        schema |= dict.fromkeys((f"{n}_{label}" for n in ("crps_bps", "crps_skill", "r2")), pl.Float64())
        sides.append(pl.DataFrame(rows, schema=schema))
    both = sides[1].join(sides[0], on=GROUP, how="left").sort(*GROUP)
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
    "gw_p_value": pl.Float64(),
    "n_compared": pl.Int64(),
}


def _comparison(rows: pl.DataFrame, baseline: str, baseline_rows: pl.DataFrame, stride_bars: int) -> dict[str, Any]:
    overlap = overlap_rows(int(rows["horizon_bars"][0]), stride_bars)
    paired = rows.select(*ROW, "crps", "regime").join(
        baseline_rows.select(*ROW, reference="crps"), on=ROW, how="inner", maintain_order="left"
    )
    loss, reference = floats(paired, "crps"), floats(paired, "reference")
    test = diebold_mariano(loss, reference, overlap)
    gain = mean_interval(reference - loss, overlap)
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
        "gw_p_value": giacomini_white(
            loss, reference, overlap, _known_at_issue(paired, loss - reference, overlap)
        ).p_value,
        "n_compared": test.n_rows,
    }


def _known_at_issue(paired: pl.DataFrame, difference: Floats, overlap: int) -> Floats:
    """Instruments of Giacomini and White's test: a dummy a regime, or the newest loss difference that was known."""
    regimes = paired["regime"].fill_null("unknown")
    if regimes.n_unique() > 1:
        return regime_instruments(regimes.to_numpy())
    lagged = np.zeros(difference.size)
    lagged[overlap:] = difference[: max(difference.size - overlap, 0)]
    spread = float(np.std(lagged))
    constant = np.ones(difference.size)
    return np.column_stack([constant, lagged / spread]) if spread > 0.0 else constant[:, None]


def _reference_crps(rows: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    best = best_baselines(scores).rename({"baseline": "model"})
    chosen = rows.join(best, on=["horizon_bars", "model"], how="semi")
    return chosen.select("horizon_bars", *ROW, reference="crps")


def _skill(group: pl.DataFrame, reference: pl.DataFrame) -> float:
    paired = group.join(reference, on=["horizon_bars", *ROW], how="inner")
    level = floats(paired, "reference").sum()
    return 1.0 - float(floats(paired, "crps").sum() / level) if level > 0.0 else math.nan


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    # Python integers come back as 64 bits; joins want the type of the forecasts file.
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("horizon_bars").cast(pl.Int32))
