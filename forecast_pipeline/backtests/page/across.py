"""The page over all reports: their lights, skill by symbol, timeframe, family and horizon, and where to read on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl

from forecast_pipeline.backtests.lights import SIGNIFICANCE
from forecast_pipeline.backtests.page import across_plots
from forecast_pipeline.backtests.page.cells import (
    HORIZON,
    MODEL,
    Column,
    extent,
    fixed,
    interval,
    p_value,
    share,
    table,
    word,
)
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.page.render import page_environment
from forecast_pipeline.backtests.page.sections.source import size_range
from forecast_pipeline.backtests.page.sections.verdict import LIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast_pipeline.backtests.page.blocks import Figure, Missing, Table
    from forecast_pipeline.backtests.page.cells import Row


def render_comparison(cells: pl.DataFrame, reports: Sequence[Mapping[str, Any]], conclusion: str) -> str:
    """The page as HTML text; links are relative to the folder that holds the reports.

    Args:
        cells: In the schema `comparison.CELLS`.
        reports: Verdicts of the reports.
        conclusion: The title.
    """
    contenders, listed = cells.filter(~pl.col("is_baseline")), _cell_table(cells, reports)
    return (
        page_environment()
        .get_template("comparison.html")
        .render(
            conclusion=conclusion,
            n_reports=len(reports),
            light_names=LIGHTS,
            reports=[dict(each) | {"href": quote(each["link"])} for each in reports],
            lights_caption=_lights_caption(reports),
            skill=_skill(contenders),
            p_values=_p_values(contenders),
            coverage=_coverage(contenders),
            cells=listed,
            words=listed.words,
        )
    )


def _lights_caption(reports: Sequence[Mapping[str, Any]]) -> str:
    green = sum(each["lights"].get("Skill") == "green" for each in reports)
    stale = sum(not each["is_current"] for each in reports)
    text = f"{green} of {len(reports)} reports show a green light for skill, each by its own count of trials."
    return f"{text} {stale} are older than their forecasts." if stale else text


def _skill(contenders: pl.DataFrame) -> Figure | Missing:
    known = contenders.filter(pl.col("crps_skill").is_not_null())
    above = known.filter(pl.col("crps_skill") > 0.0).height
    return figure(
        "skill_map",
        known,
        across_plots.skill_map,
        "CRPS skill by symbol, timeframe, family and horizon",
        f"{above} of {known.height} cells have positive skill against the best baseline of their horizon "
        f"({size_range(known['n_eff'])}); a star is significant after correction for all cells.",
        height=across_plots.map_height(known),
        why="no cell has a baseline to compare with",
    )


def _p_values(contenders: pl.DataFrame) -> Figure | Missing:
    known = contenders.filter(pl.col("dm_p_value").is_not_null())
    raw = known.filter(pl.col("dm_p_value") < SIGNIFICANCE).height
    left = known.filter(pl.col("bh_p_value") < SIGNIFICANCE).height
    expected = SIGNIFICANCE * known.height
    return figure(
        "p_values",
        known,
        across_plots.p_values,
        "All p-values in order",
        f"{raw} of {known.height} p-values lie below 0.05, where {expected:.1f} would without any difference, and "
        f"{left} still after Benjamini and Hochberg's correction (dashed line). Losses to a baseline count too.",
        why="no cell has a baseline to compare with",
    )


def _coverage(contenders: pl.DataFrame) -> Figure | Missing:
    known = contenders.filter(pl.col("coverage_90").is_not_null())
    inside = known.filter(pl.col("coverage_90").is_between("coverage_90_low", "coverage_90_high")).height
    return figure(
        "coverage_all",
        known,
        across_plots.coverage,
        "Coverage of every 90 % interval",
        f"{inside} of {known.height} intervals cover as stated within the range that their n_eff allows "
        f"({size_range(known['n_eff'])}); the band is 88 to 92 %.",
    )


def _cell_table(cells: pl.DataFrame, reports: Sequence[Mapping[str, Any]]) -> Table:
    proven = int(cells["is_proven"].sum())
    caption = (
        f"{proven} of {cells.filter(~pl.col('is_baseline')).height} cells show skill after correction; baselines stand "
        "among them as rows."
    )
    columns = (
        word("symbol", "symbol"),
        word("timeframe", "timeframe"),
        HORIZON,
        MODEL,
        Column("against", ("baseline",), lambda row: str(row["baseline"] or "none better")),
        word("n", "n_rows"),
        word("n_eff", "n_eff"),
        fixed("CRPS, bps", "crps_bps", 4),
        interval("CRPS skill [95 %], %", ("crps_skill", "crps_skill_low", "crps_skill_high"), 2, 100.0),
        p_value("p", "dm_p_value"),
        p_value("p (BH)", "bh_p_value"),
        word("proven", "is_proven"),
        share("90 % covers", "coverage_90"),
        extent("expected", ("coverage_90_low", "coverage_90_high")),
        share("net", "net", 2),
        interval("Sharpe a year [95 %]", ("sharpe_annual", "sharpe_low", "sharpe_high"), 2),
        word("from, UTC", "first_issued_utc"),
        word("to, UTC", "last_target_utc"),
    )
    notes = (
        "p is of the Diebold-Mariano test (HLN) against the best baseline of the horizon.",
        "BH is Benjamini and Hochberg's correction over all cells that are not baselines.",
        "Cells of one report share their history: they are no independent tests.",
        "Money is known at the horizon that was traded. Reports may cover different stretches of history.",
    )

    headlines = {
        (each["symbol"], each["timeframe"], each["headline_model"], each["headline_horizon_bars"]) for each in reports
    }

    def is_front(row: Row) -> bool:
        place = row["symbol"], row["timeframe"], row["model"], row["horizon_bars"]
        return bool(row["is_proven"]) or place in headlines

    return table(cells, caption, columns, notes, is_front)
