"""Level of the volume: against its mean, its own history and its own rise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.least_squares import slope
from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.sliding import newest_first
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_FLOOR = 1e-3  # a bar's volume counts as this part of the mean if it is less, so that its logarithm is finite
_NOTHING = 1e-300
_EVEN = 1e-9  # a spread of log volumes up to this is rounding


def volume_ratio(volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Volume of the bar over the mean volume of the window, the present bar included.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, from 0 to ``lookback_bars``; NaN in the first ``lookback_bars - 1`` rows and where the
        window holds an unrecorded volume. A window without volume gives 1.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> volume_ratio(np.array([1.0, 3.0, 0.0, 0.0]), 2).tolist()
        [nan, 1.5, 0.0, 1.0]

    References: J. J. Murphy, *Technical Analysis of the Financial Markets*, 1999.
    """
    require_lookback(lookback_bars)
    return ratio(volume, window_mean(volume, lookback_bars), 1.0)


def volume_zscore(volume: FloatArray, lookback_bars: int = 50) -> FloatArray:
    """Log volume of the bar in standard deviations (ddof 0) from the window's mean log volume.

    Volumes below a thousandth of the window's mean volume count as that.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        lookback_bars: Window length, the present bar included.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows and where the window holds an
        unrecorded volume. Equal volumes, or none, give 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> volume_zscore(np.array([1.0, 2.0, 2.0]), 2).tolist()
        [nan, 1.0, 0.0]

    References: standard score; on log volume because volume is skewed.
    """
    require_lookback(lookback_bars)
    first = lookback_bars - 1
    out = np.full(volume.size, np.nan)
    mean = window_mean(volume, lookback_bars)[first:]
    log_volume = np.log(np.where(volume == 0.0, _NOTHING, volume))
    floor = np.log(np.where(mean == 0.0, 1.0, mean * _FLOOR))
    centre, squares = np.zeros(mean.size), np.zeros(mean.size)
    for view in newest_first(log_volume, lookback_bars):
        centre += np.maximum(view, floor)
    centre /= lookback_bars
    for view in newest_first(log_volume, lookback_bars):
        deviation = np.maximum(view, floor)
        deviation -= centre
        deviation *= deviation
        squares += deviation
    out[first:] = ratio(np.maximum(log_volume[first:], floor) - centre, np.sqrt(squares / lookback_bars), 0.0, _EVEN)
    return out


def volume_trend(volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Rise of the volume's regression line over the window, in mean volumes.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Slope times ``lookback_bars - 1`` over the mean volume, shape ``(T,)``, within 6 either way; NaN in the
        first ``lookback_bars - 1`` rows and where the window holds an unrecorded volume. No volume gives 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> volume_trend(np.array([1.0, 2.0, 3.0]), 3).round(9).tolist()
        [nan, nan, 1.0]

    References: least-squares slope, as TA-Lib LINEARREG_SLOPE.
    """
    require_lookback(lookback_bars)
    rise = slope(volume, lookback_bars) * (lookback_bars - 1.0)
    return ratio(rise, window_mean(volume, lookback_bars), 0.0)
