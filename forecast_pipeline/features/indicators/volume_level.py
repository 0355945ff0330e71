"""Level of the volume: against its mean, its own history, the day before, and how evenly it came."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import decaying_mean, nothing_traded
from forecast_pipeline.features.indicators.session_parts import of_previous_session, session_starts, session_sum
from forecast_pipeline.features.indicators.window_parts import lags, line_slope, share, window_mean
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum
from forecast_pipeline.features.warm_up import exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

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
    return share(volume, window_mean(volume, lookback_bars), 1.0)


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
    for _, view in lags(log_volume, lookback_bars):
        centre += np.maximum(view, floor)
    centre /= lookback_bars
    for _, view in lags(log_volume, lookback_bars):
        deviation = np.maximum(view, floor)
        deviation -= centre
        deviation *= deviation
        squares += deviation
    out[first:] = share(np.maximum(log_volume[first:], floor) - centre, np.sqrt(squares / lookback_bars), 0.0, _EVEN)
    return out


def percentage_volume_oscillator(
    volume: FloatArray,
    *,
    fast_bars: int = 12,
    slow_bars: int = 26,
    signal_bars: int = 9,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fast minus slow exponential average of the volume over the slow one, its signal and the difference.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average.
        signal_bars: Length of the average of the line.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Line, signal and histogram as fractions, not percent, each of shape ``(T,)``; NaN until an unrecorded
        volume is forgotten, 0 once all volume is.

    Raises:
        ValueError: If the lengths do not increase from at least 1.

    Example:
        >>> volume = np.array([3.0, 9.0])  # averages 9 and 7
        >>> [part.round(4).tolist() for part in percentage_volume_oscillator(volume, fast_bars=1, slow_bars=3)][0]
        [0.0, 0.2857]

    References: G. Appel's percentage price oscillator, applied to volume.
    """
    if not 1 <= fast_bars < slow_bars:
        raise ValueError(f"lengths must increase from at least 1, was {fast_bars}, {slow_bars}")
    slow_smoothing = exponential(slow_bars)
    slow = decaying_mean(volume, slow_smoothing, tolerance)
    difference = decaying_mean(volume, exponential(fast_bars), tolerance) - slow
    is_idle = nothing_traded(volume, slow_smoothing, tolerance) & ~np.isnan(slow)
    line = share(np.where(is_idle, 0.0, difference), slow, 0.0)
    signal = decaying_mean(line, exponential(signal_bars), tolerance)
    return line, signal, line - signal


def session_volume_share(volume: FloatArray, session: IntArray) -> FloatArray:
    """Volume of the session so far, as a share of it and the whole volume of the session before.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``: 0.5 when as much has been traded as in all of the session before; NaN in
        the first session and where either session holds an unrecorded volume. No volume gives 0.5.

    Example:
        >>> session_volume_share(np.array([1.0, 2.0, 1.0, 2.0]), np.array([7, 7, 8, 8])).tolist()
        [nan, nan, 0.25, 0.5]

    References: relative volume by time of day, as a share.
    """
    so_far = session_sum(volume, session)
    last = np.append(session_starts(session)[1:], session.size) - 1
    whole = of_previous_session(so_far[last], session) if session.size else so_far
    return share(so_far, so_far + whole, 0.5)


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
    rise = line_slope(volume, lookback_bars) * (lookback_bars - 1.0)
    return share(rise, window_mean(volume, lookback_bars), 0.0)


def volume_entropy(volume: FloatArray, lookback_bars: int = 30) -> FloatArray:
    """How evenly the window's volume is spread over its bars: Shannon's entropy of the shares over its largest value.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, from 0, all in one bar, to 1, the same in each; NaN in the first ``lookback_bars - 1`` rows
        and where the window holds an unrecorded volume. No volume counts as even, 1.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> volume_entropy(np.array([2.0, 2.0, 0.0, 0.0]), 2).round(9).tolist()
        [nan, 1.0, 0.0, 1.0]

    References: C. E. Shannon, *Bell System Technical Journal* 27, 1948.
    """
    require_lookback(lookback_bars)
    total = window_sum(volume, lookback_bars)
    surprise = window_sum(volume * np.log(np.where(volume == 0.0, 1.0, volume)), lookback_bars)
    entropy = np.log(np.where(total == 0.0, 1.0, total)) - share(surprise, total, 0.0)
    return np.where(total == 0.0, 1.0, np.clip(entropy / math.log(lookback_bars), 0.0, 1.0))
