"""Strength of a trend, whichever way: how straight the path was and how much of it was progress."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import (
    exponential_mean,
    lagged,
    ratio,
    share,
    window_bottom,
    window_mean,
    window_top,
)
from forecast_pipeline.features.indicators.windows import (
    ROUNDING,
    change,
    has_stood_still,
    require_lookback,
    true_range,
    window_sum,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def mass_index(
    high: FloatArray, low: FloatArray, lookback_bars: int = 25, smoothing_bars: int = 9, tolerance: float = 1e-6
) -> FloatArray:
    """Dorsey's mass index: how much ranges widen.

    The exponential average of the range over its own exponential average, summed.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Ratios that are summed.
        smoothing_bars: Length of both averages.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Shape ``(T,)``, around ``lookback_bars``, Dorsey's bulge is at 27 for 25 bars; NaN in the first
        ``lookback_bars + 2 * smoothing_bars - 3`` rows. A bar before which no range was seen for as long as the
        averages remember counts 1.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> high = np.full(9, 2.0)
        >>> mass_index(high, high - 1.0, lookback_bars=3, smoothing_bars=2)[-1].item()
        3.0

    References: D. Dorsey, *Technical Analysis of Stocks & Commodities* 10:6, 1992.
    """
    require_lookback(lookback_bars)
    reach = high - low
    once = exponential_mean(reach, smoothing_bars)
    twice = exponential_mean(once, smoothing_bars)
    memory_bars = bars_to_forget((exponential(smoothing_bars),) * 2, tolerance)
    has_no_range = window_sum((reach != 0.0).astype(np.float64), memory_bars) == 0.0
    widening = np.where(has_no_range & ~np.isnan(twice), 1.0, ratio(once, twice, neutral=1.0))
    return window_sum(widening, lookback_bars)


def choppiness_index(high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Dreiss' choppiness: log of the path over the range it covered, as a share of the largest possible.

    The range reaches from the highest true high to the lowest true low, so that it covers gaps as the true ranges
    of the path do.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: True ranges in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``, 0 on a straight move; NaN in the first ``lookback_bars`` rows; 50 without
        any range.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([1.0, 2.0, 3.0, 2.0])
        >>> choppiness_index(close, close, close, 2).tolist()  # range 2, path 2; then range 1, path 2
        [nan, nan, 0.0, 100.0]

    References: E. W. Dreiss' choppiness index in its textbook form, the range with gaps.
    """
    require_lookback(lookback_bars)
    before = lagged(close, 1)
    path = window_sum(true_range(high, low, close), lookback_bars)
    top = window_top(np.maximum(high, before), lookback_bars)
    reach = top - window_bottom(np.minimum(low, before), lookback_bars)
    # Rounding may put the path of a straight move a little below its range.
    index = 100.0 * np.log(np.maximum(ratio(path, reach, neutral=1.0), 1.0)) / math.log(lookback_bars)
    return np.where(reach == 0.0, 50.0, np.minimum(index, 100.0))


def trend_intensity(close: FloatArray, lookback_bars: int = 30, average_bars: int = 60) -> FloatArray:
    """Pee's trend intensity: share of the deviations from the simple average that were above it.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Deviations that are summed.
        average_bars: Length of the average.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``, 100 if every close was above its average; NaN in the first
        ``lookback_bars + average_bars - 2`` rows. Closes that equal their average up to rounding count as no
        deviation; without any it is 50.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> trend_intensity(np.array([1.0, 2.0, 3.0, 1.0]), 2, 2).round(2).tolist()  # deviations 0.5, 0.5, -1
        [nan, nan, 100.0, 33.33]

    References: M. H. Pee, *Technical Analysis of Stocks & Commodities* 20:6, 2002.
    """
    require_lookback(min(lookback_bars, average_bars))
    deviation = close - window_mean(close, average_bars)
    deviation = np.where(np.abs(deviation) <= ROUNDING * close, 0.0, deviation)
    above, below = (window_sum(np.maximum(side, 0.0), lookback_bars) for side in (deviation, -deviation))
    return share(above, below)


def random_walk_index(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14
) -> tuple[FloatArray, FloatArray]:
    """Poulos' random walk index: the largest move of any span up to the lookback, in what a random walk covers.

    For the last ``k`` bars, ``k`` from 2 to ``lookback_bars``: from the first bar's low up to the present high, or
    from the first bar's high down to the present low, over the mean true range of these bars times the root of
    ``k``. The bars of the span are those of the mean, so no value exceeds the root of ``k``.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Longest span.

    Returns:
        Up and down, each of shape ``(T,)``, a ratio, above 1 in a trend; NaN in the first ``lookback_bars`` rows; 0
        where nothing moved.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close = np.array([1.0, 2.0, 3.0])  # over two bars from 2 to 3, mean true range 1
        >>> up, down = random_walk_index(close, close, close, 2)
        >>> up.round(3).tolist(), down.round(3).tolist()
        ([nan, nan, 0.707], [nan, nan, -0.707])

    References: E. M. Poulos, *Technical Analysis of Stocks & Commodities* 9:2, 1991.
    """
    require_lookback(lookback_bars)
    reach = true_range(high, low, close)
    path = reach.copy()
    up, down = np.full(close.size, -np.inf), np.full(close.size, -np.inf)
    for span in range(2, lookback_bars + 1):
        path = path + lagged(reach, span - 1)  # from the present bar back, so zeros sum to zero
        for best, move in ((up, high - lagged(low, span - 1)), (down, lagged(high, span - 1) - low)):
            np.maximum(best, math.sqrt(span) * ratio(move, path, neutral=0.0), out=best)
    return up, down


def vertical_horizontal_filter(close: FloatArray, lookback_bars: int = 28) -> FloatArray:
    """White's vertical horizontal filter: range of the closes over the path between them.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Changes in the path; the range covers the close before them too.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``, 1 on a straight move; NaN in the first ``lookback_bars`` rows; 0 where nothing
        moved.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> vertical_horizontal_filter(np.array([1.0, 2.0, 3.0, 2.0]), 2).tolist()
        [nan, nan, 1.0, 0.5]

    References: A. White, *Futures*, August 1991.
    """
    require_lookback(lookback_bars)
    reach = window_top(close, lookback_bars + 1) - window_bottom(close, lookback_bars + 1)
    return np.minimum(ratio(reach, window_sum(np.abs(change(close)), lookback_bars), neutral=0.0), 1.0)


def efficiency_ratio(close: FloatArray, lookback_bars: int = 30) -> FloatArray:
    """Kaufman's efficiency ratio: net move over the path, whichever way.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Changes in the path.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``, 1 on a straight move; NaN in the first ``lookback_bars`` rows; 0 where nothing
        moved.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> efficiency_ratio(np.array([1.0, 2.0, 3.0, 2.0]), 2).tolist()
        [nan, nan, 1.0, 0.0]

    References: P. J. Kaufman, *Smarter Trading*, 1995.
    """
    require_lookback(lookback_bars)
    path = window_sum(np.abs(change(close)), lookback_bars)
    return np.minimum(ratio(np.abs(close - lagged(close, lookback_bars)), path, neutral=0.0), 1.0)


def schaff_trend_cycle(
    close: FloatArray, *, fast_bars: int = 23, slow_bars: int = 50, cycle_bars: int = 10, tolerance: float = 1e-6
) -> FloatArray:
    """Schaff's trend cycle: the place of the convergence line in its range, smoothed, and the place of that again.

    The line is the fast minus the slow exponential average of the close; both places are smoothed by one half.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        fast_bars: Length of the fast average.
        slow_bars: Length of the slow average, more than ``fast_bars``.
        cycle_bars: Bars whose range counts, both times.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``slow_bars + 2 * cycle_bars + 1`` rows. Where the line has no
        range, or the market stood still for as long as the averages remember, its place is the middle; where the
        first place has none, as at the end of a long move, it counts itself: Schaff keeps the last value.

    Raises:
        ValueError: If ``fast_bars`` is not less than ``slow_bars``.

    Example:
        >>> schaff_trend_cycle(np.full(10, 1.1), fast_bars=2, slow_bars=3, cycle_bars=2)[7:].tolist()
        [nan, 50.0, 50.0]

    References: D. Schaff, "The Schaff trend cycle", 1999.
    """
    if fast_bars >= slow_bars:
        raise ValueError(f"fast_bars must be less than slow_bars={slow_bars}, was {fast_bars}")
    line = exponential_mean(close, fast_bars) - exponential_mean(close, slow_bars)
    is_still = has_stood_still(change(close) != 0.0, bars_to_forget((exponential(slow_bars),), tolerance))
    first = _half_smoothed(_place_of(line, cycle_bars, np.where(is_still, np.inf, ROUNDING * close), 0.5))
    return 100.0 * _half_smoothed(_place_of(first, cycle_bars, np.full(close.size, ROUNDING), first))


def _place_of(
    values: FloatArray, lookback_bars: int, negligible: FloatArray, neutral: FloatArray | float
) -> FloatArray:
    """Place of the values in their own recent range, ``neutral`` where that is negligible."""
    bottom = window_bottom(values, lookback_bars)
    reach = window_top(values, lookback_bars) - bottom
    is_flat = reach <= negligible
    return np.where(is_flat, neutral, (values - bottom) / np.where(is_flat, 1.0, reach))


def _half_smoothed(values: FloatArray) -> FloatArray:
    """Average of the value and its own last one, from the first known value on."""
    # An exponential average of three bars has the smoothing one half.
    return exponential_mean(values, 3)
