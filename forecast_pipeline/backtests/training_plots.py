"""Pictures of a trained neural family for places that show no HTML: losses over epochs, and the fan of one decision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.backtests.page.drawing import (
    COLOURS,
    HEIGHT_INCHES,
    INK,
    canvas_png,
    say,
    shorten,
    whole_numbers,
    zero_line,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    Floats = npt.NDArray[np.float64]
    Curve = Mapping[str, Sequence[float | None]]

SEGMENTS = ("train", "validation")
BANDS = (98, 90, 50)
N_PATHS = 12
_DPI = 80  # keeps each image far below 100 KB
_SETTINGS = {"font.size": 8}
_BASIS_POINTS = 1e4


def loss_curves_png(training: Mapping[str, Curve]) -> bytes:
    """Loss on train and validation rows over the epochs of each stage, one pair of axes a stage.

    Args:
        training: Card fact ``training``: a stage to its columns ``epoch``, ``train/loss``, ``validation/loss``.

    Returns:
        A PNG, equal bytes for equal numbers.
    """

    def draw(canvas: Canvas) -> None:
        canvas.suptitle("Loss by epoch; the weights kept are of the lowest validation loss", fontsize=9)
        every = np.atleast_1d(canvas.subplots(1, max(len(training), 1)))
        if not training:
            say(every[0], "No stage was recorded")
        for axes, (stage, curve) in zip(every, training.items(), strict=False):
            _losses(axes, stage, curve)
        if every[0].get_lines():
            every[0].legend(fontsize=7)

    return canvas_png(HEIGHT_INCHES, draw, _DPI, _SETTINGS)


def fan_png(increments: Floats, horizons: Sequence[int], title: str) -> bytes:
    """Bands of the log return over the horizon grid from one decision, in basis points, and some of the paths.

    Args:
        increments: Shape ``(S, K)``, joint draws of the log return of each increment.
        horizons: Ends of the increments in bars.
        title: What the picture is of.

    Returns:
        A PNG, equal bytes for equal numbers.
    """
    paths = _BASIS_POINTS * np.cumsum(np.asarray(increments), axis=1)
    paths = np.concatenate([np.zeros((paths.shape[0], 1)), paths], axis=1)
    bars = np.array([0, *horizons])

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for order, width in enumerate(BANDS):
            low, high = np.percentile(paths, [50 - width / 2, 50 + width / 2], axis=0)
            shade = 0.15 + 0.15 * order
            axes.fill_between(bars, low, high, color=COLOURS[0], alpha=shade, lw=0, label=f"{width} %")
        axes.plot(bars, paths[:N_PATHS].T, color=INK, lw=0.5, alpha=0.5)
        axes.plot(bars, np.median(paths, axis=0), color=COLOURS[1], linestyle="--", lw=1.2, label="median")
        zero_line(axes)
        axes.set_title(shorten(title, 90), fontsize=8)
        axes.set_xlabel("bars from the decision")
        axes.set_ylabel("log return, bps")
        whole_numbers(axes, "x")
        axes.legend(fontsize=7, loc="upper left")

    return canvas_png(HEIGHT_INCHES, draw, _DPI, _SETTINGS)


def _losses(axes: Axes, stage: str, curve: Curve) -> None:
    epochs = _known(curve.get("epoch", []))
    for order, segment in enumerate(SEGMENTS):
        values = _known(curve.get(f"{segment}/loss", []))
        if values:
            axes.plot(epochs, values, color=COLOURS[order], marker=".", lw=1.0, label=segment)
    axes.set_title(stage, fontsize=9)
    axes.set_xlabel("epoch", fontsize=8)
    axes.tick_params(labelsize=7)
    whole_numbers(axes, "x")


def _known(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]
