"""Figures of money: results over time, where they go, and what they depend on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page.drawing import (
    BAND,
    COLOURS,
    HATCHES,
    INK,
    REFERENCE,
    SMALL,
    date_axis,
    line,
    log_axis,
    shorten,
    thinned,
    zero_line,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu")
_HOURS_PER_DAY, _OPEN_HOUR, _N_BINS = 24, 17, 30
_N_SHADES = 48  # from 50 on matplotlib puts a bitmap in the place of the colour bar


def equity_curve(axes: Axes, equity: pl.DataFrame) -> None:
    """Gross and net of one account, in percent of what one unit is worth."""
    thin = thinned(equity)
    for order, (name, label) in enumerate((("gross", "gross"), ("net", "net of costs"))):
        line(axes, thin["fill_ts_utc"], 100.0 * thin[f"{name}_cumulative"], order, label)
    zero_line(axes)
    axes.set_ylabel("cumulative result, % of one unit")
    if "traded" in equity.columns and not equity["traded"].sum():
        axes.set_title("no trade was made")
    date_axis(axes, "fill, UTC")
    axes.legend(loc="best")


def underwater(axes: Axes, equity: pl.DataFrame) -> None:
    """Distance below the highest point so far, the starting point included."""
    for order, name in enumerate(("gross", "net")):
        level = pl.col(f"{name}_cumulative")
        below = equity.select("fill_ts_utc", below=100.0 * (level - level.cum_max().clip(lower_bound=0.0)))
        thin = thinned(below)
        line(axes, thin["fill_ts_utc"], thin["below"], order, name)
    axes.set_ylabel("under water, points")
    date_axis(axes, "fill, UTC")
    axes.legend(loc="lower left")


def waterfall(axes: Axes, frame: pl.DataFrame) -> None:
    """From gross to net: the first and the last bar are totals, those between are what was added or paid."""
    values = frame["pips_per_round_trip"].cast(pl.Float64).fill_nan(None).to_list()
    level, last = 0.0, len(values) - 1
    for order, value in enumerate(values):
        if value is None:  # a bar of no height would say that it costs nothing
            words: dict[str, Any] = {"ha": "center", "va": "bottom", "rotation": 90, "fontsize": SMALL}
            axes.annotate("not modelled", (order, level), xytext=(0, 3), textcoords="offset points", **words)
            continue
        is_total = order in (0, last)
        start = 0.0 if is_total else level
        kind = 0 if is_total else (2 if value >= 0.0 else 1)
        axes.bar(order, value, 0.7, bottom=start, color=COLOURS[kind], hatch=HATCHES[kind], edgecolor=INK, lw=0.4)
        level = start + value
        axes.annotate(f"{value:+.2f}", (order, max(start, level)), ha="center", va="bottom", fontsize=SMALL)
    zero_line(axes)
    axes.margins(y=0.15)
    axes.set_xticks(
        range(len(values)), [shorten(str(item).split(" (")[0], 16) for item in frame["item"]], rotation=25, ha="right"
    )
    axes.set_ylabel("pips per round trip")


def dependence(axes: Axes, frame: pl.DataFrame, name: str, label: str) -> None:
    """Net result and its Sharpe ratio against what is varied: the size of costs or the delay of a fill."""
    axes.plot(frame[name], 100.0 * frame["net"], "o-", color=COLOURS[0], lw=1.2, ms=4, label="net, % (left)")
    zero_line(axes)
    at = break_even(frame, name)
    if at is not None:
        axes.axvline(at, color=INK, linestyle=":", linewidth=1.1, label="break-even")
    axes.set(xlabel=label, ylabel="net, % of one unit")
    other = axes.twinx()
    other.spines["right"].set_visible(True)
    other.plot(frame[name], frame["sharpe"], "s--", color=COLOURS[1], lw=1.0, ms=4, label="Sharpe a year (right)")
    other.set_ylabel("Sharpe ratio a year")
    _share_zero((axes, 100.0 * frame["net"]), (other, frame["sharpe"]))
    handles = [handle for each in (axes, other) for handle in each.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _share_zero(*drawn: tuple[Axes, pl.Series]) -> None:
    """Limits that put the zero of every axis at one height, so that the line at zero is that of each."""
    ends = []
    for _, series in drawn:
        values = series.cast(pl.Float64).to_numpy()
        known = np.append(values[np.isfinite(values)], 0.0)
        ends.append((-float(known.min()), float(known.max())))
    sizes = [below + above or 1.0 for below, above in ends]
    below, above = (max(end[k] / size for end, size in zip(ends, sizes, strict=True)) for k in (0, 1))
    for (axes, _), size in zip(drawn, sizes, strict=True):
        axes.set_ylim(-(below + 0.05) * size, (above + 0.05) * size)


def break_even(frame: pl.DataFrame, name: str) -> float | None:
    """Where the net result first reaches zero from above, linear between the points tried; None if it never does.

    Example:
        >>> break_even(pl.DataFrame({"multiplier": [0.0, 1.0, 2.0], "net": [2.0, 1.0, -1.0]}), "multiplier")
        1.5
    """
    points = frame.select(name, "net").cast(pl.Float64).drop_nulls().drop_nans().sort(name).rows()
    for (left, above), (right, below) in itertools.pairwise(points):
        if above > 0.0 >= below:
            return float(left + (right - left) * above / (above - below))
    return None


def monthly(axes: Axes, frame: pl.DataFrame) -> None:
    """Net result of every month, its number in the cell."""
    years = frame["year"].unique().sort().to_list()
    cells = np.full((len(years), len(_MONTHS)), np.nan)
    for row in frame.iter_rows(named=True):
        cells[years.index(row["year"]), int(row["month"]) - 1] = 100.0 * row["net"]
    heat(axes, cells, digits=1)
    axes.set_xticks(range(len(_MONTHS)), _MONTHS, fontsize=SMALL)
    axes.set_yticks(range(len(years)), [str(year) for year in years])
    axes.set_title("net result, % of one unit")


def by_hour(canvas: Canvas, frame: pl.DataFrame) -> None:
    """Net result by hour of the trading week, a row a day that begins at 17:00 New York."""
    axes = canvas.subplots()
    cells = np.full((len(_DAYS), _HOURS_PER_DAY), np.nan)
    for row in frame.iter_rows(named=True):
        day, hour = divmod(int(row["hour_of_week"]), _HOURS_PER_DAY)
        if day < len(_DAYS) and row["n"]:
            cells[day, hour] = 100.0 * row["net"]
    image = heat(axes, cells, digits=None)
    hours = range(0, _HOURS_PER_DAY, 4)
    axes.set_xticks(hours, [f"{(_OPEN_HOUR + hour) % _HOURS_PER_DAY:02d}:00" for hour in hours])
    axes.set_yticks(range(len(_DAYS)), _DAYS)
    axes.set(xlabel="hour, New York time", ylabel="day that begins at 17:00")
    bar = canvas.colorbar(image, ax=axes, shrink=0.9)
    bar.set_label("net, % of one unit")
    bar.outline.set_linewidth(0.4)


def null(axes: Axes, frame: pl.DataFrame, found: float | None) -> None:
    """Results of the same policy on shuffled forecasts; a real edge stands right of nearly all of them."""
    draws = 100.0 * frame["net"].fill_nan(None).drop_nulls().to_numpy()
    axes.hist(draws, _N_BINS, color=BAND, edgecolor=INK, lw=0.3, label="shuffled forecasts")
    if found is not None:
        axes.axvline(100.0 * found, color=COLOURS[1], linewidth=1.6, linestyle="--", label="as forecast")
    axes.set(xlabel="net result, % of one unit", ylabel="draws")
    axes.legend(loc="best")


def hurdle(axes: Axes, frame: pl.DataFrame) -> None:
    """Information coefficient that pays the costs, by horizon; above 1 nothing can."""
    needed = frame["ic_needed"].fill_nan(None)
    axes.plot(frame["horizon_bars"], needed, "o-", color=COLOURS[0], lw=1.2, ms=4, label="needed to pay costs")
    if "detectable_ic" in frame.columns:
        seen = frame["detectable_ic"]
        axes.plot(frame["horizon_bars"], seen, "s--", color=COLOURS[1], lw=1.0, ms=4, label="smallest detectable")
    axes.axhline(1.0, color=REFERENCE, linestyle=":", linewidth=0.8)
    log_axis(axes, "y", pl.concat([needed.cast(pl.Float64), pl.Series([1.0])]))
    log_axis(axes, "x", frame["horizon_bars"])
    horizons = frame["horizon_bars"].to_list()
    axes.set_xticks(horizons, [str(horizon) for horizon in horizons])
    axes.minorticks_off()
    axes.set(xlabel="horizon, bars", ylabel="information coefficient")
    axes.legend(loc="best")


def heat(axes: Axes, cells: Any, digits: int | None) -> Any:  # noqa: ANN401 - arrays and matplotlib's own mesh
    """A map of losses and gains, the first row on top.

    Args:
        axes: Where to draw.
        cells: Shape ``(rows, columns)``; NaN stays empty.
        digits: Of the number written into each cell; None writes none.
    """
    from matplotlib.colors import LinearSegmentedColormap

    # Losses and gains in two hues, nothing in between, so that zero takes the colour of the page; never so strong
    # that a number in the cell could not be read, on white or on black.
    shades = [(*_rgb(COLOURS[1]), 0.6), (*_rgb(COLOURS[1]), 0.0), (*_rgb(COLOURS[0]), 0.0), (*_rgb(COLOURS[0]), 0.6)]
    palette = LinearSegmentedColormap.from_list(
        "result", list(zip((0.0, 0.5, 0.5, 1.0), shades, strict=True)), N=_N_SHADES
    )
    reach = float(np.nanmax(np.abs(cells), initial=0.0)) or 1.0
    edges = [np.arange(n + 1) - 0.5 for n in reversed(cells.shape)]
    mesh = axes.pcolormesh(*edges, cells, cmap=palette, vmin=-reach, vmax=reach, edgecolors=BAND, lw=0.2)
    axes.invert_yaxis()
    if digits is not None:
        for (row, column), value in np.ndenumerate(cells):
            if np.isfinite(value):
                axes.text(column, row, f"{value:+.{digits}f}", ha="center", va="center", fontsize=SMALL)
    return mesh


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5))
    return red, green, blue
