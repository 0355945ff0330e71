"""Indicators of Wilder's relative strength index: its place in its range, its slope, its smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.momentum import rsi
from forecast_pipeline.features.indicators.ratios import place
from forecast_pipeline.features.indicators.talib_windows import exponential_mean, window_bottom, window_top
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_SAME_INDEX = 1e-7  # of 100: an index that moved less has moved by rounding


def stochastic_rsi(
    close: FloatArray,
    lookback_bars: int = 14,
    *,
    range_bars: int = 14,
    k_bars: int = 3,
    d_bars: int = 3,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray]:
    """Place of Wilder's relative strength index in its own recent range, smoothed once and twice.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length of the index.
        range_bars: Values of the index whose range counts.
        k_bars: Simple mean that makes %K.
        d_bars: Simple mean that makes %D out of %K.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        %K and %D, each of shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars + range_bars + k_bars - 2``
        and ``d_bars - 1`` more rows. An index that stands still counts as 50, where TA-Lib says 0.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> import numpy as np
        >>> price = np.array([1.0, 2.0, 3.0, 2.0])  # the index is 100, then 50
        >>> stochastic_rsi(price, 2, range_bars=2, k_bars=1, d_bars=1)[0].tolist()
        [nan, nan, nan, 0.0]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    index = rsi(close, lookback_bars, tolerance)
    top = window_top(index, range_bars)
    raw = 100.0 * place(index, top, window_bottom(index, range_bars), _SAME_INDEX)
    percent_k = window_mean(raw, k_bars)
    return percent_k, window_mean(percent_k, d_bars)


def rsi_slope(close: FloatArray, lookback_bars: int = 14, slope_bars: int = 5, tolerance: float = 1e-6) -> FloatArray:
    """Change of Wilder's relative strength index over the last ``slope_bars`` bars.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length of the index.
        slope_bars: Bars of the change.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-100, 100]``; NaN in the first ``lookback_bars + slope_bars`` rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> import numpy as np
        >>> rsi_slope(np.array([1.0, 2.0, 3.0, 2.0]), 2, 1).tolist()  # from 100 to 50
        [nan, nan, nan, -50.0]

    References: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978, for the index.
    """
    require_lookback(slope_bars, least=1)
    index = rsi(close, lookback_bars, tolerance)
    return index - lagged(index, slope_bars)


def derivative_oscillator(
    close: FloatArray,
    lookback_bars: int = 14,
    *,
    first_bars: int = 5,
    second_bars: int = 3,
    signal_bars: int = 9,
    tolerance: float = 1e-6,
) -> FloatArray:
    """Brown's derivative oscillator: the relative strength index smoothed twice, minus its simple mean.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Smoothing length of the index.
        first_bars: First exponential average of the index.
        second_bars: Second exponential average.
        signal_bars: Simple mean that is subtracted.
        tolerance: Weight at which the smoothing counts as having forgotten.

    Returns:
        Shape ``(T,)``, in ``[-100, 100]``; NaN until all windows are full; 0 in a market that stands still.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> import numpy as np
        >>> derivative_oscillator(np.arange(1.0, 30.0))[-1].item()  # the index is 100 throughout
        0.0

    References: C. Brown, *Technical Analysis for the Trading Professional*, 1999.
    """
    index = rsi(close, lookback_bars, tolerance)
    smooth = exponential_mean(exponential_mean(index, first_bars), second_bars)
    return smooth - window_mean(smooth, signal_bars)
