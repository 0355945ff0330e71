"""Section 5: is the direction or the size of the move foreseen, and does it last out of sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.page import skill_plots
from forecast_pipeline.backtests.page.blocks import NOT_RECORDED
from forecast_pipeline.backtests.page.cells import (
    HORIZON,
    MODEL,
    Column,
    fixed,
    interval,
    p_value,
    share,
    table,
    word,
)
from forecast_pipeline.backtests.page.drawing import canvas_figure, figure
from forecast_pipeline.backtests.page.sections.source import size_range
from forecast_pipeline.backtests.wording import bars, between, counted, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.page.blocks import Block, Table
    from forecast_pipeline.backtests.page.sections.source import Context, Source


def context(source: Source) -> Context:
    """Loss over time first: it is the most informative figure of the page."""
    folds = source.summary.folds.filter(pl.col("horizon_bars") == source.horizon_bars)
    contenders = folds.filter(~pl.col("is_baseline"))
    shown = contenders if contenders.height else folds
    return {
        "loss_difference": _loss_difference(source),
        "fold_skill": canvas_figure(
            "fold_skill",
            "CRPS skill of each model by fold",
            _fold_caption(source),
            skill_plots.fold_skill_height(shown),
            lambda canvas: skill_plots.fold_skill(canvas, shown),
        ),
        "by_horizon": _by_horizon(source),
        "in_and_out": _in_and_out(source),
        "scores": _score_table(source),
        "folds": _fold_table(source),
        "samples": _sample_table(source),
    }


def _loss_difference(source: Source) -> Block:
    curve, row = source.summary.curves["loss_difference"], source.headline
    caption = ""
    if curve.height:
        ends = curve.filter(pl.col("model") == source.model)["gain_bps"]
        gain = float(ends[-1])
        verb = "ahead of" if gain > 0.0 else "behind"
        caption = (
            f"After {row['n_rows']} decisions (n_eff {row['n_eff']}) {source.model} stands {number(abs(gain), 1)} bps "
            f"of CRPS {verb} {row['baseline'] or 'the best baseline'} at {bars(source.horizon_bars)}. A model with "
            "skill climbs steadily; one lucky stretch is a step."
        )
    return figure(
        "loss_difference",
        curve,
        skill_plots.loss_difference,
        "Cumulative CRPS gain of each model over the best baseline",
        caption,
        height=3.3,
        why="No baseline in the file: nothing to compare with",
    )


def _by_horizon(source: Source) -> Block:
    scores = source.summary.scores
    contenders = scores.filter(~pl.col("is_baseline") & pl.col("crps_skill").is_finite())
    own = contenders.filter(pl.col("model") == source.model)
    good = own.filter(pl.col("crps_skill") > 0.0).height
    return figure(
        "skill_by_horizon",
        contenders,
        skill_plots.skill_by_horizon,
        "CRPS skill against the horizon",
        f"{source.model} is ahead of the best baseline at {good} of {own.height} horizons "
        f"({size_range(own['n_eff'])}). Bars are 95 % intervals; the baseline may be another one at each horizon.",
        why="No baseline in the file: nothing to compare with",
    )


def _fold_caption(source: Source) -> str:
    own = source.summary.folds.filter(
        (pl.col("model") == source.model) & (pl.col("horizon_bars") == source.horizon_bars)
    )
    n_good = own.filter(pl.col("crps_skill").fill_nan(None) > 0.0).height
    rows = sorted(own["n_rows"].to_list())
    size = f"{rows[0]}" if rows[0] == rows[-1] else f"{rows[0]} to {rows[-1]}"
    caption = (
        f"{source.model} has positive CRPS skill at {bars(source.horizon_bars)} in {n_good} of "
        f"{counted(own.height, 'fold')} "
        f"(n {size} a fold, n_eff {source.headline['n_eff']} in all)."
    )
    return caption + " One fold only: stability over time cannot be judged." * (own.height == 1)


def _in_and_out(source: Source) -> Block:
    samples = source.summary.samples
    known = samples.drop_nulls(["crps_skill_in", "crps_skill_out"])
    fit = source.evidence.degradation
    caption = "A slope of out-of-sample on in-sample skill is not recorded."
    if fit:
        value, low, high = (float(fit.get(name, math.nan)) for name in ("slope", "slope_low", "slope_high"))
        slope = between(value, low, high, 2)
        caption = (
            f"Out of sample {slope} of a point of skill is left of each point in-sample (slope [95 %], "
            f"{_degradation_size(fit)})."
        )
    return figure(
        "in_and_out",
        known,
        lambda axes, frame: skill_plots.in_and_out(axes, frame, fit),
        "Skill in-sample against skill out-of-sample",
        f"{caption} On the dashed diagonal nothing is lost; hollow marks are baselines. A model without skill cannot "
        "degrade.",
        why="No in-sample rows in the file",
    )


def _degradation_size(fit: Mapping[str, Any]) -> str:
    size = f"n = {fit.get('n', NOT_RECORDED)}"
    return f"{size} models and horizons, {counted(fit['n_folds'], 'fold')}" if "n_folds" in fit else size


def _score_table(source: Source) -> Table:
    scores = source.summary.scores
    contenders = scores.filter(~pl.col("is_baseline"))
    n_above = contenders.filter(pl.col("ic_low").fill_nan(None) > 0.0).height
    caption = (
        f"{n_above} of {contenders.height} model and horizon pairs have an information coefficient whose 95 % "
        f"interval lies above zero ({size_range(contenders['n_eff'])})."
    )
    columns = (
        HORIZON,
        MODEL,
        word("n", "n_rows"),
        word("n_eff", "n_eff"),
        fixed("MAE, bps", "mae_bps", 3),
        fixed("RMSE, bps", "rmse_bps", 3),
        share("R² vs zero", "r2", 2),
        interval("IC [95 %]", ("ic", "ic_low", "ic_high"), 3),
        fixed("rank IC", "rank_ic", 3),
        fixed("smallest detectable IC", "detectable_ic", 3),
        interval("hit rate [95 %]", ("hit_rate", "hit_rate_low", "hit_rate_high"), 3),
        p_value("PT p", "pt_p_value"),
        word("n of PT", "n_pt"),
    )
    notes = (
        "n_eff is the smaller of two counts: disjoint label intervals, and what the serial correlation leaves.",
        "Intervals are HAC. A zero outcome has no direction, and a forecast that is always zero calls none.",
        "PT is the test of Pesaran and Timmermann: on disjoint rows, is direction called better than by luck.",
    )
    return table(scores, caption, columns, notes, source.is_focus)


def _fold_table(source: Source) -> Table:
    folds = source.summary.folds.filter(
        (pl.col("model") == source.model) & (pl.col("horizon_bars") == source.horizon_bars)
    )
    columns = (
        HORIZON,
        MODEL,
        word("fold", "fold"),
        word("first issue", "first_issued_utc"),
        word("last label end", "last_target_utc"),
        word("n", "n_rows"),
        word("disjoint", "n_disjoint"),
        fixed("CRPS, bps", "crps_bps", 4),
        share("CRPS skill", "crps_skill", 2),
        share("R²", "r2", 2),
        share("hit rate", "hit_rate"),
        share("90 % covers", "coverage_90"),
    )
    notes = ("Times are UTC. All models by fold are in the .folds.parquet file beside this page.",)
    return table(folds, _fold_caption(source), columns, notes)


def _sample_table(source: Source) -> Table:
    samples = source.summary.samples
    is_it = (pl.col("model") == source.model) & (pl.col("horizon_bars") == source.horizon_bars)
    row = samples.row(by_predicate=is_it, named=True)
    caption = "Degradation is not computed: the file holds no in-sample rows of the headline model."
    if row["n_rows_in"] is not None:
        lost = 100.0 * row["r2_lost"]
        verb = "rises" if lost < 0.0 else "falls"
        caption = (
            f"From {row['n_rows_in']} rows in-sample to {row['n_rows_out']} out-of-sample (n_eff "
            f"{source.headline['n_eff']}) the R² of {source.subject} {verb} by {number(abs(lost), 2)} points."
        )
    columns = (
        HORIZON,
        MODEL,
        Column("n in", ("n_rows_in",), lambda r: "none" if r["n_rows_in"] is None else str(r["n_rows_in"])),
        word("n out", "n_rows_out"),
        word("n_eff out", "n_eff"),
        share("R² in", "r2_in", 2),
        share("R² out", "r2_out", 2),
        fixed("CRPS in, bps", "crps_bps_in", 3),
        fixed("CRPS out, bps", "crps_bps_out", 3),
        Column("skill in", ("crps_skill_in",), lambda r: percent(r["crps_skill_in"], 2)),
        Column("skill out", ("crps_skill_out",), lambda r: percent(r["crps_skill_out"], 2)),
    )
    notes = (
        "A model without skill cannot degrade: a small gap at zero skill is not robustness.",
        "Compare skill, not CRPS: volatility differs between the periods.",
    )
    sizes = source.summary.scores.select("horizon_bars", "model", "n_eff")
    sized = samples.join(sizes, on=["horizon_bars", "model"], how="left", maintain_order="left")
    return table(sized, caption, columns, notes, source.is_focus)
