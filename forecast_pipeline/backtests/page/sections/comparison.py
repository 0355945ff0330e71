"""Section 7: which model is better than which, with every test that was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.lights import SIGNIFICANCE
from forecast_pipeline.backtests.page import skill_plots
from forecast_pipeline.backtests.page.blocks import NOT_ASKED, NOT_MODELLED, Missing
from forecast_pipeline.backtests.page.cells import (
    HORIZON,
    MODEL,
    Column,
    fixed,
    interval,
    p_value,
    plain_or,
    table,
    whole_table,
    word,
)
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.page.sections.source import size_range
from forecast_pipeline.backtests.wording import bars, counted, number, p_text

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block, Table
    from forecast_pipeline.backtests.page.cells import Row
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_FEWEST = 2
_NO_WEIGHTS = f"{NOT_MODELLED}: the ensemble in the section on regimes weighs all models alike"


def context(source: Source) -> Context:
    """Skill with intervals, ranks by fold, every comparison, and the set of models that cannot be told apart."""
    scores = source.summary.scores
    contenders = scores.filter(~pl.col("is_baseline") & pl.col("crps_skill").is_finite())
    above = contenders.filter(pl.col("crps_skill_low").fill_nan(None) > 0.0).height
    ranks = _ranks(source)
    return {
        "forest": figure(
            "forest",
            contenders,
            skill_plots.forest,
            "CRPS skill against the best baseline with its 95 % interval",
            f"{above} of {contenders.height} intervals of skill lie above zero (95 %, not corrected for their number; "
            f"{size_range(contenders['n_eff'])}).",
            height=skill_plots.forest_height(contenders),
            why="nothing to compare",
        ),
        "ranks": figure(
            "ranks", ranks, skill_plots.ranks, "Rank of each model by fold", _rank_caption(ranks), height=3.4
        ),
        "comparisons": _comparison_table(source),
        "model_set": _model_set(source),
        "weights": whole_table(None, "Weights of an ensemble", "", why=_NO_WEIGHTS),
    }


def _ranks(source: Source) -> pl.DataFrame:
    folds = source.summary.folds.filter(pl.col("horizon_bars") == source.horizon_bars)
    rank = pl.col("crps_bps").rank("average").over("fold")
    return folds.select("fold", "model", rank=rank)


def _rank_caption(ranks: pl.DataFrame) -> str:
    mean = ranks.group_by("model").agg(pl.col("rank").mean()).sort("rank", "model")
    n_folds = ranks["fold"].n_unique()
    if mean.height < _FEWEST:
        return "One model only: there is nothing to rank."
    (first, low), (second, next_low) = mean.rows()[:2]
    return (
        f"Over {counted(n_folds, 'fold')} {first} has the best mean rank ({number(low, 1)}), followed "
        f"by {second} ({number(next_low, 1)}). Lines that cross all the time mean that nobody leads."
    )


def _comparison_table(source: Source) -> Table:
    summary = source.summary
    scores = summary.scores.filter(~pl.col("is_baseline"))
    is_proven = (pl.col("crps_skill") > 0.0) & (pl.col("dm_p_adjusted").fill_nan(None) < SIGNIFICANCE)
    caption = (
        f"{scores.filter(is_proven).height} of {scores.height} model and horizon pairs beat the best baseline of "
        f"their horizon after correction for all pairs ({size_range(scores['n_eff'])})."
    )
    if summary.comparisons.is_empty():
        caption = "Nothing to compare: the file holds no baseline, or nothing besides one."
    best = {(r["horizon_bars"], r["model"]): r for r in summary.scores.iter_rows(named=True)}

    def adjusted(row: Row) -> str:
        scored = best[row["horizon_bars"], row["model"]]
        if scored["baseline"] != row["baseline"]:
            return "not the best baseline"
        return "baseline" if row["is_baseline"] else p_text(scored["dm_p_adjusted"])

    columns = (
        HORIZON,
        MODEL,
        word("against", "baseline"),
        word("n", "n_compared"),
        Column("n_eff", ("model",), lambda r: str(best[r["horizon_bars"], r["model"]]["n_eff"])),
        interval("CRPS skill [95 %], %", ("crps_skill", "crps_skill_low", "crps_skill_high"), 2, 100.0),
        fixed("DM-HLN t", "dm_statistic", 2),
        p_value("p", "dm_p_value"),
        Column("p (Holm)", ("model",), adjusted),
        p_value("Giacomini-White p", "gw_p_value"),
    )
    notes = (
        "Skill is 1 - CRPS / CRPS of the baseline. A negative Diebold-Mariano t favours the model.",
        "Holm's correction runs over all models and horizons, each against the best baseline of its horizon.",
    )

    def is_front(row: Row) -> bool:
        return source.is_focus(row) and not row["is_baseline"]

    return table(summary.comparisons, caption, columns, notes, is_front)


def _model_set(source: Source) -> Block:
    frame = source.evidence.model_set
    if frame is None or frame.is_empty():
        return Missing("Model confidence set, superior predictive ability (SPA) and StepM")
    own = frame.filter(pl.col("horizon_bars") == source.horizon_bars)
    kept = own.filter(pl.col("is_in_set"))
    baselines = kept.filter(pl.col("is_baseline")).height
    n_days = max(own["n_days"].to_list(), default=0)
    caption = (
        f"At {bars(source.horizon_bars)} {kept.height} of {own.height} models cannot be told from the best, "
        f"{baselines} of them baselines ({counted(n_days, 'day')})."
    )
    columns = (
        HORIZON,
        MODEL,
        word("days", "n_days"),
        p_value("MCS p", "mcs_p_value"),
        word("in the set", "is_in_set"),
        Column("SPA p", ("spa_p_value",), lambda r: plain_or(r["spa_p_value"], NOT_ASKED, p_text)),
        Column("StepM superior", ("is_stepm_superior",), lambda r: plain_or(r["is_stepm_superior"], NOT_ASKED)),
    )
    notes = (
        "All three use daily means of the losses and a stationary bootstrap.",
        "SPA asks whether any model beats the benchmark; StepM names those that do, with all of them counted.",
    )
    return table(frame, caption, columns, notes, source.is_focus)
