"""The bar itself: relative prices and whether it follows a closure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def relative_open(open_: FloatArray, close: FloatArray) -> FloatArray:
    """Log return from the last close that exists to the open; after a weekend or a hole it spans that closure.

    Args:
        open_: Shape ``(T,)``, positive, oldest first.
        close: Shape ``(T,)``.

    Returns:
        Shape ``(T,)``, NaN in the first row.

    Example:
        >>> np.exp(relative_open(np.array([1.0, 3.0]), np.array([2.0, 3.0]))).tolist()
        [nan, 1.5]
    """
    out = np.full(close.size, np.nan)
    out[1:] = np.log(open_[1:] / close[:-1])
    return out


def relative_range(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log distances of high, low and close from the bar's own open, each of shape ``(T,)``.

    Example:
        >>> one = np.array([1.0])
        >>> [float(part[0]) for part in relative_range(one, one, one, one)]
        [0.0, 0.0, 0.0]
    """
    return np.log(high / open_), np.log(low / open_), np.log(close / open_)


def is_after_closure(opens_us: IntArray, closes_us: IntArray) -> FloatArray:
    """1 where a bar does not open at the close of the one before it, else 0; NaN in the first row.

    Example:
        >>> is_after_closure(np.array([0, 60, 180]), np.array([60, 120, 240])).tolist()
        [nan, 0.0, 1.0]
    """
    out = np.full(opens_us.size, np.nan)
    out[1:] = closes_us[:-1] != opens_us[1:]
    return out
