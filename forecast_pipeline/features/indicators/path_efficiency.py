"""Net moves and ranges beside the length of the path."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import change, lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
