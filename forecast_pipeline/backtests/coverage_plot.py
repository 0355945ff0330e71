"""The coverage calendar as a figure: observed share of the open session by hour and day, week or month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page.drawing import COLOURS, INK, date_axis, say, svg_text

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.path import Path

MAX_DAYS, MAX_WEEKS = 120, 261  # a column is then at least a point wide: weeks for five years, months for longer
_HOURS, _TICK_HOURS, _OPEN_HOUR = 24, 4, 17
_HEIGHT_INCHES = 2.9
# The fuller the fainter; a hole has the colour of the text, the strongest on white and on black and without colours.
_SHADES = (
    (0.0, "none", INK, 0.9),
    (0.5, "under 50 %", COLOURS[1], 0.95),
    (0.9, "50 to 90 %", COLOURS[1], 0.55),
    (0.99, "90 to 99 %", COLOURS[0], 0.6),
    (np.inf, "99 % or more", COLOURS[0], 0.25),
)


def draw_coverage(calendar: pl.DataFrame) -> str:
    """The heat map as SVG text, or words where the calendar is empty."""
    label = "Observed share of the open session by day and hour"
    return svg_text("coverage_calendar", label, _HEIGHT_INCHES, lambda axes: heat_map(axes, calendar))


def heat_map(axes: Axes, calendar: pl.DataFrame) -> None:
    """Rows are hours from 17:00 New York, columns FX days; what no calendar covers stays empty."""
    from matplotlib.patches import Patch, PathPatch

    if calendar.is_empty():
        return say(axes, "No coverage calendar")
    cells, unit = columns_of_time(calendar)
    shade = np.searchsorted([edge for edge, *_ in _SHADES], cells["coverage_fraction"].to_numpy(), side="left")
    runs = _runs(cells.with_columns(shade=pl.Series(shade)))
    for number, (_, _, colour, alpha) in enumerate(_SHADES):
        path = _boxes(runs.filter(pl.col("shade") == number))
        # Edges that are not smoothed: else every seam between two cells would shine through.
        axes.add_patch(PathPatch(path, facecolor=colour, alpha=alpha, lw=0, antialiased=False))
    hours = range(0, _HOURS, _TICK_HOURS)
    axes.set_yticks(hours, [f"{(_OPEN_HOUR + hour) % _HOURS:02d}:00" for hour in hours])
    axes.set(xlim=(cells["start"].min(), cells["stop"].max()), ylim=(_HOURS, 0), ylabel="New York time")
    axes.xaxis_date()
    date_axis(axes, f"FX {unit}")
    swatches = [Patch(facecolor=colour, alpha=alpha, label=label) for _, label, colour, alpha in _SHADES]
    axes.legend(
        handles=swatches,
        ncols=len(swatches),
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        handlelength=1.0,
        columnspacing=1.0,
    )
    return None


def columns_of_time(calendar: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Cells of the heat map: mean coverage by hour and day, or week or month if there are too many to be read.

    Returns:
        ``start`` and ``stop`` (days since 1970), ``hour`` and ``coverage_fraction``, by time and hour; and the unit.
    """
    days = calendar["fx_day"].cast(pl.Int32)
    n_days = int(days[-1]) - int(days[0]) + 1
    limits = ((MAX_DAYS, "day", "1d"), (7 * MAX_WEEKS, "week", "1w"), (n_days, "month", "1mo"))
    unit, every = next((unit, every) for most, unit, every in limits if n_days <= most)
    begin = pl.col("fx_day").dt.truncate(every)
    mean = calendar.group_by(begin.alias("begin"), "hour").agg(pl.col("coverage_fraction").mean())
    cells = mean.sort("begin", "hour").select(
        pl.col("begin").cast(pl.Int32).alias("start"),
        pl.col("begin").dt.offset_by(every).cast(pl.Int32).alias("stop"),
        "hour",
        "coverage_fraction",
    )
    return cells, unit


def _runs(cells: pl.DataFrame) -> pl.DataFrame:
    """Neighbouring hours of one column and one shade as one box: the file stays small."""
    same = [pl.col(name) == pl.col(name).shift(1) for name in ("start", "shade")]
    is_next = pl.all_horizontal(*same, pl.col("hour") == pl.col("hour").shift(1) + 1).fill_null(value=False)
    numbered = cells.with_columns(run=(~is_next).cum_sum())
    return numbered.group_by("run", maintain_order=True).agg(
        pl.col("start", "stop", "shade").first(), low=pl.col("hour").min(), high=pl.col("hour").max() + 1
    )


def _boxes(runs: pl.DataFrame) -> Path:
    """All boxes as one outline."""
    from matplotlib.path import Path

    left, right, low, high = (runs[name].to_numpy().astype(float) for name in ("start", "stop", "low", "high"))
    corners = [(left, low), (right, low), (right, high), (left, high), (left, low)]
    vertices: npt.NDArray[np.float64] = np.stack([np.column_stack(corner) for corner in corners], axis=1)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * runs.height
    return Path(vertices.reshape(-1, 2), codes)
