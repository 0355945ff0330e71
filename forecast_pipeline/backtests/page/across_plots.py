"""Figures over many reports: skill as a map, p-values in order, coverage of every interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.lights import SIGNIFICANCE
from forecast_pipeline.backtests.page.drawing import (
    BAND,
    COLOURS,
    INK,
    MARKERS,
    REFERENCE,
    SMALL,
    shorten,
)
from forecast_pipeline.backtests.page.money_plots import heat

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_ROWS = 60


def skill_map(axes: Axes, cells: pl.DataFrame) -> None:
    """A row for each family of a report, a column for each horizon in minutes; the number is skill in percent."""
    shown = _rows(cells)
    names = [shorten(" ".join(row), 30) for row in shown.rows()]
    horizons = cells["horizon_minutes"].unique().sort().to_list()
    grid = np.full((shown.height, len(horizons)), np.nan)
    places = {row: order for order, row in enumerate(shown.rows())}
    stars = []
    for row in cells.iter_rows(named=True):
        order = places.get((row["symbol"], row["timeframe"], row["model"]))
        if order is not None:
            place = order, horizons.index(row["horizon_minutes"])
            grid[place] = 100.0 * row["crps_skill"]
            stars += [place] * bool(row["is_proven"])
    heat(axes, grid, digits=None)
    for (order, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            text = f"{value:+.1f}{' *' * ((order, column) in stars)}"
            axes.text(column, order, text, ha="center", va="center", fontsize=SMALL)
    axes.set_xticks(range(len(horizons)), [f"{minutes}" for minutes in horizons])
    axes.set_yticks(range(len(names)), names, fontsize=SMALL)
    axes.set(xlabel="horizon, trading minutes", title="CRPS skill, %")


def map_height(cells: pl.DataFrame) -> float:
    """Inches that the rows of `skill_map` need."""
    return 1.0 + 0.2 * _rows(cells).height


def p_values(axes: Axes, cells: pl.DataFrame) -> None:
    """Sorted p-values against their rank; without any difference they lie on the diagonal."""
    ordered = cells.sort("dm_p_value", "symbol", "timeframe", "model", "horizon_bars")
    rank = np.arange(1, ordered.height + 1)
    is_gain = ordered["crps_skill"].fill_null(0.0).to_numpy() > 0.0
    for order, (mask, label) in enumerate(((is_gain, "better than the baseline"), (~is_gain, "worse"))):
        values = ordered["dm_p_value"].to_numpy()[mask]
        axes.plot(rank[mask], values, MARKERS[order], color=COLOURS[order], mec=INK, mew=0.3, ms=4, label=label)
    axes.plot([0, ordered.height], [0.0, 1.0], color=REFERENCE, linestyle=":", lw=0.9, label="no difference anywhere")
    line = [0.0, SIGNIFICANCE]
    axes.plot([0, ordered.height], line, color=REFERENCE, linestyle="--", lw=0.9, label="false discovery rate 5 %")
    axes.set(xlabel="rank", ylabel="p of Diebold-Mariano", ylim=(-0.02, 1.02))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=SMALL)


def coverage(axes: Axes, cells: pl.DataFrame) -> None:
    """Coverage against the effective number of rows: few rows may stray further."""
    shown = cells.sort("n_eff")
    size = shown["n_eff"].to_numpy()
    low, high = (100.0 * shown[f"coverage_90_{end}"].fill_null(np.nan).to_numpy() for end in ("low", "high"))
    axes.axhspan(88.0, 92.0, color=BAND, alpha=0.25, lw=0)
    axes.vlines(size, low, high, color=REFERENCE, linewidth=0.6)
    for order, (symbol, timeframe) in enumerate(shown.select("symbol", "timeframe").unique(maintain_order=True).rows()):
        own = shown.filter((pl.col("symbol") == symbol) & (pl.col("timeframe") == timeframe))
        kind = order % len(COLOURS)
        label = f"{symbol} {timeframe}" if order < len(COLOURS) else None
        points = own["n_eff"], 100.0 * own["coverage_90"]
        axes.plot(*points, MARKERS[kind], color=COLOURS[kind], mec=INK, mew=0.3, ms=4, label=label)
    axes.axhline(90.0, color=REFERENCE, linestyle="--", linewidth=0.8)
    axes.set(xlabel="n_eff, rows", ylabel="90 % interval covers, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=SMALL)


def _rows(cells: pl.DataFrame) -> pl.DataFrame:
    """Families of reports, those with the most skill if there are more than can be read."""
    best = cells.group_by("symbol", "timeframe", "model", maintain_order=True).agg(pl.col("crps_skill").max())
    if best.height > _MAX_ROWS:
        best = best.sort("crps_skill", "symbol", "timeframe", "model", descending=[True, False, False, False])
    return best.head(_MAX_ROWS).select("symbol", "timeframe", "model")
