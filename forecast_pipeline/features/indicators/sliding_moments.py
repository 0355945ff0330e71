"""Count, means and squared deviations of one or two series over a sliding window that may have gaps.

A window is put together from halves of halves, as in ``windows.window_sum``, and halves are merged by the formula
of Chan, Golub and LeVeque. So nothing is lost where a deviation is tiny beside its mean, and a window of equal
values has exactly no deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import NO_SPREAD

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray

_BLOCK_ROWS = 8192  # the dozen arrays of this many rows that a merge handles stay in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of the rows of a window in which every series is known, each of shape ``(T,)``.

    Attributes:
        count: Number of these rows; NaN where the window is not full.
        means: Mean of each series.
        deviations: Summed products of deviations: of the first with itself, and, of two series, of the first with
            the second and of the second with itself.
    """

    count: FloatArray
    means: tuple[FloatArray, ...]
    deviations: tuple[FloatArray, ...]

    def stood_still(self, which: int = 0) -> npt.NDArray[np.bool_]:
        """Whether a series has no spread but rounding; ``which`` is its place in ``deviations``."""
        return np.asarray(self.deviations[which] <= self.count * NO_SPREAD**2)

    def is_scarce(self, lookback_bars: int) -> npt.NDArray[np.bool_]:
        """Whether fewer than half of the window's rows are known."""
        return np.asarray(2.0 * self.count < lookback_bars)


def sliding_moments(lookback_bars: int, *series: FloatArray) -> Moments:
    """Moments of one or two series over the last ``lookback_bars`` rows.

    Args:
        lookback_bars: Rows in the window, at least 1.
        series: One or two arrays of shape ``(T,)``; a row in which one is NaN does not count.

    Returns:
        Moments, NaN in the first ``lookback_bars - 1`` rows; all 0 where no row of the window is known.

    Example:
        >>> moments = sliding_moments(2, np.array([1.0, 3.0, np.nan]), np.array([0.0, 4.0, 4.0]))
        >>> moments.count.tolist(), moments.means[0].tolist()
        ([nan, 2.0, 1.0], [nan, 2.0, 3.0])
        >>> [array[1] for array in moments.deviations]
        [np.float64(2.0), np.float64(4.0), np.float64(8.0)]

    References: T. F. Chan, G. H. Golub, R. J. LeVeque, *The American Statistician* 37, 1983.
    """
    size = series[0].size
    n_products = len(series) * (len(series) + 1) // 2
    out = [np.full(size, np.nan) for _ in range(1 + len(series) + n_products)]
    for start in range(0, size - lookback_bars + 1, _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS + lookback_bars - 1, size)
        parts = _block_moments(lookback_bars, [each[start:stop] for each in series], n_products)
        for column, part in zip(out, parts, strict=True):
            column[start + lookback_bars - 1 : stop] = part
    return Moments(out[0], tuple(out[1 : 1 + len(series)]), tuple(out[1 + len(series) :]))


def _block_moments(lookback_bars: int, series: list[FloatArray], n_products: int) -> list[FloatArray]:
    """Count, means and deviations of every full window of a stretch of rows."""
    size = series[0].size
    n_windows = size - lookback_bars + 1
    is_known = ~np.isnan(series[0]) & ~np.isnan(series[-1])
    block = [
        is_known.astype(np.float64),
        *(np.where(is_known, each, 0.0) for each in series),
        *(np.zeros(size) for _ in range(n_products)),
    ]
    total: list[FloatArray] = []
    width, offset = 1, 0  # block[..][j] describes the `width` rows from j on
    while True:
        if lookback_bars & width:
            part = [each[offset : offset + n_windows] for each in block]
            total = _merged(total, part, len(series)) if total else part
            offset += width
        if 2 * width > lookback_bars:
            return total
        block = _merged([part[:-width] for part in block], [part[width:] for part in block], len(series))
        width *= 2


def _merged(left: list[FloatArray], right: list[FloatArray], n_series: int) -> list[FloatArray]:
    """Moments of two stretches taken together; each is count, means, deviations."""
    count = left[0] + right[0]
    share = right[0] / np.maximum(count, 1.0)
    weight = left[0] * share
    steps = [right[1 + i] - left[1 + i] for i in range(n_series)]
    means = [left[1 + i] + steps[i] * share for i in range(n_series)]
    pairs = [(i, j) for i in range(n_series) for j in range(i, n_series)]
    deviations = [
        left[1 + n_series + k] + right[1 + n_series + k] + steps[i] * steps[j] * weight
        for k, (i, j) in enumerate(pairs)
    ]
    return [count, *means, *deviations]
