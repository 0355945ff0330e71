"""Figures of what went in: folds to scale, spread by hour, tails of returns, features, planted leaks, lineage."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page.drawing import (
    BAND,
    COLOURS,
    HATCHES,
    INK,
    MARKERS,
    REFERENCE,
    SMALL,
    date_axis,
    day_number,
    legend_name,
    log_axis,
    say,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu")
_PARTS = (
    ("train", "train_start", ("validation_start", "train_end"), 0),
    ("validation", "validation_start", ("train_end",), 2),
    ("test", "test_start", ("test_end",), 1),
    ("labels reach", "test_end", ("label_end",), 3),
)
_PURGE, _EMBARGO = "purge", "embargo"
_HEIGHTS = {_PURGE: 0.3, _EMBARGO: 0.3}
Span = tuple[str, int, float, float]


def splits(canvas: Canvas, plan: list[Mapping[str, Any]]) -> None:
    """Parts of each fold on the calendar, to scale, and below the gap before the last test, enlarged."""
    spans = [(str(row.get("fold")), parts) for row in plan if (parts := fold_parts(row))]
    if not spans:
        return say(canvas.subplots(), "Fold plan not recorded")
    gap = _gap(spans[-1][1])
    panels = canvas.subplots(2 if gap else 1, 1, squeeze=False, height_ratios=(len(spans), 1.4) if gap else (1,))[:, 0]
    _bars(panels[0], spans)
    panels[0].set_yticks(range(len(spans)), [f"fold {name}" for name, _ in spans])
    date_axis(panels[0], "" if gap else "issue time, UTC")
    panels[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    if gap:
        _bars(panels[1], spans[-1:])
        start, end = gap
        panels[1].set_xlim(start - 1.5 * (end - start), end + 1.5 * (end - start))
        panels[1].set_yticks([0], [f"gap of\nfold {spans[-1][0]}"])
        date_axis(panels[1], "issue time, UTC")
    return None


def _bars(axes: Axes, spans: list[tuple[str, list[Span]]]) -> None:
    named: set[str] = set()
    for order, (_, parts) in enumerate(spans):
        for label, style, start, end in parts:
            look: dict[str, Any] = {"color": COLOURS[style], "hatch": HATCHES[style], "edgecolor": INK, "lw": 0.2}
            height = _HEIGHTS.get(label, 0.6)
            axes.barh(order, end - start, height, left=start, label=None if label in named else label, **look)
            named.add(label)
    axes.invert_yaxis()
    axes.xaxis_date()


def fold_parts(row: Mapping[str, Any]) -> list[Span]:
    """Label, style, start and end in days; nothing where train or test is not recorded: the table shows such a row.

    Purge and embargo share the gap before a test in the ratio of their bars.

    Example:
        >>> row = {"train_start": "2024-01-01", "train_end": "2024-01-03", "test_start": "2024-01-06",
        ...     "test_end": "2024-01-07", "purge_bars": 1, "embargo_bars": 2}
        >>> [(label, end - start) for label, _, start, end in fold_parts(row)]
        [('train', 2.0), ('test', 1.0), ('purge', 1.0), ('embargo', 2.0)]
    """
    found: list[Span] = []
    for label, first, ends, style in _PARTS:
        last = next((row[end] for end in ends if row.get(end)), None)
        try:
            span = [day_number(dt.datetime.fromisoformat(str(instant))) for instant in (row.get(first), last)]
        except ValueError:
            continue
        if span[1] > span[0]:
            found.append((label, style, span[0], span[1]))
    if not {"train", "test"} <= {label for label, *_ in found}:
        return []
    train_end = max(end for label, _, _, end in found if label in {"train", "validation"})
    test_start = next(start for label, _, start, _ in found if label == "test")
    purge, embargo = (float(row.get(f"{name}_bars") or 0) for name in (_PURGE, _EMBARGO))
    if test_start > train_end:
        share = purge / (purge + embargo) if purge + embargo > 0.0 else 1.0
        middle = train_end + share * (test_start - train_end)
        found += [(_PURGE, 4, train_end, middle)] * (middle > train_end)
        found += [(_EMBARGO, 5, middle, test_start)] * (test_start > middle)
    return found


def _gap(parts: list[Span]) -> tuple[float, float] | None:
    ends = [instant for label, _, start, end in parts if label in {_PURGE, _EMBARGO} for instant in (start, end)]
    return (min(ends), max(ends)) if ends else None


def spread_by_hour(axes: Axes, profile: pl.DataFrame, pip: float) -> None:
    """Usual spread of each open hour of the week; the close of the New York day stands out."""
    known = profile.with_columns(pips=pl.col("spread") / pip)
    axes.step(known["hour_of_week"], known["pips"], where="post", color=COLOURS[0], linewidth=1.1)
    for day in range(1, len(_DAYS)):
        axes.axvline(24 * day, color=REFERENCE, linewidth=0.6, linestyle=":")
    axes.set_xticks([24 * day + 12 for day in range(len(_DAYS))], _DAYS)
    axes.set(xlabel="trading day that begins at 17:00 New York", ylabel="usual spread, pips", ylim=(0.0, None))


def return_tails(axes: Axes, tails: pl.DataFrame) -> None:
    """How often a move exceeded each number of expected standard deviations, against the normal distribution."""
    for order, (name, label) in enumerate((("above", "up"), ("below", "down"))):
        shown = tails.filter(pl.col(name) > 0.0)
        axes.plot(shown["sds"], shown[name], marker=MARKERS[order], color=COLOURS[order], ms=3, lw=1.0, label=label)
    axes.plot(tails["sds"], tails["normal"], color=REFERENCE, linestyle="--", lw=1.0, label="normal")
    log_axis(axes, "y", tails["normal"])
    smallest = float(tails.filter(pl.col("above") + pl.col("below") > 0.0)["normal"].min() or 1e-6)  # type: ignore[arg-type]
    axes.set_ylim(max(smallest, 1e-6), 1.0)
    axes.set(xlabel="size of the move, expected sds", ylabel="share of moves beyond it")
    axes.legend(loc="best")


def importance(axes: Axes, frame: pl.DataFrame) -> None:
    """Features by weight; marker and colour name the timeframe."""
    timeframes = frame["timeframe"].unique(maintain_order=True).to_list()
    for order, row in enumerate(frame.iter_rows(named=True)):
        kind = timeframes.index(row["timeframe"])
        colour, hatch = COLOURS[kind % len(COLOURS)], HATCHES[kind % len(HATCHES)]
        is_first = row["timeframe"] not in frame["timeframe"][:order].to_list()
        label = legend_name(str(row["timeframe"])) if is_first else None
        axes.barh(order, row["importance"], 0.7, color=colour, hatch=hatch, edgecolor=INK, lw=0.3, label=label)
    axes.set_yticks(range(frame.height), [shorten(str(name), 28) for name in frame["column"]], fontsize=SMALL)
    axes.invert_yaxis()
    axes.set_xlabel("importance, loss added by permutation")
    axes.legend(loc="lower right", title="timeframe")


def drift(axes: Axes, frame: pl.DataFrame) -> None:
    """Distance between train and test of the columns that moved most, every fold a dot, their mean a bar."""
    mean = frame.group_by("column", maintain_order=True).agg(pl.col("psi").mean())
    places = {name: order for order, name in enumerate(mean["column"].to_list())}
    axes.barh(list(places.values()), mean["psi"], 0.6, color=BAND, alpha=0.35, lw=0, label="mean of the folds")
    rows = [places[name] for name in frame["column"].to_list()]
    axes.plot(frame["psi"], rows, "o", ms=3, color=COLOURS[0], markeredgecolor=INK, mew=0.3, label="one fold")
    axes.set_yticks(list(places.values()), [shorten(str(name), 28) for name in places], fontsize=SMALL)
    axes.invert_yaxis()
    axes.set_xlabel("population stability index, train against test")
    axes.legend(loc="lower right")


def kill_matrix(axes: Axes, leaks: pl.DataFrame) -> None:
    """Planted leaks against the tests: a square where a test caught one, a cross where none did."""
    killers = [_names(row["killed_by"]) for row in leaks.iter_rows(named=True)]
    tests = sorted({name for names in killers for name in names})
    caught = [(tests.index(name), order) for order, names in enumerate(killers) for name in names]
    grid = np.array(caught, dtype=float).reshape(-1, 2)
    axes.plot(grid[:, 0], grid[:, 1], "s", color=COLOURS[0], ms=6, label="caught")
    alive = [order for order, is_killed in enumerate(leaks["is_killed"].to_list()) if not is_killed]
    places = np.full(len(alive), (len(tests) - 1) / 2.0)
    axes.plot(places, alive, "X", color=COLOURS[1], ms=8, label="survived")
    for order in range(leaks.height):
        axes.axhline(order, color=BAND, linewidth=0.3, zorder=0)
    axes.set_yticks(range(leaks.height), [shorten(str(name), 24) for name in leaks["mutant"]], fontsize=SMALL)
    axes.set_xticks(range(len(tests)), [shorten(name, 24) for name in tests], rotation=35, ha="right", fontsize=SMALL)
    axes.set(xlim=(-0.6, max(len(tests), 1) - 0.4), ylim=(leaks.height - 0.4, -0.6))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def lineage(axes: Axes, steps: list[tuple[str, str]], side: str) -> None:
    """From the vendor's files down to this page, each step with the hash of what it read."""
    axes.set_axis_off()
    axes.set(xlim=(0.0, 10.0), ylim=(len(steps) - 0.4, -0.6))
    for order, (name, detail) in enumerate(steps):
        text = f"{shorten(name, 30)}: {shorten(detail, 44)}"
        box = {"boxstyle": "round,pad=0.35", "fc": "none", "ec": INK, "lw": 0.7}
        axes.text(4.6, order, text, ha="center", va="center", fontsize=SMALL, bbox=box)
        if order:
            style = {"arrowstyle": "-|>", "color": REFERENCE, "lw": 1.0, "shrinkA": 7, "shrinkB": 7}
            axes.annotate("", (4.6, order - 0.12), (4.6, order - 0.88), arrowprops=style)
    if side and len(steps) > 1:
        bend = {"arrowstyle": "-|>", "color": REFERENCE, "lw": 1.0, "ls": "--", "connectionstyle": "bar,fraction=-0.06"}
        axes.annotate("", (9.0, len(steps) - 1), (9.0, 1), arrowprops=bend)
        axes.text(9.9, len(steps) / 2.0, side, rotation=90, ha="right", va="center", fontsize=SMALL)


def _names(killed_by: object) -> list[str]:
    return [name.strip() for name in str(killed_by or "").split(",") if name.strip()]
