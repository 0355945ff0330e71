"""Moving averages whose speed follows the market, each restarted a fixed number of bars before every bar.

Their recursion slows down when the market goes nowhere, so it can remember its start for ever. Here every value
starts from the price ``memory_bars`` bars ago and runs forward from there: the same numbers once the average has
moved on, and exactly independent of where the history begins.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import lagged, ratio, window_bottom, window_top
from forecast_pipeline.features.indicators.windows import ROUNDING, change, log_distance, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

SLOWEST_FRAMA, STEEPNESS_FRAMA = 0.01, 4.6


def adaptive_mean(values: FloatArray, smoothing: FloatArray, memory_bars: int) -> FloatArray:
    """Average that moves by its own smoothing each bar, started from the value ``memory_bars`` bars ago.

    ``y = y + smoothing * (value - y)`` over the last ``memory_bars`` bars. Two runs of such steps put one after the
    other are again a factor and a summand, so the runs are doubled and put together in ``log2`` passes.

    Args:
        values: Shape ``(T,)``.
        smoothing: Shape ``(T,)``, in ``[0, 1]``, NaN in leading rows that are not known.
        memory_bars: Steps of the recursion.

    Returns:
        Shape ``(T,)``; NaN where fewer than ``memory_bars`` smoothings are known or no bar is before them.

    Example:
        >>> half = np.full(4, 0.5)
        >>> adaptive_mean(np.array([0.0, 4.0, 4.0, 8.0]), half, 2).tolist()  # 0, 2, 3; then 4, 4, 6
        [nan, nan, 3.0, 6.0]
    """
    n_runs = values.size - memory_bars + 1  # of runs that have all their steps; the first one lacks a start
    out = np.full(values.size, np.nan)
    if n_runs < 2:  # noqa: PLR2004 - one run with a bar before it
        return out
    factor, summand, width = 1.0 - smoothing, smoothing * values, 1  # [j] is the run of `width` steps from j on
    kept, added, offset = np.ones(n_runs), np.zeros(n_runs), 0
    while True:
        if memory_bars & width:
            here = slice(offset, offset + n_runs)
            added = factor[here] * added + summand[here]
            kept = factor[here] * kept
            offset += width
        if 2 * width > memory_bars:
            break
        summand = factor[width:] * summand[:-width] + summand[width:]
        factor = factor[width:] * factor[:-width]
        width *= 2
    out[memory_bars:] = kept[1:] * values[: n_runs - 1] + added[1:]
    return out


def kama(
    close: FloatArray, lookback_bars: int = 10, *, fast_bars: int = 2, slow_bars: int = 30, memory_bars: int = 100
) -> FloatArray:
    """Log distance of the close from Kaufman's adaptive average.

    The smoothing is the square of a mixture of two exponential ones, ``2 / (fast_bars + 1)`` on a straight move and
    ``2 / (slow_bars + 1)`` on a move that leads nowhere, mixed by the efficiency ratio of ``lookback_bars`` bars.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Bars of the efficiency ratio, which is 0 where nothing moved.
        fast_bars: Length of the fast smoothing.
        slow_bars: Length of the slow smoothing.
        memory_bars: Bars before the present one at which the average starts from the close.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars + memory_bars - 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(kama(np.full(6, 1.1), 2, memory_bars=3)).round(9).tolist()
        [nan, nan, nan, nan, 1.0, 1.0]

    References: P. J. Kaufman, *Smarter Trading*, 1995.
    """
    require_lookback(lookback_bars)
    path = window_sum(np.abs(change(close)), lookback_bars)
    # Rounding may put a straight move a little above 1.
    efficiency = np.minimum(ratio(np.abs(close - lagged(close, lookback_bars)), path, neutral=0.0), 1.0)
    fast, slow = 2.0 / (fast_bars + 1), 2.0 / (slow_bars + 1)
    smoothing = (efficiency * (fast - slow) + slow) ** 2
    return log_distance(close, adaptive_mean(close, smoothing, memory_bars))


def vidya(close: FloatArray, lookback_bars: int = 9, *, smoothing_bars: int = 12, memory_bars: int = 150) -> FloatArray:
    """Log distance of the close from Chande's variable index dynamic average.

    The smoothing is that of an exponential average over ``smoothing_bars`` times the absolute momentum oscillator,
    net move over path, of ``lookback_bars`` bars: Chande's second variant, the first one used standard deviations.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Bars of the momentum oscillator, which is 0 where nothing moved.
        smoothing_bars: Length of the average on a straight move.
        memory_bars: Bars before the present one at which the average starts from the close.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars + memory_bars - 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(vidya(np.full(6, 1.1), 2, memory_bars=3)).round(9).tolist()
        [nan, nan, nan, nan, 1.0, 1.0]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    require_lookback(lookback_bars)
    path = window_sum(np.abs(change(close)), lookback_bars)
    momentum = np.minimum(ratio(np.abs(close - lagged(close, lookback_bars)), path, neutral=0.0), 1.0)
    return log_distance(close, adaptive_mean(close, 2.0 / (smoothing_bars + 1) * momentum, memory_bars))


def frama(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 16, *, memory_bars: int = 100
) -> FloatArray:
    """Log distance of the close from Ehlers' fractal adaptive average of the median price.

    The window is cut into two halves; the dimension compares their ranges with that of the whole. A line
    (dimension 1) gives the smoothing 1, a path that fills the plane (2) about 0.01.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Window of the dimension; an odd one is used without its oldest bar.
        memory_bars: Bars before the present one at which the average starts from the median price.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars + memory_bars - 2``
        rows, one less for an odd window. Where a half or the whole has no range the dimension is 1.5; Ehlers keeps
        the last one.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> ones = np.ones(8)
        >>> frama(ones, ones, ones, 4, memory_bars=2)[4:].round(9).tolist()
        [0.0, 0.0, 0.0, 0.0]

    References: J. F. Ehlers, *Technical Analysis of Stocks & Commodities* 23:10, 2005.
    """
    require_lookback(lookback_bars, least=4)
    half = lookback_bars // 2
    newer = window_top(high, half) - window_bottom(low, half)
    older = lagged(newer, half)
    whole = window_top(high, 2 * half) - window_bottom(low, 2 * half)
    negligible = ROUNDING * close
    is_flat = (newer <= negligible) | (older <= negligible) | (whole <= negligible)
    part = np.where(is_flat, 1.0, (newer + older) / half)
    spread = np.where(is_flat, 1.0, whole / (2 * half))
    dimension = np.where(is_flat, 1.5, np.log(part / spread) / math.log(2.0))
    smoothing = np.clip(np.exp(-STEEPNESS_FRAMA * (dimension - 1.0)), SLOWEST_FRAMA, 1.0)
    return log_distance(close, adaptive_mean((high + low) / 2.0, smoothing, memory_bars))
