"""Log distances of the close from several price levels at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_distance

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def level_distances(close: FloatArray, *levels: FloatArray) -> tuple[FloatArray, ...]:
    """Log distance of the close from each level, in their order; see `ratios.log_distance`.

    Example:
        >>> [part.round(6).tolist() for part in level_distances(np.array([1.0]), np.array([1.0]), np.exp([1.0]))]
        [[0.0], [-1.0]]
    """
    return tuple(log_distance(close, level) for level in levels)


def channel_distances(
    close: FloatArray, middle: FloatArray, half: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distance of the close from the upper band, the middle and the lower band of a channel.

    Args:
        close: Shape ``(T,)``, positive.
        middle: Shape ``(T,)``, same unit, NaN in warm-up.
        half: Shape ``(T,)``, half the width of the channel, same unit, NaN in warm-up.

    Returns:
        Three arrays of shape ``(T,)``, dimensionless; NaN where the middle or the half width is.

    Example:
        >>> [part.item() for part in channel_distances(np.array([2.0]), np.array([2.0]), np.array([0.0]))]
        [0.0, 0.0, 0.0]
    """
    middle = np.where(np.isnan(half), np.nan, middle)
    return log_distance(close, middle + half), log_distance(close, middle), log_distance(close, middle - half)
