"""Order statistics of returns: quantiles, and the median deviation beside the standard deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import NO_SPREAD, log_returns
from forecast_pipeline.features.indicators.window_ranks import sorted_windows
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_NORMAL_MAD = 1.482602218505602  # one over the 0.75 quantile of the standard normal
_TAIL = 0.05


def _quantile(windows: FloatArray, level: float) -> FloatArray:
    """Quantile of sorted rows, interpolated linearly between order statistics."""
    place = level * (windows.shape[1] - 1)
    below = int(place)
    above = min(below + 1, windows.shape[1] - 1)
    low, high = windows[:, below], windows[:, above]
    return np.asarray(low + (place - below) * (high - low))


def _row_deviation(windows: FloatArray) -> FloatArray:
    """Standard deviation (ddof 0) of every row, 0 where the values differ by rounding only."""
    columns = np.ascontiguousarray(windows.T)
    mean, square = np.zeros(windows.shape[0]), np.zeros(windows.shape[0])
    for column in columns:  # a sum along an axis may round differently for another number of rows
        mean += column
    mean /= columns.shape[0]
    for column in columns:
        square += (column - mean) ** 2
    deviation = np.sqrt(square / columns.shape[0])
    return np.where(deviation <= NO_SPREAD, 0.0, deviation)


def return_quantiles(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Low and high quantile of log returns in standard deviations, and which tail is the longer.

    The quantiles at 0.05 and 0.95 are interpolated linearly and counted from zero, not from the mean. The asymmetry is
    Kelley's: ``(q95 + q05 - 2 median) / (q95 - q05)``.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Low quantile, high quantile and asymmetry, each of shape ``(T,)``, the last in ``[-1, 1]``; all 0 where the
        returns are equal, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> close = np.exp(np.cumsum([0.0, -1.0, 0.0, 1.0]))  # quantiles -0.9 and 0.9, deviation 0.8165
        >>> [each[-1].round(4).item() for each in return_quantiles(close, 3)][:2]
        [-1.1023, 1.1023]

    References: T. L. Kelley, *Fundamentals of Statistics*, 1947, for the asymmetry.
    """
    require_lookback(lookback_bars, least=3)

    def compute(windows: FloatArray, _: FloatArray) -> tuple[FloatArray, ...]:
        low, middle, high = (_quantile(windows, level) for level in (_TAIL, 0.5, 1.0 - _TAIL))
        deviation = _row_deviation(windows)
        width = np.where((deviation == 0.0) | (high - low <= NO_SPREAD), 0.0, high - low)
        asymmetry = ratio((high - middle) - (middle - low), width, 0.0)
        return ratio(low, deviation, 0.0), ratio(high, deviation, 0.0), np.clip(asymmetry, -1.0, 1.0)

    low, high, asymmetry = sorted_windows(log_returns(close), lookback_bars, compute, 3, warm_up_bars=1)
    return low, high, asymmetry


def mad_ratio(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Robust over usual spread of log returns: 1.4826 median absolute deviations over the standard deviation.

    1 for normal returns, less where few large moves make the standard deviation.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, ratio, at least 0; 1 where the returns are equal, NaN in the first ``lookback_bars``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> mad_ratio(np.exp(np.cumsum([0.0, -1.0, 0.0, 1.0])), 3).round(4).tolist()  # 1.4826 * 1 / 0.8165
        [nan, nan, nan, 1.8158]

    References: F. R. Hampel, "The influence curve and its role in robust estimation", *Journal of the American
    Statistical Association* 69, 1974.
    """
    require_lookback(lookback_bars, least=3)

    def compute(windows: FloatArray, _: FloatArray) -> tuple[FloatArray, ...]:
        middle = _quantile(windows, 0.5)
        distances = np.sort(np.abs(windows - middle[:, None]), axis=1)
        return (ratio(_NORMAL_MAD * _quantile(distances, 0.5), _row_deviation(windows), 1.0),)

    return sorted_windows(log_returns(close), lookback_bars, compute, warm_up_bars=1)[0]
