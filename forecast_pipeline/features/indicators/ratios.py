"""Quotients of arrays that say what nothing divided by nothing is, and log distances of prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# One tick is a millionth of the price or more; sums and differences of a few prices that are closer to each
# other than this fraction of the price differ by rounding only.
ROUNDING = 1e-10


def ratio(
    numerator: FloatArray, denominator: FloatArray, neutral: float | FloatArray, least: float | FloatArray = 0.0
) -> FloatArray:
    """``numerator / denominator``, and ``neutral`` where the denominator is nothing.

    Args:
        numerator: Shape ``(T,)``.
        denominator: Shape ``(T,)``, NaN where unknown.
        neutral: What nothing out of nothing counts as; a number or an array of shape ``(T,)``.
        least: Denominators up to this size are nothing: 0 for exact sums, a rounding residue for differences of
            prices.

    Returns:
        Shape ``(T,)``, NaN where the denominator is.

    Example:
        >>> ratio(np.array([1.0, 0.0, np.nan]), np.array([2.0, 0.0, 1.0]), neutral=7.0).tolist()
        [0.5, 7.0, nan]
    """
    is_nothing = np.abs(denominator) <= least
    safe = np.array(denominator)
    safe[is_nothing] = 1.0  # choosing by `where` takes five times as long
    out = np.asarray(numerator / safe)
    np.copyto(out, neutral, where=is_nothing)
    return out


def share(one: FloatArray, other: FloatArray) -> FloatArray:
    """Share of ``one`` in the sum of both, which are at least 0, in percent; 50 where both are zero.

    Example:
        >>> share(np.array([3.0, 0.0]), np.array([1.0, 0.0])).tolist()
        [75.0, 50.0]
    """
    return 100.0 * ratio(one, one + other, neutral=0.5)


def place(
    values: FloatArray,
    top: FloatArray,
    bottom: FloatArray,
    negligible: float | FloatArray = 0.0,
    neutral: float | FloatArray = 0.5,
) -> FloatArray:
    """Place between ``bottom`` (0) and ``top`` (1); ``neutral`` where they are not further apart than ``negligible``.

    Example:
        >>> place(np.array([2.0, 2.0]), np.array([5.0, 2.0]), np.array([1.0, 2.0])).tolist()
        [0.25, 0.5]
    """
    return ratio(values - bottom, top - bottom, neutral, negligible)


def log_distance(close: FloatArray, level: FloatArray) -> FloatArray:
    """Log distance of the close from a price level, ``log(close / level)``.

    Args:
        close: Shape ``(T,)``, positive.
        level: Shape ``(T,)``, same unit, NaN in warm-up. A band may reach zero when the range exceeds the
            price; levels below a millionth of the close count as that, so the result stays finite.

    Returns:
        Shape ``(T,)``, dimensionless, positive above the level, NaN where the level is.

    Example:
        >>> log_distance(np.array([1.0, 1.0]), np.array([1.0, -1.0])).round(2).tolist()
        [0.0, 13.82]
    """
    ratio = close * 1e-6
    np.maximum(level, ratio, out=ratio)
    np.divide(close, ratio, out=ratio)
    return np.asarray(np.log(ratio, out=ratio))


def log_ratio(prices: FloatArray, base: FloatArray) -> FloatArray:
    """``log(prices / base)``; prices that are equal up to rounding give exactly 0.

    The ratio comes before the logarithm: a difference of two logarithms would carry the rounding of the level,
    which is larger for prices of ``1e-10`` than for prices near one.

    Example:
        >>> log_ratio(np.array([1.0, np.e]), np.array([1.0 + 1e-15, 1.0])).tolist()
        [0.0, 1.0]
    """
    out = np.asarray(np.log(prices / base))
    out[np.abs(out) <= ROUNDING] = 0.0
    return out
