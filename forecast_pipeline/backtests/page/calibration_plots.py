"""Figures of calibration: PIT, quantiles, coverage, sharpness, ranges over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page.drawing import (
    BAND,
    COLOURS,
    INK,
    MARKERS,
    MAX_LINES,
    REFERENCE,
    SMALL,
    STYLES,
    coordinates,
    date_axis,
    legend_name,
    line,
    log_axis,
    new_york_axis,
    thinned,
    zero_line,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_NOMINAL = 90.0
_MAX_NAMES = 10  # below an axis


def pit(axes: Axes, histogram: pl.DataFrame) -> None:
    """Flat within the band if probabilities are right; a hump means too wide, a bowl too narrow."""
    width = (histogram["right"] - histogram["left"]).to_numpy()
    low, high = (float(histogram[end][0]) for end in ("low", "high"))
    axes.bar(histogram["left"], histogram["share"], width, align="edge", color=COLOURS[0], alpha=0.6, ec=INK, lw=0.4)
    axes.axhspan(low, high, color=BAND, alpha=0.25, lw=0, zorder=0, label="range of a calibrated forecaster")
    for edge in (low, high):
        axes.axhline(edge, color=INK, linestyle=":", linewidth=0.9)
    axes.axhline(1.0 / histogram.height, color=INK, linestyle="--", linewidth=0.9)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes.set(xlabel="PIT, probability", ylabel="share of disjoint rows", xlim=(0.0, 1.0))


def reliability(axes: Axes, curve: pl.DataFrame) -> None:
    """Deviations are drawn, not the diagonal: near it the eye sees nothing."""
    level = curve["level"]
    axes.fill_between(
        level, 100.0 * (curve["low"] - level), 100.0 * (curve["high"] - level), color=BAND, alpha=0.25, lw=0
    )
    axes.plot(level, 100.0 * (curve["observed"] - level), "o-", color=COLOURS[0], markersize=3, linewidth=1)
    axes.axhline(0.0, color=REFERENCE, linestyle="--", linewidth=0.8)
    axes.set(xlabel="stated probability", ylabel="observed less stated, points")


def coverage(axes: Axes, curve: pl.DataFrame) -> None:
    """Rolling coverage; leaving the band for long is a change that the model did not follow."""
    time = coordinates(curve["target_ts_utc"])
    axes.fill_between(time, 100.0 * curve["low"], 100.0 * curve["high"], color=BAND, alpha=0.25, lw=0)
    marker = "." if curve.height == 1 else None
    axes.plot(time, 100.0 * curve["coverage"], color=COLOURS[0], linewidth=1.1, marker=marker)
    axes.axhline(_NOMINAL, color=REFERENCE, linestyle="--", linewidth=0.8)
    axes.set_ylabel(f"coverage over {curve['window'][0]} rows, %")
    date_axis(axes, "label end, UTC")


def hours(axes: Axes, frame: pl.DataFrame) -> None:
    """Coverage of each block of the week inside or outside the range that its sample size allows."""
    places = np.arange(frame.height)
    low, high = (100.0 * frame[f"coverage_{end}"].to_numpy() for end in ("low", "high"))
    axes.bar(places, high - low, 0.8, bottom=low, color=BAND, alpha=0.25, lw=0, label="expected range")
    found = 100.0 * frame["coverage_90"].to_numpy()
    is_inside = (found >= low) & (found <= high)
    for order, (mask, label) in enumerate(((is_inside, "inside"), (~is_inside, "outside"))):
        marker, colour = MARKERS[order], COLOURS[order]
        axes.plot(places[mask], found[mask], marker, label=label, color=colour, mec=INK, mew=0.5, ms=5)
    axes.axhline(_NOMINAL, color=REFERENCE, linestyle="--", linewidth=0.8)
    named = places[:: -(-frame.height // _MAX_NAMES)]
    axes.set_xticks(named, [str(frame["block"][int(k)]) for k in named], rotation=30, ha="right", fontsize=SMALL)
    axes.set_ylabel("90 % interval covers, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def sharpness(axes: Axes, scores: pl.DataFrame) -> None:
    """Width of the 90 % interval against the horizon; the dotted line grows with the square root of time."""
    spread = scores.group_by("model").agg(pl.col("width_90_bps").mean(), pl.col("is_baseline").first())
    order_of = spread.sort("is_baseline", "width_90_bps", "model")["model"].to_list()
    for order, name in enumerate(order_of[:MAX_LINES]):
        rows = scores.filter(pl.col("model") == name).sort("horizon_bars")
        axes.plot(
            rows["horizon_bars"],
            rows["width_90_bps"],
            color=COLOURS[order],
            marker=MARKERS[order],
            linestyle=STYLES[order],
            ms=4,
            lw=1.1,
            label=legend_name(name),
        )
    shortest = scores.sort("horizon_bars", "width_90_bps").row(0, named=True)
    grid = scores["horizon_bars"].unique().sort().to_numpy().astype(float)
    root = shortest["width_90_bps"] * np.sqrt(grid / shortest["horizon_bars"])
    axes.plot(grid, root, color=REFERENCE, linestyle=":", linewidth=1.0, label="square root of time")
    if grid.size > 1 and np.all(root > 0.0):
        log_axis(axes, "x", scores["horizon_bars"])
        log_axis(axes, "y", scores["width_90_bps"])
    axes.set_xticks(grid, [f"{value:g}" for value in grid])
    axes.minorticks_off()
    low, high = axes.get_ylim()
    ticks = np.geomspace(max(low, 1e-9), high, 6)[1:-1] if np.all(root > 0.0) else np.linspace(low, high, 5)
    axes.set_yticks([float(f"{value:.2g}") for value in ticks], [f"{float(f'{value:.2g}'):g}" for value in ticks])
    axes.set(xlabel="horizon, bars", ylabel="width of the 90 % interval, bps")
    axes.legend(loc="best", fontsize=SMALL)


def conformal_width(canvas: Canvas, frame: pl.DataFrame) -> None:
    """Width of the interval as stated and as adjusted, and the miscoverage that the layer aims at."""
    upper, lower = canvas.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    shown = thinned(frame)
    # An interval may become infinite while the layer recovers; a gap in the line says so.
    for order, (name, label) in enumerate((("raw_width_bps", "as stated"), ("conformal_width_bps", "adjusted"))):
        width = shown[name].to_numpy()
        line(upper, shown["issued_at_utc"], pl.Series(np.where(np.isfinite(width), width, np.nan)), order, label)
    upper.set_ylabel("90 % width, bps")
    upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    line(lower, shown["issued_at_utc"], 100.0 * shown["alpha"], 2, "aim")
    lower.axhline(100.0 - _NOMINAL, color=REFERENCE, linestyle="--", linewidth=0.8)
    lower.set_ylabel("alpha, %")
    date_axis(lower, "time of issue, UTC")


def fan(canvas: Canvas, curve: pl.DataFrame) -> None:
    """Ranges stated one horizon ahead and what came, in price and in standard deviations of the forecast."""
    upper, lower = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    time = coordinates(curve["issued_at_utc"])
    for axes, suffix in ((upper, ""), (lower, "_sds")):
        for order, (low, high, label) in enumerate((("q05", "q95", "90 %"), ("q25", "q75", "50 %"))):
            edges = curve[f"{low}{suffix}"], curve[f"{high}{suffix}"]
            axes.fill_between(time, *edges, color=COLOURS[0], alpha=0.2 + 0.2 * order, lw=0, label=label)
        axes.plot(time, curve[f"q50{suffix}"], color=COLOURS[0], linestyle="--", linewidth=1.0, label="median")
        axes.plot(time, curve[f"realised{suffix}"], color=COLOURS[1], marker=".", linewidth=1.0, label="realised")
    upper.set_ylabel("price, quote currency")
    upper.ticklabel_format(axis="y", useOffset=False)
    new_york_axis(upper, curve["issued_at_utc"])
    upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.2), ncols=4)
    zero_line(lower)
    lower.set_ylabel("sds of the forecast")
    date_axis(lower, "time of issue, UTC")


def widths(axes: Axes, frame: pl.DataFrame) -> None:
    """Coverage of each model and horizon before and after the conformal layer."""
    places = np.arange(frame.height)
    before, after = (100.0 * frame[f"coverage_90_{when}"].to_numpy() for when in ("before", "after"))
    axes.vlines(places, before, after, color=REFERENCE, linewidth=1.0)
    axes.plot(places, before, "o", mfc="none", color=COLOURS[1], ms=5, label="as stated")
    axes.plot(places, after, "s", color=COLOURS[0], markeredgecolor=INK, mew=0.5, ms=5, label="adjusted")
    axes.axhspan(88.0, 92.0, color=BAND, alpha=0.25, lw=0)
    axes.axhline(_NOMINAL, color=REFERENCE, linestyle="--", linewidth=0.8)
    names = [f"{legend_name(row['model'])} {row['horizon_bars']}" for row in frame.iter_rows(named=True)]
    axes.set_xticks(places, names, rotation=60, ha="right", fontsize=SMALL)
    axes.set_ylabel("90 % interval covers, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
