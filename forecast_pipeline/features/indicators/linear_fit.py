"""Closes beside the line through the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import NO_SPREAD
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# A line that leaves less than a billionth of the variance counts as leaving that much.
_LARGEST_FIT = 1.0 - 1e-9


def linear_fit(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Line through the log closes by least squares: how sure its slope is, and where the close stands beside it.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        t statistic of the slope, kept within what a line that leaves a billionth of the variance gives, and distance
        of the present log close from the line in residual standard deviations (ddof 2). Each of shape ``(T,)``, NaN in
        the first ``lookback_bars - 1`` rows. Equal closes give 0 and 0; closes on a line give a distance of 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> [each[-1].round(4).item() for each in linear_fit(np.exp([0.0, 1.0, 1.0, 0.0]), 4)]  # a flat line at 1/2
        [0.0, -0.7071]

    References: any textbook of regression, such as N. R. Draper, H. Smith, *Applied Regression Analysis*, 1966.
    """
    require_lookback(lookback_bars, least=4)
    times = [place - (lookback_bars - 1) / 2.0 for place in range(lookback_bars)]
    time_square = sum(time * time for time in times)

    def compute(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        mean, square = mean_and_square(block, n_rows, lookback_bars)
        together, part = np.zeros(n_rows), np.empty(n_rows)
        for time, values in zip(times, lags(block, n_rows, lookback_bars), strict=True):
            np.subtract(values, mean, out=part)
            part *= time
            together += part
        is_flat = square <= NO_SPREAD * NO_SPREAD
        squares = np.where(is_flat, 1.0, lookback_bars * square)
        slope = np.where(is_flat, 0.0, together / time_square)
        fit = np.clip(slope * slope * time_square / squares, 0.0, 1.0)
        is_line = fit > _LARGEST_FIT
        left = 1.0 - np.minimum(fit, _LARGEST_FIT)
        t = np.sign(slope) * np.sqrt((lookback_bars - 2) * (1.0 - left) / left)
        distance = block[-n_rows:] - mean - times[-1] * slope
        residual = distance / np.sqrt(squares * left / (lookback_bars - 2))
        return t, np.where(is_flat | is_line, 0.0, residual)

    t, residual = in_blocks((np.log(close),), lookback_bars - 1, compute, n_outputs=2)
    return t, residual
