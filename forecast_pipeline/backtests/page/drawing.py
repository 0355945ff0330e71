"""One figure as inline SVG: equal bytes for equal numbers, legible on dark and on light.

Text and axes take the colour of the page (``currentColor``); series differ in line style, marker or hatch as well as
in colour. Matplotlib is imported only when a figure is drawn, and pyplot never: it keeps global state and may look
for a screen.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page.blocks import NOT_RECORDED, Figure, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK = "#123456"  # stands for the page's text colour, replaced in the SVG text
# Okabe and Ito's colour-blind-safe hues, moved to a middle lightness that shows on white and on black.
COLOURS = ("#2f86d1", "#d9681d", "#1f9e77", "#c06fa1", "#a88a1f", "#7a7ad1")
STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
HATCHES = ("", "///", "\\\\\\", "xxx", "---", "|||")  # no dots: as SVG they are ten times as large
BAND = REFERENCE = "#8a8a8a"
WIDTH_INCHES, HEIGHT_INCHES = 5.4, 2.9
MAX_LINES = 6
SMALL = 8  # points: the least that is legible on a phone
MAX_POINTS = 500
_LOG_MARGIN = 1.15
SETTINGS: dict[Any, Any] = {
    "font.size": 10,  # on a phone a point is a little less than a pixel
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a model name is no formula
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "hatch.linewidth": 0.7,
    "path.simplify": True,
    "svg.fonttype": "none",
}


def figure(
    name: str,
    frame: pl.DataFrame | None,
    draw: Callable[[Axes, pl.DataFrame], None],
    label: str,
    caption: str,
    *,
    height: float = HEIGHT_INCHES,
    why: str = NOT_RECORDED,
) -> Figure | Missing:
    """Draw a frame on one pair of axes, or say that it is missing.

    Args:
        name: Unique on the page.
        frame: What to draw; None or without rows, it is missing.
        draw: Draws the frame.
        label: What the figure is, read aloud and named where it is missing.
        caption: The conclusion and how to read it.
        height: Inches, at a width of `WIDTH_INCHES`.
        why: Why it is missing, if it is.
    """
    if frame is None or frame.is_empty():
        return Missing(label, why)
    return canvas_figure(name, label, caption, height, lambda canvas: draw(canvas.subplots(), frame))


def canvas_figure(name: str, label: str, caption: str, height: float, draw: Callable[[Canvas], None]) -> Figure:
    """Draw on a canvas of several axes."""
    from markupsafe import Markup

    # Our own SVG: matplotlib has escaped the names in it, and a test holds it to that.
    return Figure(Markup(canvas_svg(name, label, height, draw, caption)), caption)  # noqa: S704


def svg_text(name: str, label: str, height: float, draw: Callable[[Axes], None]) -> str:
    """One pair of axes as SVG text; ``name`` is unique on the page, ``label`` read aloud, ``height`` in inches."""
    return canvas_svg(name, label, height, lambda canvas: draw(canvas.subplots()))


def canvas_svg(name: str, label: str, height: float, draw: Callable[[Canvas], None], description: str = "") -> str:
    """A canvas as SVG text without a size of its own: it takes the width of its place."""
    import matplotlib as mpl

    # The salt makes element ids the same in every run and different in every figure of the page.
    with mpl.rc_context(SETTINGS | {"svg.hashsalt": name}):
        canvas = blank(height)
        draw(canvas)
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace('<g id="', f'<g id="{name}-').replace(INK, "currentColor")
    head, body = text.split(">", 1)
    head = re.sub(r'\s(width|height)="[\d.]+pt"', "", head)
    opening = f'<svg role="img" aria-label="{html.escape(label)}" '
    title = f"<title>{html.escape(label)}</title>"
    if description:
        title += f"<desc>{html.escape(description)}</desc>"
    return head.replace("<svg ", opening, 1) + ">" + title + _shortened(body.strip())


def canvas_png(
    height: float, draw: Callable[[Canvas], None], dpi: int, settings: Mapping[str, Any] | None = None
) -> bytes:
    """A canvas as a PNG on white, for places that show no HTML: equal bytes for equal numbers.

    Args:
        height: Inches.
        draw: Draws on the canvas.
        dpi: Pixels an inch.
        settings: Of matplotlib, on top of `SETTINGS`.
    """
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS | dict(settings or {})):
        canvas = blank(height)
        draw(canvas)
        stream = io.BytesIO()
        canvas.savefig(stream, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return stream.getvalue()


def _shortened(svg: str) -> str:
    """The drawing with coordinates to a hundredth of a point: half the size, and nobody sees more."""

    def rounded(attribute: re.Match[str]) -> str:
        return re.sub(r"(\d\.\d\d)\d+", r"\1", attribute.group())

    return re.sub(r' (?:d|x|y)="[^"]*"', rounded, svg)


def blank(height: float) -> Canvas:
    """An empty canvas of the width of every figure."""
    from matplotlib.figure import Figure as Canvas

    return Canvas(figsize=(WIDTH_INCHES, height), layout="constrained")


def line(axes: Axes, x: pl.Series, y: pl.Series, order: int, label: str) -> None:
    """One line over instants or numbers; ``order`` chooses colour and style."""
    style, colour = STYLES[order % len(STYLES)], COLOURS[order % len(COLOURS)]
    axes.plot(coordinates(x), y.to_numpy(), color=colour, linestyle=style, lw=1.2, label=legend_name(label))


def legend_name(text: str) -> str:
    """Short name for a legend; one that starts with an underscore would be left out of it."""
    return shorten(text, 22).lstrip("_")


def coordinates(values: pl.Series) -> Any:  # noqa: ANN401 - matplotlib's own input
    """Numbers or instants as matplotlib takes them."""
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.replace_time_zone(None).to_numpy()
    return values.to_numpy()


def day_number(instant: dt.datetime) -> float:
    """Days since 1970, as matplotlib counts them."""
    instant = instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
    return instant.timestamp() / 86_400.0


def date_axis(axes: Axes, label: str) -> None:
    """Few short dates below a figure that is drawn over days since 1970."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel(label)


def new_york_axis(axes: Axes, instants: pl.Series) -> None:
    """A second axis on top: the New York clock at a few of the instants."""
    local = instants.dt.convert_time_zone("America/New_York")
    # Whole hours if there are enough of them, so that the labels can be read off.
    places = [k for k, instant in enumerate(local.to_list()) if instant.minute == 0 and instant.hour % 4 == 1]
    if len(places) < 3:  # noqa: PLR2004 - a scale needs more than its two ends
        places = sorted({0, instants.len() // 2, instants.len() - 1})
    top = axes.secondary_xaxis("top")
    top.set_xticks([day_number(instants[k]) for k in places], [f"{local[k]:%H:%M}" for k in places])
    top.minorticks_off()
    top.set_xlabel("New York")


def whole_numbers(axes: Axes, *names: str) -> None:
    """Ticks at whole numbers only, on the axes ``x``, ``y`` or both."""
    from matplotlib.ticker import MaxNLocator

    for name in names:
        getattr(axes, f"{name}axis").set_major_locator(MaxNLocator(nbins="auto", integer=True))


def log_axis(axes: Axes, name: str, values: pl.Series) -> None:
    """A logarithmic axis, ``x`` or ``y``, around the positive values; left as it is if there are none.

    Ticks are plain numbers: formulas are not set in these figures.
    """
    known = values.cast(pl.Float64).to_numpy()
    positive = known[np.isfinite(known) & (known > 0.0)]
    if positive.size == 0:
        return
    low, high = positive.min(), positive.max()
    getattr(axes, f"set_{name}scale")("log")
    getattr(axes, f"set_{name}lim")(low / _LOG_MARGIN, high * _LOG_MARGIN)
    axis = getattr(axes, f"{name}axis")
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(lambda _value, _place: "")


def zero_line(axes: Axes, at: float = 0.0) -> None:
    """The value that means nothing was gained."""
    axes.axhline(at, color=REFERENCE, linewidth=0.8)


def thinned(frame: pl.DataFrame, most: int = MAX_POINTS) -> pl.DataFrame:
    """Every n-th row, and always the last."""
    every = frame.height // most + 1
    position = pl.int_range(pl.len())
    return frame.filter((position % every == 0) | (position == pl.len() - 1))


def say(axes: Axes, text: str) -> None:
    """Words in the place of a figure that has nothing to show."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def shorten(text: str, most: int = 80) -> str:
    """Text cut to a length, with a mark that it was."""
    return text if len(text) <= most else text[: most - 1] + "…"
