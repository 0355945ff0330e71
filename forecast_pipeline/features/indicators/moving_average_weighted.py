"""Moving averages whose weights are made to lag less."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.sliding import linear_mean, weighted_sum
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def hma(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from Hull's average, which hurries after the price.

    Twice the linearly weighted average of half the window minus that of the whole, smoothed by a third one over the
    square root of the window. Half is rounded down, the root to the nearest whole number.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first
        ``lookback_bars + round(sqrt(lookback_bars)) - 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> import numpy as np
        >>> hma(np.arange(101.0, 109.0), 4)[4:].round(6).tolist()  # it follows a straight line without a lag
        [0.0, 0.0, 0.0, 0.0]

    References: A. Hull, "How to reduce lag in a moving average", 2005.
    """
    require_lookback(lookback_bars, least=4)
    hurried = 2.0 * linear_mean(close, lookback_bars // 2) - linear_mean(close, lookback_bars)
    return log_distance(close, linear_mean(hurried, hull_smoothing_bars(lookback_bars)))


def hull_smoothing_bars(lookback_bars: int) -> int:
    """Length of the last of Hull's three averages.

    Example:
        >>> hull_smoothing_bars(16), hull_smoothing_bars(20)
        (4, 4)
    """
    return round(math.sqrt(lookback_bars))


def alma(close: FloatArray, lookback_bars: int = 21, offset: float = 0.85, width: float = 6.0) -> FloatArray:
    """Log distance of the close from Arnaud Legoux's average, a bell of weights near the window's new end.

    The bell stands at ``offset * (lookback_bars - 1)`` from the oldest bar and has the standard deviation
    ``lookback_bars / width``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.
        offset: Place of the bell, from 0 at the oldest bar to 1 at the present one.
        width: Standard deviations of the bell in a window.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> np.exp(alma(np.array([1.0, 2.0, 3.0]), 3, offset=0.5)).tolist()  # a bell around the middle
        [nan, nan, 1.5]

    References: A. Legoux, D. Kouzis-Loukas, "ALMA: Arnaud Legoux moving average", 2009.
    """
    require_lookback(lookback_bars)
    centre, std = offset * (lookback_bars - 1), lookback_bars / width
    bell = [math.exp(-(((lookback_bars - 1 - lag - centre) / std) ** 2) / 2.0) for lag in range(lookback_bars)]
    total = math.fsum(bell)
    return log_distance(close, weighted_sum(close, [weight / total for weight in bell]))
