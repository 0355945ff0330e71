"""Section 6: can the stated uncertainty be trusted, and is it sharp."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page import calibration_plots
from forecast_pipeline.backtests.page.blocks import Missing
from forecast_pipeline.backtests.page.cells import HORIZON, MODEL, Column, extent, fixed, p_value, share, table, word
from forecast_pipeline.backtests.page.drawing import canvas_figure, figure
from forecast_pipeline.backtests.page.evidence import is_missing
from forecast_pipeline.backtests.page.sections.source import size_range
from forecast_pipeline.backtests.wording import bars, counted, number, p_text, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block, Table
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_FAN_CAPTIONS = {
    "best": "The day on which {subject} scored best.",
    "median": "The median day of {subject}: neither luck nor disaster.",
    "worst": "The day on which {subject} scored worst.",
}


def context(source: Source) -> Context:
    """Calibration figures, scores, and intervals before and after the conformal layer."""
    curves, subject = source.summary.curves, source.subject
    histogram, reliable, rolling = curves["pit"], curves["reliability"], curves["coverage_over_time"]
    n_out = histogram.filter(~pl.col("share").is_between("low", "high")).height
    n_off = reliable.filter(~pl.col("observed").is_between("low", "high")).height
    inside = rolling.filter(pl.col("coverage").is_between("low", "high")).height
    n_eff = f"n_eff {source.headline['n_eff']}"
    return {
        "pit": figure(
            "pit",
            histogram,
            calibration_plots.pit,
            "Histogram of PIT values",
            f"{n_out} of {histogram.height} bars of the PIT of {subject} lie outside the 95 % range of a calibrated "
            f"forecaster ({n_eff}). A hump is too wide, a bowl too narrow.",
        ),
        "reliability": figure(
            "reliability",
            reliable,
            calibration_plots.reliability,
            "Observed less stated probability of each quantile",
            f"{n_off} of {reliable.height} quantiles of {subject} are off by more than chance ({n_eff}).",
        ),
        "rolling": figure(
            "coverage",
            rolling,
            calibration_plots.coverage,
            "Rolling coverage of the 90 % interval",
            f"The rolling coverage of {subject} over disjoint rows is inside its exact binomial range "
            f"{percent(inside / max(rolling.height, 1), 0)} of the time ({n_eff}).",
            why="Too few disjoint rows for a rolling coverage",
        ),
        "sharpness": figure(
            "sharpness",
            source.summary.scores,
            calibration_plots.sharpness,
            "Width of the 90 % interval against the horizon",
            _sharpness_caption(source),
        ),
        "fans": [_fan(source, day) for day in _FAN_CAPTIONS],
        "hours": _hours(source),
        "conformal": _conformal(source),
        "conformal_width": _conformal_width(source),
        "scores": _score_table(source),
        "tests": _test_table(source),
        "calibration": _calibration_table(source),
        "hour_table": _hour_table(source),
    }


def _fan(source: Source, day: str) -> Block:
    curve = source.summary.curves["fan"]
    own = curve.filter(pl.col("day") == day)
    if own.is_empty():
        return Missing(f"Fan chart of the {day} day")
    first = own["issued_at_utc"][0]
    caption = _FAN_CAPTIONS[day].format(subject=source.subject)
    caption += (
        f" From {first:%Y-%m-%d %H:%M} UTC; every range is stated {bars(source.horizon_bars)} ahead of what came."
    )
    return canvas_figure(
        f"fan_{day}",
        f"Stated ranges and realised price, {day} day",
        caption,
        4.2,
        lambda canvas: calibration_plots.fan(canvas, own),
    )


def _sharpness_caption(source: Source) -> str:
    rows = source.summary.scores.filter(pl.col("horizon_bars") == source.horizon_bars).sort("width_90_bps", "model")
    sharpest, own = rows.row(0, named=True), source.headline
    stated = number(own["width_90_bps"], 1)
    return (
        f"At {bars(source.horizon_bars)} {sharpest['model']} is the sharpest with "
        f"{number(sharpest['width_90_bps'], 1)} bps, "
        f"{source.model} states {stated} bps (n_eff {own['n_eff']}). Narrow is good only where it covers."
    )


def _hours(source: Source) -> Block:
    frame = source.evidence.hours
    caption = ""
    if frame is not None and frame.height:
        out = frame.filter(~pl.col("coverage_90").is_between("coverage_low", "coverage_high"))
        caption = (
            f"{out.height} of {frame.height} blocks of the week are outside the range that their n_eff allows "
            f"({size_range(frame['n_eff'])})."
        )
    return figure("hours", frame, calibration_plots.hours, "Coverage by hour of the week", caption)


def _conformal(source: Source) -> Block:
    frame = source.evidence.calibration
    caption = ""
    if frame is not None and frame.height:
        frame = frame.filter(pl.col("horizon_bars") == source.horizon_bars)
        caption = _calibration_caption(frame) + " The band is 88 to 92 %."
    return figure(
        "conformal",
        frame,
        calibration_plots.widths,
        "Coverage before and after the conformal layer",
        caption,
        height=3.4,
    )


def _calibration_caption(frame: pl.DataFrame) -> str:
    before, after = (
        frame.filter(pl.col(f"coverage_90_{when}").is_between(0.88, 0.92)).height for when in ("before", "after")
    )
    return (
        f"{after} of {counted(frame.height, 'interval')} cover 88 to 92 % after the conformal layer, {before} before "
        f"it ({size_range(frame['n_eff'])})."
    )


def _conformal_width(source: Source) -> Block:
    frame = source.evidence.conformal_width
    if is_missing(frame) or frame is None:
        return Missing("Width of the conformal interval over time")
    ratio = (frame["conformal_width_bps"] / frame["raw_width_bps"]).filter(
        frame["conformal_width_bps"].is_finite() & (frame["raw_width_bps"] > 0.0)
    )
    factor = float(ratio.to_numpy().mean()) if ratio.len() else float("nan")
    caption = (
        f"The conformal layer states {number(factor, 2)} times the width of {source.subject} on average over "
        f"{frame.height} decisions drawn of {source.headline['n_rows']} (n_eff {source.headline['n_eff']}); a gap is "
        "an interval without limits."
    )
    return canvas_figure(
        "conformal_width",
        "Width of the conformal interval over time",
        caption,
        3.6,
        lambda canvas: calibration_plots.conformal_width(canvas, frame),
    )


def _score_table(source: Source) -> Table:
    scores = source.summary.scores
    best = scores.filter(pl.col("horizon_bars") == source.horizon_bars).sort("crps_bps", "model").row(0, named=True)
    caption = (
        f"{best['model']} has the lowest CRPS at {bars(source.horizon_bars)}: {number(best['crps_bps'], 4)} bps "
        f"(n_eff {best['n_eff']})."
    )
    columns = (
        HORIZON,
        MODEL,
        word("n_eff", "n_eff"),
        fixed("CRPS, bps", "crps_bps", 4),
        fixed("CRPS of the tails, bps", "crps_tails_bps", 4),
        fixed("energy score of the path, bps", "energy_bps", 3),
        fixed("QLIKE", "qlike", 4),
        fixed("interval score, bps", "interval_score_90_bps", 2),
        fixed("90 % width, bps", "width_90_bps", 2),
        Column(
            "pinball at 1, 5, 95, 99 %, bps",
            tuple(f"pinball_{q}_bps" for q in ("q01", "q05", "q95", "q99")),
            lambda r: " / ".join(number(r[f"pinball_{q}_bps"], 2) for q in ("q01", "q05", "q95", "q99")),
        ),
    )
    notes = ("Lower is better in every column but the width, which says nothing alone.",)
    return table(scores, caption, columns, notes, source.is_focus)


def _test_table(source: Source) -> Table:
    scores = source.summary.scores
    n_inside = scores.filter(pl.col("coverage_90").is_between("coverage_90_low", "coverage_90_high")).height
    caption = (
        f"The 90 % interval covers as stated, within chance, in {n_inside} of {counted(scores.height, 'case')} "
        f"({size_range(scores['n_eff'])})."
    )
    columns = (
        HORIZON,
        MODEL,
        word("n_eff", "n_eff"),
        share("50 % covers", "coverage_50"),
        share("80 % covers", "coverage_80"),
        share("90 % covers", "coverage_90"),
        extent("expected of the 90 %", ("coverage_90_low", "coverage_90_high")),
        p_value("Kupiec p", "kupiec_p_value"),
        p_value("Christoffersen p", "christoffersen_p_value"),
        p_value("dynamic quantile p", "dq_p_value"),
        p_value("PIT-KS p", "pit_p_value"),
        Column(
            "PIT-KS p, all phases [smallest, largest]",
            ("pit_phases_p_value", "pit_phases_smallest", "pit_phases_largest"),
            lambda r: (
                f"{p_text(r['pit_phases_p_value'])} [{p_text(r['pit_phases_smallest'])}, "
                f"{p_text(r['pit_phases_largest'])}]"
            ),
        ),
        p_value("Berkowitz p", "berkowitz_p_value"),
    )
    notes = (
        "All tests use disjoint rows only; the expected range is binomial over n_eff rows.",
        "A phase is every row one overlap apart from a first row; the p over all phases is twice their median.",
        "That is valid whatever their dependence. The smallest and largest are shown and never chosen.",
    )
    return table(scores, caption, columns, notes, source.is_focus)


def _calibration_table(source: Source) -> Block:
    frame = source.evidence.calibration
    if frame is None or frame.is_empty():
        return Missing("Intervals before and after the conformal layer")
    columns = (
        HORIZON,
        MODEL,
        word("n_eff", "n_eff"),
        share("90 % covers, stated", "coverage_90_before"),
        share("adjusted", "coverage_90_after"),
        fixed("width stated, bps", "width_90_before_bps", 2),
        fixed("width adjusted, bps", "width_90_after_bps", 2),
        p_value("Kupiec p, stated", "kupiec_p_before"),
        p_value("Kupiec p, adjusted", "kupiec_p_after"),
        word("alarms", "n_alarms"),
        word("rows as stated", "n_raw"),
        share("adjusted, without them", "coverage_90_active"),
    )
    notes = ["The layer learns only from labels that had ended when an interval was issued."]
    if {"n_raw", "coverage_90_active"} <= set(frame.columns):
        notes.append(
            "Rows as stated were issued before the layer had enough scores: they count among the adjusted ones, and "
            "are left out of the last column."
        )
    return table(frame, _calibration_caption(frame), columns, notes, source.is_focus)


def _hour_table(source: Source) -> Block:
    frame = source.evidence.hours
    if frame is None or frame.is_empty():
        return Missing("Skill and coverage by hour of the week")
    n_good = frame.filter(pl.col("crps_skill").fill_nan(None) > 0.0).height
    caption = f"{source.subject} has positive CRPS skill in {n_good} of {frame.height} blocks of the week ("
    caption += f"{size_range(frame['n_eff'])})."
    columns = (
        word("block", "block"),
        word("n", "n_rows"),
        word("n_eff", "n_eff"),
        share("CRPS skill", "crps_skill", 2),
        share("90 % covers", "coverage_90"),
        extent("expected", ("coverage_low", "coverage_high")),
    )
    return table(frame, caption, columns)
