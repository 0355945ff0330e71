"""Figures of skill: over time, by fold, with intervals, in-sample against out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page.drawing import (
    COLOURS,
    HATCHES,
    INK,
    MARKERS,
    MAX_LINES,
    REFERENCE,
    SMALL,
    date_axis,
    legend_name,
    line,
    say,
    shorten,
    whole_numbers,
    zero_line,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_N_COLUMNS = 2


def loss_difference(axes: Axes, curve: pl.DataFrame) -> None:
    """Running gain in CRPS; a model without skill wanders, one with skill climbs."""
    contenders = curve.filter(~pl.col("is_baseline"))
    shown = contenders if contenders.height else curve
    last = shown.group_by("model").agg(pl.col("gain_bps").last()).sort("gain_bps", "model", descending=[True, False])
    for order, name in enumerate(last["model"].to_list()[:MAX_LINES]):
        rows = shown.filter(pl.col("model") == name)
        line(axes, rows["issued_at_utc"], rows["gain_bps"], order, str(name))
    zero_line(axes)
    axes.set_ylabel("cumulative CRPS gain, bps")
    date_axis(axes, "time of issue, UTC")
    axes.legend(loc="best")


def in_and_out(axes: Axes, samples: pl.DataFrame, degradation: Mapping[str, Any]) -> None:
    """Skill on fitted rows against skill on unseen ones; on the diagonal nothing is lost."""
    drawn = samples.drop_nulls(["crps_skill_in", "crps_skill_out"]).drop_nans(["crps_skill_in", "crps_skill_out"])
    if drawn.is_empty():
        return say(axes, "No in-sample rows in the file")
    shapes = {name: order for order, name in enumerate(drawn["model"].unique(maintain_order=True).to_list())}
    for name, order in shapes.items():
        rows = drawn.filter(pl.col("model") == name)
        is_baseline = bool(rows["is_baseline"][0])
        axes.scatter(
            100.0 * rows["crps_skill_in"],
            100.0 * rows["crps_skill_out"],
            s=22,
            marker=MARKERS[order % len(MARKERS)],
            facecolors="none" if is_baseline else COLOURS[order % len(COLOURS)],
            edgecolors=REFERENCE if is_baseline else INK,
            linewidths=0.6,
            label=legend_name(name),
        )
    axes.axline((0.0, 0.0), slope=1.0, color=REFERENCE, linestyle="--", linewidth=0.8)
    slope = degradation.get("slope")
    if slope is not None:
        middle = [100.0 * float(drawn[f"crps_skill_{side}"].to_numpy().mean()) for side in ("in", "out")]
        axes.axline((middle[0], middle[1]), slope=float(slope), color=COLOURS[1], linewidth=1.0, label="slope")
    axes.set(xlabel="CRPS skill in-sample, %", ylabel="CRPS skill out-of-sample, %")
    axes.legend(loc="best", ncols=2, fontsize=SMALL)
    return None


def fold_skill(canvas: Canvas, folds: pl.DataFrame) -> None:
    """One panel a model, one bar a fold: a result that one fold carries is seen at once."""
    names = folds["model"].unique(maintain_order=True).to_list()[:MAX_LINES]
    n_rows = -(-len(names) // _N_COLUMNS)
    panels = canvas.subplots(n_rows, _N_COLUMNS, sharex=True, sharey=True, squeeze=False)
    for order, panel in enumerate(panels.flat):
        if order >= len(names):
            panel.set_axis_off()
            continue
        rows = folds.filter(pl.col("model") == names[order])
        skill = 100.0 * rows["crps_skill"].fill_nan(None).fill_null(0.0)
        for sign, colour, hatch in ((1.0, COLOURS[0], HATCHES[0]), (-1.0, COLOURS[1], HATCHES[1])):
            heights = [value if value * sign > 0.0 else 0.0 for value in skill]
            panel.bar(rows["fold"], heights, 0.8, color=colour, hatch=hatch, edgecolor=INK, lw=0.3)
        zero_line(panel)
        panel.set_title(shorten(str(names[order]), 28))
        whole_numbers(panel, "x")
    canvas.supylabel("CRPS skill, %", fontsize=10)
    canvas.supxlabel("fold", fontsize=10)


def fold_skill_height(folds: pl.DataFrame) -> float:
    """Inches that the panels of `fold_skill` need."""
    n_models = min(folds["model"].n_unique(), MAX_LINES)
    return 0.7 + 1.15 * -(-n_models // _N_COLUMNS)


def skill_by_horizon(axes: Axes, scores: pl.DataFrame) -> None:
    """Skill against the best baseline of each horizon; models stand side by side, so that no bar hides another."""
    horizons = scores["horizon_bars"].unique().sort().to_list()
    names = scores["model"].unique(maintain_order=True).to_list()[:MAX_LINES]
    for order, name in enumerate(names):
        rows = scores.filter(pl.col("model") == name).sort("horizon_bars")
        shift = 0.6 * ((order + 0.5) / len(names) - 0.5)
        places = [horizons.index(horizon) + shift for horizon in rows["horizon_bars"]]
        skill, low, high = (100.0 * rows[f"crps_skill{end}"].to_numpy() for end in ("", "_low", "_high"))
        axes.vlines(places, low, high, color=COLOURS[order], linewidth=1.0)
        axes.plot(
            places,
            skill,
            color=COLOURS[order],
            marker=MARKERS[order],
            linestyle="none",
            markeredgecolor=INK,
            mew=0.4,
            ms=4,
            label=legend_name(str(name)),
        )
    zero_line(axes)
    axes.set_xticks(range(len(horizons)), [str(horizon) for horizon in horizons])
    axes.set(xlabel="horizon, bars", ylabel="CRPS skill, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=SMALL)


def forest(axes: Axes, scores: pl.DataFrame) -> None:
    """Skill against the best baseline with its 95 % interval, a row per model, grouped by horizon."""
    position = 0.0
    ticks: list[tuple[float, str]] = []
    names = scores["model"].unique(maintain_order=True).to_list()
    for (horizon,), group in scores.partition_by("horizon_bars", as_dict=True, maintain_order=True).items():
        first = position
        for row in group.iter_rows(named=True):
            order = names.index(row["model"])
            colour = COLOURS[order % len(COLOURS)]
            marker = MARKERS[order % len(MARKERS)]
            low, high, skill = (100.0 * row[f"crps_skill{end}"] for end in ("_low", "_high", ""))
            label = legend_name(row["model"]) if not ticks else None
            axes.plot([low, high], [position, position], color=colour, lw=1.2)
            axes.plot([skill], [position], marker, color=colour, markeredgecolor=INK, ms=4, mew=0.5, label=label)
            position += 1.0
        ticks.append(((first + position - 1.0) / 2.0, f"{horizon}"))
        position += 0.8
    axes.axvline(0.0, color=REFERENCE, linewidth=0.8)
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks])
    axes.invert_yaxis()
    axes.set(xlabel="CRPS skill against the best baseline, %", ylabel="horizon, bars")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=SMALL)


def forest_height(scores: pl.DataFrame) -> float:
    """Inches that the rows of `forest` need."""
    return 1.0 + 0.12 * scores.height + 0.1 * scores["horizon_bars"].n_unique()


def ranks(axes: Axes, frame: pl.DataFrame) -> None:
    """Rank of each model in each fold; lines that cross all the time mean that nobody leads."""
    mean = frame.group_by("model").agg(pl.col("rank").mean()).sort("rank", "model")
    for order, name in enumerate(mean["model"].to_list()):
        rows = frame.filter(pl.col("model") == name).sort("fold")
        is_named = order < MAX_LINES
        axes.plot(
            rows["fold"],
            rows["rank"],
            color=COLOURS[order] if is_named else REFERENCE,
            marker=MARKERS[order] if is_named else None,
            markersize=4,
            linewidth=1.1 if is_named else 0.5,
            label=legend_name(str(name)) if is_named else None,
        )
    axes.invert_yaxis()
    whole_numbers(axes, "x", "y")
    axes.set(xlabel="fold", ylabel="rank by CRPS, 1 is best")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=SMALL)
