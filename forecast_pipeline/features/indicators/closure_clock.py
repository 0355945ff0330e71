"""Bars and gap since the market was last closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def since_closure(opens_us: IntArray, closes_us: IntArray, lookback_bars: int = 96) -> FloatArray:
    """Bars since the last closure or hole, as a share of ``lookback_bars``.

    Args:
        opens_us: Shape ``(T,)``, open instants in UTC microseconds.
        closes_us: Shape ``(T,)``, close instants; a bar that does not open at the close before follows a closure.
        lookback_bars: Bars after which it no longer counts.

    Returns:
        Shape ``(T,)``, in ``(0, 1]``; ``1 / lookback_bars`` in the first bar after a closure, 1 if the last
        ``lookback_bars`` bars follow each other. Too small in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> since_closure(np.array([0, 1, 5, 6, 7]), np.array([1, 2, 6, 7, 8]), lookback_bars=2).tolist()
        [0.5, 1.0, 0.5, 1.0, 1.0]
    """
    require_lookback(lookback_bars)
    return np.minimum(_bars_since(_last_reopening(opens_us, closes_us)) + 1, lookback_bars) / lookback_bars


def closure_gap(
    opening: FloatArray, close: FloatArray, opens_us: IntArray, closes_us: IntArray, lookback_bars: int = 96
) -> FloatArray:
    """Log return over the last closure or hole, while it is less than ``lookback_bars`` bars ago.

    Args:
        opening: Shape ``(T,)``, open price in quote currency, oldest first, no NaN.
        close: Shape ``(T,)``, close price.
        opens_us: Shape ``(T,)``, open instants in UTC microseconds.
        closes_us: Shape ``(T,)``, close instants.
        lookback_bars: Bars after which the gap no longer counts.

    Returns:
        ``log(first open after / last close before)``, shape ``(T,)``; 0 if the last ``lookback_bars`` bars and
        the one before them follow each other. Not known in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price, opens_us = np.array([1.0, 2.0, 2.0, 2.0]), np.array([0, 5, 6, 7])
        >>> np.exp(closure_gap(price, price, opens_us, opens_us + 1, lookback_bars=2)).round(9).tolist()
        [1.0, 2.0, 2.0, 1.0]
    """
    require_lookback(lookback_bars)
    last = _last_reopening(opens_us, closes_us)
    gap = np.log(opening[last] / close[np.maximum(last - 1, 0)])
    return np.where((last > 0) & (_bars_since(last) < lookback_bars), gap, 0.0)


def _last_reopening(opens_us: IntArray, closes_us: IntArray) -> IntArray:
    """Row of the last bar that does not open at the close of the bar before; 0 if there is none."""
    reopens = np.zeros(opens_us.size, dtype=np.int64)
    reopens[1:] = np.where(opens_us[1:] != closes_us[:-1], np.arange(1, opens_us.size), 0)
    return np.maximum.accumulate(reopens)


def _bars_since(rows: IntArray) -> IntArray:
    return np.asarray(np.arange(rows.size) - rows)
