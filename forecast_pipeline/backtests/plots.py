"""A small picture of a report, for places that show no HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page import money_plots, skill_plots
from forecast_pipeline.backtests.page.drawing import HEIGHT_INCHES, canvas_png, say, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from forecast_pipeline.backtests.summary import Summary

_DPI = 90  # keeps the image below 100 KB


def preview_png(summary: Summary) -> bytes:
    """Skill and result over time as a PNG on white: equal bytes for equal numbers."""
    equity = summary.equity.filter(pl.col("model") == summary.verdict.headline_model)
    curve = summary.curves["loss_difference"]

    def draw(canvas: Canvas) -> None:
        upper, lower = canvas.subplots(2, 1)
        canvas.suptitle(shorten(summary.verdict.conclusion), fontsize=10)
        if curve.is_empty():
            say(upper, "No baseline in the file: nothing to compare with")
        else:
            skill_plots.loss_difference(upper, curve)
        if equity.is_empty():
            say(lower, "No decision could be filled")
        else:
            money_plots.equity_curve(lower, equity)

    return canvas_png(2.0 * HEIGHT_INCHES, draw, _DPI)
