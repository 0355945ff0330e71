"""Score tables of the report: by model and horizon, against baselines, by fold, by sample."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

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
from forecast_pipeline.backtests.pairwise import COMPARISON, comparison, paired_losses, skill
from forecast_pipeline.backtests.row_scores import row_scores
from forecast_pipeline.backtests.schema import IN_SAMPLE, OUT_OF_SAMPLE
from forecast_pipeline.scores.point import hit_rate, r2_out_of_sample
from forecast_pipeline.scores.quantile import coverage
from forecast_pipeline.scores.significance import disjoint_rows, holm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
N_THREADS = 2


def scores_and_comparisons(tested: pl.DataFrame, stride_bars: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Out-of-sample scores by model and horizon, and their CRPS skill against every baseline.

    The reference of the skill in the first table is the *best* baseline of the horizon,
    the one with the lowest mean CRPS on these very rows: the hardest to beat. Its
    p-values are Holm-adjusted over all models and horizons that are not baselines. Giacomini and
    White's test is made for these only.

    Args:
        tested: Out-of-sample rows by horizon, baseline, model and time.
        stride_bars: Bars between decisions.
    """
    series = dict(groups(tested))
    scored = _in_threads(row_scores, ((rows, stride_bars) for rows in series.values()))
    scores = _frame([identity(key) | each for key, each in zip(series, scored, strict=True)])
    best = best_baselines(scores)
    pairs = [
        (key, baseline)
        for key in series
        for baseline in series
        if baseline[1] and baseline[0] == key[0] and baseline[2] != key[2]
    ]
    found = _in_threads(
        lambda key, baseline: comparison(
            paired_losses(series[key], series[baseline]),
            overlap_rows(key[0], stride_bars),
            is_conditional=not key[1],
        ),
        pairs,
    )
    compared = [
        identity(key) | {"baseline": baseline[2]} | each for (key, baseline), each in zip(pairs, found, strict=True)
    ]
    comparisons = pl.DataFrame(compared, schema=COMPARISON)
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
    rows: list[dict[str, Any]] = []
    for (fold,), of_fold in tested.partition_by("fold", as_dict=True, maintain_order=True).items():
        reference = _by_horizon(of_fold, scores)
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
        reference = _by_horizon(part, scores)
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


def fold_samples(forecasts: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Summed losses of each fold in and out of sample, beside those of the best baseline on the same rows.

    Returns:
        ``fold``, model and horizon, ``loss_in reference_in loss_out reference_out``; without rows of either kind none.
    """
    sides: list[pl.DataFrame] = []
    for segment, label in ((IN_SAMPLE, "in"), (OUT_OF_SAMPLE, "out")):
        part = forecasts.filter(pl.col("segment") == segment)
        rows: list[dict[str, Any]] = []
        for (fold,), of_fold in part.partition_by("fold", as_dict=True, maintain_order=True).items():
            references = _by_horizon(of_fold, scores)
            for key, group in groups(of_fold):
                if key[0] in references:
                    paired = paired_losses(group, references[key[0]])
                    sums = {f"loss_{label}": paired.loss.sum(), f"reference_{label}": paired.reference.sum()}
                    rows.append({"fold": fold} | identity(key) | sums)
        schema = {"fold": pl.Int32()} | {name: scores.schema[name] for name in GROUP}
        schema |= dict.fromkeys((f"loss_{label}", f"reference_{label}"), pl.Float64())
        sides.append(pl.DataFrame(rows, schema=schema))
    return sides[0].join(sides[1], on=["fold", *GROUP], how="inner").sort("fold", *GROUP)


def _by_horizon(rows: pl.DataFrame, scores: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Rows of the best baseline of each horizon."""
    best = best_baselines(scores).rename({"baseline": "model"})
    chosen = rows.select(*GROUP, *ROW, "crps", "regime").join(
        best, on=["horizon_bars", "model"], how="semi", maintain_order="left"
    )
    return {int(h): each for (h,), each in chosen.partition_by("horizon_bars", as_dict=True).items()}


def _skill(group: pl.DataFrame, references: dict[int, pl.DataFrame]) -> float:
    reference = references.get(int(group["horizon_bars"][0]))
    return math.nan if reference is None else skill(paired_losses(group, reference))


def _in_threads(function: Callable[..., T], tasks: Iterable[tuple[object, ...]]) -> list[T]:
    """Results in the order of the tasks: array work that lets go of the interpreter."""
    with ThreadPoolExecutor(N_THREADS) as workers:
        return list(workers.map(lambda task: function(*task), tasks))


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    # Python integers come back as 64 bits; joins want the type of the forecasts file.
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("horizon_bars").cast(pl.Int32))
