"""Moving averages of finite windows, as the log distance of the close from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.sliding import linear_mean
from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

N_ORDERED = 5


def wma(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from its linearly weighted average.

    The present close weighs ``lookback_bars``, the oldest 1, as in TA-Lib's WMA.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> np.exp(wma(np.array([1.0, 4.0]), 2)).round(9).tolist()  # average (1 + 2 * 4) / 3
        [nan, 1.333333333]

    References: TA-Lib WMA.
    """
    require_lookback(lookback_bars)
    return log_distance(close, linear_mean(close, lookback_bars))


def trima(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from its triangular average, the simple mean of a simple mean.

    The weights rise to the middle of the window and fall again. Both means cover about half of the window, as in
    TA-Lib's TRIMA.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> np.exp(trima(np.array([1.0, 2.0, 3.0]), 3)).tolist()  # average (1 + 2 * 2 + 3) / 4
        [nan, nan, 1.5]

    References: TA-Lib TRIMA.
    """
    require_lookback(lookback_bars)
    first = (lookback_bars + 1) // 2
    return log_distance(close, window_mean(window_mean(close, first), lookback_bars + 1 - first))


def midpoint(close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Log distance of the close from the middle between the highest and the lowest close.

    Unlike the middle of Donchian's channel it needs no highs and lows.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Window length.

    Returns:
        ``log(close / middle)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> np.exp(midpoint(np.array([1.0, 5.0, 3.0]), 3)).tolist()
        [nan, nan, 1.0]

    References: TA-Lib MIDPOINT.
    """
    require_lookback(lookback_bars)
    return log_distance(close, (window_top(close, lookback_bars) + window_bottom(close, lookback_bars)) / 2.0)
