"""Figures of overfitting and of power: ranks out of sample, deflation, recombined paths, what could have been found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page.drawing import (
    COLOURS,
    HATCHES,
    INK,
    REFERENCE,
    STYLES,
    coordinates,
    date_axis,
    log_axis,
    thinned,
    zero_line,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_BINS = 24
_ENOUGH_DEFLATED = 0.95
_ENOUGH_POWER = 80.0
_POINTS_PER_PATH = 150


def pbo_logits(axes: Axes, frame: pl.DataFrame) -> None:
    """Out-of-sample rank of the in-sample best; what lies left of zero was worse than the median."""
    logit = frame["logit"].to_numpy()
    logit = logit[np.isfinite(logit)]
    reach = max(1.0, float(np.max(np.abs(logit), initial=0.0)))
    edges = np.linspace(-reach, reach, _N_BINS + 1)  # an edge at zero keeps the two sides apart
    for order, side in enumerate((logit[logit > 0.0], logit[logit <= 0.0])):
        label = ("above the median", "not above: overfitted")[order]
        counts, _ = np.histogram(side, edges)
        axes.bar(
            edges[:-1],
            100.0 * counts / max(logit.size, 1),
            np.diff(edges),
            align="edge",
            color=COLOURS[order],
            hatch=HATCHES[order],
            edgecolor=INK,
            lw=0.3,
            label=label,
        )
    axes.axvline(0.0, color=REFERENCE, linewidth=0.8)
    axes.set(xlabel="logit of the out-of-sample rank", ylabel="share of splits, %")
    axes.legend(loc="best")


def dsr_by_trials(axes: Axes, frame: pl.DataFrame, n_trials: float | None) -> None:
    """How the same Sharpe ratio fades as more trials stand behind it."""
    axes.plot(frame["n_trials"], frame["dsr"], color=COLOURS[0], linewidth=1.2, marker=".")
    axes.axhline(_ENOUGH_DEFLATED, color=REFERENCE, linestyle="--", linewidth=0.8)
    if n_trials is not None:
        axes.axvline(float(n_trials), color=COLOURS[1], linestyle=":", linewidth=1.2, label="trials of this run")
        axes.legend(loc="best")
    log_axis(axes, "x", frame["n_trials"])
    axes.set(xlabel="number of trials", ylabel="deflated Sharpe ratio, probability", ylim=(-0.02, 1.02))


def paths(axes: Axes, frame: pl.DataFrame) -> None:
    """Every recombined path of the same history; one walk-forward path is a single draw of them."""
    for path in frame.partition_by("path", maintain_order=True):
        shown = thinned(path, _POINTS_PER_PATH)
        axes.plot(
            coordinates(shown["day_utc"]), shown["cumulative_loss_difference_bps"], color=COLOURS[0], lw=0.7, alpha=0.7
        )
    middle = frame.group_by("day_utc").agg(pl.col("cumulative_loss_difference_bps").median()).sort("day_utc")
    shown = thinned(middle, _POINTS_PER_PATH)
    median = shown["cumulative_loss_difference_bps"]
    axes.plot(coordinates(shown["day_utc"]), median, color=COLOURS[1], lw=1.6, linestyle=STYLES[1], label="median path")
    zero_line(axes)
    axes.set_ylabel("cumulative CRPS gain, bps")
    date_axis(axes, "day, UTC")
    axes.legend(loc="best")


def power(axes: Axes, frame: pl.DataFrame, needed: float | None) -> None:
    """Chance to find an information coefficient of each size, by the tests that the frame has."""
    shown = frame.sort("ic")
    tests = (("power", "test of the coefficient", "."), ("power_of_dm", "Diebold-Mariano test of CRPS", None))
    for order, (name, label, marker) in enumerate(tests):
        if name in shown.columns:
            look: dict[str, Any] = {"color": COLOURS[2 * order], "linestyle": STYLES[order], "marker": marker}
            axes.plot(shown["ic"], 100.0 * shown[name], lw=1.2, label=label, **look)
    axes.axhline(_ENOUGH_POWER, color=REFERENCE, linestyle="--", linewidth=0.8)
    if needed is not None and needed <= 2.0 * float(shown["ic"][-1]):
        axes.axvline(needed, color=COLOURS[1], linestyle=":", linewidth=1.4, label="needed to pay the costs")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    axes.set(xlabel="information coefficient", ylabel="power, %", ylim=(-2.0, 102.0))
