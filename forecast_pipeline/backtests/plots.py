"""Figures of the report as inline SVG, equal bytes for equal numbers, legible on dark and light.

Text and axes take the colour of the page (``currentColor``); series differ in line
style or marker as well as in colour. Matplotlib is imported only when a figure is
drawn, and pyplot never: it keeps global state and may look for a screen.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast_pipeline.backtests.summary import Summary

INK = "#123456"  # stands for the page's text colour, replaced in the SVG text
# Okabe and Ito's colour-blind-safe hues, moved to a middle lightness that shows on white and on black.
COLOURS = ("#2f86d1", "#d9681d", "#1f9e77", "#c06fa1", "#a88a1f", "#7a7ad1")
_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_BAND, _REFERENCE = "#8a8a8a", "#8a8a8a"
_WIDTH_INCHES, _HEIGHT_INCHES = 5.4, 2.9
_MAX_LINES = 6
_MAX_POINTS = 500
_PREVIEW_DPI = 90  # keeps the image below 100 KB
_SETTINGS: dict[Any, Any] = {
    "font.size": 9,  # on a phone a point is a little less than a pixel
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a model name is no formula
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "none",
}


def draw_all(summary: Summary, facts: Mapping[str, Any]) -> dict[str, str]:
    """SVG text of every figure by name; one that has nothing to show says so in words."""
    frames, verdict = summary.curves, summary.verdict
    equity = summary.equity.filter(pl.col("model") == verdict.headline_model)
    samples = summary.samples.filter(pl.col("horizon_bars") == verdict.headline_horizon_bars)
    plan = list(facts.get("fold_plan") or [])
    draws: dict[str, tuple[Callable[[Axes], None], str, float]] = {
        "loss_difference": (
            lambda axes: loss_difference(axes, frames["loss_difference"]),
            "Cumulative CRPS gain of each model over the best baseline",
            _HEIGHT_INCHES,
        ),
        "pit": (lambda axes: pit(axes, frames["pit"]), "Histogram of PIT values", _HEIGHT_INCHES),
        "reliability": (
            lambda axes: reliability(axes, frames["reliability"]),
            "Observed less stated probability of each quantile",
            _HEIGHT_INCHES,
        ),
        "coverage": (
            lambda axes: coverage(axes, frames["coverage_over_time"]),
            "Rolling coverage of the 90 % interval",
            _HEIGHT_INCHES,
        ),
        "fan": (lambda axes: fan(axes, frames["fan"]), "Stated ranges and realised price", _HEIGHT_INCHES),
        "equity": (lambda axes: equity_curve(axes, equity), "Gross and net result", _HEIGHT_INCHES),
        "underwater": (lambda axes: underwater(axes, equity), "Loss since the highest result", 1.9),
        "samples": (lambda axes: in_and_out(axes, samples), "R² in-sample and out", _HEIGHT_INCHES),
        "splits": (
            lambda axes: splits(axes, plan),
            "Train and test of each fold, to scale",
            0.9 + 0.28 * max(len(plan), 2),
        ),
    }
    return {name: svg_text(name, label, height, draw) for name, (draw, label, height) in draws.items()}


def preview_png(summary: Summary) -> bytes:
    """Small image of skill and result over time, on white, for places that show no HTML."""
    import matplotlib as mpl

    equity = summary.equity.filter(pl.col("model") == summary.verdict.headline_model)
    with mpl.rc_context(_SETTINGS):
        figure = _blank(2.0 * _HEIGHT_INCHES)
        upper, lower = figure.subplots(2, 1)
        figure.suptitle(_shorten(summary.verdict.conclusion), fontsize=9)
        loss_difference(upper, summary.curves["loss_difference"])
        equity_curve(lower, equity)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=_PREVIEW_DPI, facecolor="white", metadata={"Software": None})
    return stream.getvalue()


def loss_difference(axes: Axes, curve: pl.DataFrame) -> None:
    """Running gain in CRPS; a model without skill wanders, one with skill climbs."""
    contenders = curve.filter(~pl.col("is_baseline"))
    shown = contenders if contenders.height else curve
    if shown.is_empty():
        return say(axes, "No baseline in the file: nothing to compare with")
    last = shown.group_by("model").agg(pl.col("gain_bps").last()).sort("gain_bps", "model", descending=True)
    for order, name in enumerate(last["model"].to_list()[:_MAX_LINES]):
        line = shown.filter(pl.col("model") == name)
        _line(axes, line["issued_at_utc"], line["gain_bps"], order, str(name))
    axes.axhline(0.0, color=_REFERENCE, linewidth=0.8)
    axes.set_ylabel("cumulative CRPS gain, bps")
    date_axis(axes, "time of issue, UTC")
    axes.legend(loc="best")
    return None


def pit(axes: Axes, histogram: pl.DataFrame) -> None:
    """Flat within the band if probabilities are right; a hump means too wide, a bowl too narrow."""
    width = (histogram["right"] - histogram["left"]).to_numpy()
    axes.bar(histogram["left"], histogram["share"], width, align="edge", color=COLOURS[0], edgecolor=INK, lw=0.4)
    axes.axhspan(histogram["low"][0], histogram["high"][0], color=_BAND, alpha=0.25, lw=0)
    axes.axhline(1.0 / histogram.height, color=_REFERENCE, linestyle="--", linewidth=0.8)
    axes.set(xlabel="PIT, probability", ylabel="share of disjoint rows", xlim=(0.0, 1.0))


def reliability(axes: Axes, curve: pl.DataFrame) -> None:
    """Deviations are drawn, not the diagonal: near it the eye sees nothing."""
    level = curve["level"]
    low, high = curve["low"] - level, curve["high"] - level
    axes.fill_between(level, 100.0 * low, 100.0 * high, color=_BAND, alpha=0.25, lw=0)
    axes.plot(level, 100.0 * (curve["observed"] - level), "o-", color=COLOURS[0], markersize=3, linewidth=1)
    axes.axhline(0.0, color=_REFERENCE, linestyle="--", linewidth=0.8)
    axes.set(xlabel="stated probability", ylabel="observed less stated, points")


def coverage(axes: Axes, curve: pl.DataFrame) -> None:
    """Rolling coverage; leaving the band for long is a change that the model did not follow."""
    if curve.is_empty():
        return say(axes, "Too few disjoint rows for a rolling coverage")
    time = curve["target_ts_utc"]
    axes.fill_between(_times(time), 100.0 * curve["low"], 100.0 * curve["high"], color=_BAND, alpha=0.25, lw=0)
    marker = "." if curve.height == 1 else None
    axes.plot(_times(time), 100.0 * curve["coverage"], color=COLOURS[0], linewidth=1.1, marker=marker)
    axes.axhline(90.0, color=_REFERENCE, linestyle="--", linewidth=0.8)
    axes.set_ylabel(f"coverage over {curve['window'][0]} rows, %")
    date_axis(axes, "label end, UTC")
    return None


def fan(axes: Axes, curve: pl.DataFrame) -> None:
    """Every range is stated before, one horizon ahead of, the price drawn over it."""
    time = _times(curve["issued_at_utc"])
    for order, (low, high, label) in enumerate((("q05", "q95", "90 %"), ("q25", "q75", "50 %"))):
        axes.fill_between(time, curve[low], curve[high], color=COLOURS[0], alpha=0.2 + 0.2 * order, lw=0, label=label)
    axes.plot(time, curve["q50"], color=COLOURS[0], linestyle="--", linewidth=1.0, label="median")
    axes.plot(time, curve["realised"], color=COLOURS[1], marker=".", linewidth=1.0, label="realised")
    axes.set_ylabel("price, quote currency")
    axes.ticklabel_format(axis="y", useOffset=False)
    date_axis(axes, "time of issue, UTC")
    axes.legend(loc="best", ncols=4)


def equity_curve(axes: Axes, equity: pl.DataFrame) -> None:
    """Gross and net of one account, in percent of one unit held."""
    if equity.is_empty():
        return say(axes, "No decision could be filled")
    thin = _thin(equity)
    for order, (name, label) in enumerate((("gross", "gross"), ("net", "net of costs"))):
        _line(axes, thin["fill_ts_utc"], 100.0 * thin[f"{name}_cumulative"], order, label)
    axes.axhline(0.0, color=_REFERENCE, linewidth=0.8)
    axes.set_ylabel("cumulative log return, %")
    if not equity["traded"].sum():
        axes.set_title("no trade was made")
    date_axis(axes, "fill, UTC")
    axes.legend(loc="best")
    return None


def underwater(axes: Axes, equity: pl.DataFrame) -> None:
    """Distance below the highest point so far, the starting point included."""
    if equity.is_empty():
        return say(axes, "No decision could be filled")
    for order, name in enumerate(("gross", "net")):
        level = pl.col(f"{name}_cumulative")
        below = equity.select("fill_ts_utc", below=100.0 * (level - level.cum_max().clip(lower_bound=0.0)))
        thin = _thin(below)
        _line(axes, thin["fill_ts_utc"], thin["below"], order, name)
    axes.set_ylabel("under water, %")
    date_axis(axes, "fill, UTC")
    axes.legend(loc="lower left")
    return None


def in_and_out(axes: Axes, samples: pl.DataFrame) -> None:
    """Bars of R² on rows that were fitted and rows that were not: the gap is overfitting."""
    if samples["r2_in"].is_null().all():
        return say(axes, "No in-sample rows in the file")
    for order, (side, label, hatch) in enumerate((("r2_in", "in-sample", "///"), ("r2_out", "out-of-sample", ""))):
        heights = 100.0 * samples[side].fill_null(0.0).fill_nan(0.0)
        places = [position + 0.4 * order - 0.2 for position in range(samples.height)]
        axes.bar(places, heights, 0.38, color=COLOURS[order], edgecolor=INK, lw=0.4, hatch=hatch, label=label)
    axes.axhline(0.0, color=_REFERENCE, linewidth=0.8)
    names = [_shorten(str(name), 14) for name in samples["model"]]
    axes.set_xticks(range(samples.height), names, rotation=25, ha="right")
    axes.set_ylabel("R² against zero return, %")
    axes.legend(loc="best")
    return None


def splits(axes: Axes, plan: list[Mapping[str, Any]]) -> None:
    """Train and test of each fold on the calendar; the gap between them is purge and embargo."""
    spans: list[tuple[str, list[float]]] = []
    for row in plan:
        try:
            days = [_day(row[f"{part}_{end}"]) for part in ("train", "test") for end in ("start", "end")]
        except (KeyError, TypeError, ValueError):
            continue  # an incomplete row of the plan is not drawn; the table shows it
        spans.append((str(row.get("fold")), days))
    if not spans:
        return say(axes, "Fold plan not recorded")
    for order, (_, days) in enumerate(spans):
        for part, (label, hatch) in enumerate((("train", ""), ("test", "///"))):
            start, end = days[2 * part : 2 * part + 2]
            axes.barh(
                order,
                end - start,
                left=start,
                height=0.6,
                color=COLOURS[part],
                hatch=hatch,
                lw=0,
                label=None if order else label,
            )
    axes.set_yticks(range(len(spans)), [f"fold {span[0]}" for span in spans])
    axes.invert_yaxis()
    axes.xaxis_date()
    date_axis(axes, "issue time, UTC")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.0 + 0.5 / len(spans)), ncols=2)
    return None


def _day(text: str) -> float:
    instant = dt.datetime.fromisoformat(text)
    instant = instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
    return instant.timestamp() / 86_400.0  # matplotlib counts days since 1970


def svg_text(name: str, label: str, height: float, draw: Callable[[Axes], None]) -> str:
    """One figure as SVG text; ``name`` is unique on the page, ``label`` is read aloud, ``height`` is in inches."""
    import matplotlib as mpl

    # The salt makes element ids the same in every run and different in every figure of the page.
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": name}):
        figure = _blank(height)
        draw(figure.subplots())
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace('<g id="', f'<g id="{name}-').replace(INK, "currentColor")
    head, body = text.split(">", 1)  # without a size of its own the figure takes the width of its place
    head = re.sub(r'\s(width|height)="[\d.]+pt"', "", head)
    return head.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1) + ">" + body.strip()


def _blank(height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")


def _line(axes: Axes, x: pl.Series, y: pl.Series, order: int, label: str) -> None:
    safe = _shorten(label, 22).lstrip("_")  # a name that starts with an underscore would leave the legend
    style = _STYLES[order % len(_STYLES)]
    axes.plot(_times(x), y.to_numpy(), color=COLOURS[order % len(COLOURS)], linestyle=style, lw=1.2, label=safe)


def date_axis(axes: Axes, label: str) -> None:
    """Few short dates below a figure that is drawn over days since 1970."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel(label)


def _times(instants: pl.Series) -> Any:  # noqa: ANN401 - matplotlib's own date axis input
    return instants.dt.replace_time_zone(None).to_numpy()


def _thin(frame: pl.DataFrame) -> pl.DataFrame:
    every = frame.height // _MAX_POINTS + 1
    position = pl.int_range(pl.len())
    return frame.filter((position % every == 0) | (position == pl.len() - 1))


def say(axes: Axes, text: str) -> None:
    """Words in the place of a figure that has nothing to show."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def _shorten(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
