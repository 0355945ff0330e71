"""Runs of closes in one direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray


def streak(close: FloatArray, most_bars: int = 20) -> tuple[FloatArray, FloatArray]:
    """Length of the present run of rises or falls, and its log return; a longer run counts as ``most_bars``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        most_bars: Largest length; of a longer run only the last ``most_bars`` changes are looked at.

    Returns:
        Changes in the run, negative for falls and 0 on an unchanged close, and their log return; each of shape
        ``(T,)``, NaN in the first ``most_bars`` rows.

    Raises:
        ValueError: If ``most_bars`` is less than 2.

    Example:
        >>> [column.round(2).tolist() for column in streak(np.exp([0.0, 1.0, 0.5, 0.2]), 2)]
        [[nan, nan, -1.0, -2.0], [nan, nan, -0.5, -0.8]]

    References: L. Connors, C. Alvarez, *Short Term Trading Strategies That Work*, 2009.
    """
    require_lookback(most_bars)
    length, direction = run_lengths(close, most_bars)
    price = np.log(close)
    before = np.maximum(np.arange(close.size) - length, 0)
    signed, gained = direction * length, np.asarray(price - price[before])
    signed[:most_bars] = gained[:most_bars] = np.nan
    return signed, gained


def run_lengths(close: FloatArray, most_bars: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Changes of equal sign up to each bar, at most ``most_bars`` and 0 on an unchanged close, and their sign.

    Example:
        >>> length, direction = run_lengths(np.array([1.0, 2.0, 3.0, 3.0]), 9)
        >>> length.tolist(), direction.tolist()
        ([0, 1, 2, 0], [0.0, 1.0, 1.0, 0.0])
    """
    direction = np.zeros(close.size)
    direction[1:] = np.sign(close[1:] - close[:-1])
    turned = np.ones(close.size, dtype=np.bool_)
    turned[1:] = direction[1:] != direction[:-1]
    row = np.arange(close.size)
    length = np.minimum(row - np.maximum.accumulate(np.where(turned, row, 0)) + 1, most_bars)
    return np.where(direction == 0.0, 0, length), direction
