"""Section 10: what a forecast must achieve to pay its costs, and what the stated policy earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page import money_plots
from forecast_pipeline.backtests.page.blocks import NOT_MODELLED, Missing, Sentence
from forecast_pipeline.backtests.page.cells import HORIZON, fixed, share, table, word
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.page.sections import breakdown, results, sensitivity
from forecast_pipeline.backtests.page.sections.source import size_range
from forecast_pipeline.backtests.wording import bars, counted, number, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_NOT_MODELLED = ("swap and financing", "conversion into an account currency", "market impact", "margin")


def context(source: Source) -> Context:
    """The hurdle before any equity curve, then results, then what they depend on and where they come from."""
    absent = ", ".join(source.evidence.trading.not_modelled or _NOT_MODELLED)
    return {
        "hurdle_sentence": _hurdle_sentence(source),
        "hurdle": figure(
            "hurdle",
            _hurdle_frame(source),
            money_plots.hurdle,
            "Skill needed to pay the costs, by horizon",
            _hurdle_caption(source),
        ),
        "hurdle_table": _hurdle_table(source),
        **results.context(source),
        **sensitivity.context(source),
        **breakdown.context(source),
        "not_modelled": Missing("Left out of these costs", f"{NOT_MODELLED}: {absent}"),
    }


def _hurdle_sentence(source: Source) -> Sentence:
    hurdle, account = source.summary.verdict.cost_hurdle, source.account
    where = f"{bars(account['horizon_bars'])}; {counted(account['n_decisions'], 'decision')}"
    return Sentence(
        f"Typical costs are {number(hurdle['round_trip_pips'], 2)} pips a round trip against a mean move of "
        f"{number(hurdle['mean_move_pips'], 2)} pips over the traded horizon ({where}). To pay them a forecast of "
        f"direction needs a hit rate of {percent(hurdle['hit_rate'])} or an information coefficient of "
        f"{number(hurdle['information_coefficient'], 3)}; above 100 % or 1 it is impossible."
    )


def _hurdle_frame(source: Source) -> pl.DataFrame | None:
    """The hurdle beside what could have been seen, with the fewest independent rows of any model."""
    frame = source.evidence.trading.hurdle
    if frame is None:
        return None
    seen = source.summary.scores.group_by("horizon_bars").agg(pl.col("detectable_ic", "n_eff").min())
    seen = seen.with_columns(pl.col("horizon_bars").cast(frame.schema["horizon_bars"]))
    return frame.join(seen, on="horizon_bars", how="left", maintain_order="left").sort("horizon_bars")


def _hurdle_caption(source: Source) -> str:
    frame = _hurdle_frame(source)
    if frame is None or frame.is_empty():
        return ""
    impossible = frame.filter(pl.col("ic_needed") > 1.0)["horizon_bars"].to_list()
    seen = frame.filter(pl.col("detectable_ic") <= pl.col("ic_needed"))["horizon_bars"].to_list()
    text = f"Skill that pays could have been seen at {len(seen)} of {counted(frame.height, 'horizon')}"
    text += f" by a test of the information coefficient ({size_range(frame['n_eff'])})"
    return f"{text}; at {', '.join(map(str, impossible))} bars no direction can pay." if impossible else f"{text}."


def _hurdle_table(source: Source) -> Block:
    frame = _hurdle_frame(source)
    if frame is None or frame.is_empty():
        return Missing("Hurdle by horizon")
    columns = (
        HORIZON,
        word("n", "n_rows"),
        word("n_eff", "n_eff"),
        fixed("sd, pips", "sd_pips", 2),
        fixed("mean move, pips", "mean_move_pips", 2),
        fixed("round trip, pips", "round_trip_pips", 2),
        share("hit rate needed", "hit_rate_needed"),
        fixed("IC needed", "ic_needed", 3),
        fixed("smallest detectable IC", "detectable_ic", 3),
    )
    notes = ("Detectable: by a two-sided test of the information coefficient at the 5 % level, with 80 % power.",)
    return table(frame, "What a call of direction must be worth.", columns, notes)
