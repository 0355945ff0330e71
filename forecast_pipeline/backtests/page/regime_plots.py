"""Figures of regimes: when each ruled, and what skill each left."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page.drawing import (
    COLOURS,
    HATCHES,
    INK,
    MARKERS,
    REFERENCE,
    SMALL,
    date_axis,
    day_number,
    legend_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_STRETCHES = 4000
_MAX_DAYS_BETWEEN = 4  # a weekend and a holiday; a longer pause lies between folds


def timeline(axes: Axes, stretches: pl.DataFrame) -> None:
    """One row a regime, filled while it ruled; the share of the time stands beside its name."""
    stretches = _joined(stretches)
    total = sum((row["end_utc"] - row["start_utc"]).total_seconds() for row in stretches.iter_rows(named=True)) or 1.0
    names = stretches["regime"].unique().sort().to_list()
    labels = []
    for order, name in enumerate(names):
        own = stretches.filter(pl.col("regime") == name)
        spans = [
            (day_number(row["start_utc"]), (row["end_utc"] - row["start_utc"]).total_seconds() / 86_400.0)
            for row in own[:_MAX_STRETCHES].iter_rows(named=True)
        ]
        colour, hatch = COLOURS[order % len(COLOURS)], HATCHES[order % len(HATCHES)]
        axes.broken_barh(spans, (order - 0.4, 0.8), facecolors=colour, lw=0, hatch=hatch)
        held = sum((row["end_utc"] - row["start_utc"]).total_seconds() for row in own.iter_rows(named=True))
        labels.append(f"{legend_name(str(name))}\n{100.0 * held / total:.0f} %")
    axes.set_yticks(range(len(names)), labels, fontsize=SMALL)
    axes.invert_yaxis()
    axes.xaxis_date()
    date_axis(axes, "time of issue, UTC")


def _joined(stretches: pl.DataFrame) -> pl.DataFrame:
    """Stretches up to the beginning of the next one, unless the data pause in between: one decision has no length."""
    ordered = stretches.sort("start_utc")
    following = pl.concat([ordered["start_utc"][1:], ordered["end_utc"][-1:]])
    is_near = following - ordered["end_utc"] <= dt.timedelta(days=_MAX_DAYS_BETWEEN)
    return ordered.with_columns(end_utc=pl.when(is_near).then(following).otherwise("end_utc"))


def regime_skill(axes: Axes, frame: pl.DataFrame) -> None:
    """Skill in each regime with its interval and n_eff; hollow where n_eff is too small to rely on."""
    models = frame["model"].unique(maintain_order=True).to_list()
    position = 0.0
    ticks: list[tuple[float, str]] = []
    for (regime,), group in frame.partition_by("regime", as_dict=True, maintain_order=True).items():
        first = position
        for row in group.iter_rows(named=True):
            order = models.index(row["model"])
            colour = COLOURS[order % len(COLOURS)]
            low, high, skill = (100.0 * row[f"crps_skill{end}"] for end in ("_low", "_high", ""))
            axes.plot([low, high], [position, position], color=colour, lw=1.2)
            face = colour if row["is_reliable"] else "none"
            marker = MARKERS[order % len(MARKERS)]
            label = legend_name(row["model"]) if not ticks else None
            axes.plot([skill], [position], marker, color=face, markeredgecolor=INK, ms=5, mew=0.7, label=label)
            position += 1.0
        n_eff = int(group["n_eff"].min())  # type: ignore[arg-type]
        ticks.append(((first + position - 1.0) / 2.0, f"{legend_name(str(regime))}\nn_eff {n_eff}"))
        position += 0.8
    axes.axvline(0.0, color=REFERENCE, linewidth=0.8)
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks], fontsize=SMALL)
    axes.invert_yaxis()
    axes.set_xlabel("CRPS skill against the best baseline, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=SMALL)


def policy(axes: Axes, frame: pl.DataFrame) -> None:
    """Gain of each way to choose a model, with its interval; to the right of zero it beats the global champion."""
    for order, row in enumerate(frame.iter_rows(named=True)):
        axes.plot([row["gain_low"], row["gain_high"]], [order, order], color=COLOURS[0], lw=1.2)
        axes.plot([row["gain_bps"]], [order], "o", color=COLOURS[0], markeredgecolor=INK, ms=5, mew=0.5)
    axes.axvline(0.0, color=REFERENCE, linewidth=0.8)
    axes.set_yticks(range(frame.height), [legend_name(str(name)) for name in frame["name"]], fontsize=SMALL)
    axes.invert_yaxis()
    axes.set_xlabel("CRPS gain over the global champion, bps")
