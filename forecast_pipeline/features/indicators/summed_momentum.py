"""Weighted sums of smoothed rates of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.momentum_rate_of_change import COPPOCK, KST, KST_SIGNAL_BARS, roc
from forecast_pipeline.features.indicators.sliding import linear_mean
from forecast_pipeline.features.indicators.talib_windows import exponential_mean
from forecast_pipeline.features.indicators.windows import change, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def kst(close: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pring's "know sure thing": smoothed log returns over 10, 15, 20 and 30 bars, weighted 1 to 4.

    The smoothing is a simple mean over 10, 10, 10 and 15 bars, Pring's short-term setting.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.

    Returns:
        Line and signal, its simple mean of nine bars, each of shape ``(T,)``, log return, the sum of weights 10 not
        divided out; NaN in the first 44 and 52 rows.

    Example:
        >>> line, signal = kst(np.exp(np.arange(53.0)))  # 10 + 2 * 15 + 3 * 20 + 4 * 30
        >>> line[-1].round(9).item(), signal[-1].round(9).item()
        (220.0, 220.0)

    References: M. J. Pring, *Martin Pring on Market Momentum*, 1993.
    """
    line = np.zeros(close.size)
    for span, smoothing_bars, weight in KST:
        line += weight * window_mean(roc(close, span), smoothing_bars)
    return line, window_mean(line, KST_SIGNAL_BARS)


def coppock(close: FloatArray) -> FloatArray:
    """Coppock's curve: linearly weighted mean over 10 bars of the log returns over 14 and over 11 bars.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.

    Returns:
        Shape ``(T,)``, log return; NaN in the first 23 rows.

    Example:
        >>> coppock(np.exp(np.arange(24.0)))[-1].round(9).item()
        25.0

    References: E. S. C. Coppock, *Barron's*, 15 October 1962.
    """
    long, short, smoothing_bars = COPPOCK
    return linear_mean(roc(close, long) + roc(close, short), smoothing_bars)


def price_momentum_oscillator(
    close: FloatArray, *, first_bars: int = 34, second_bars: int = 19, signal_bars: int = 10
) -> tuple[FloatArray, FloatArray]:
    """Swenlin's price momentum oscillator: the one-bar log return, exponentially averaged twice, and its signal.

    Swenlin's smoothings 2/35 and 2/20 are those of exponential averages over 34 and 19 bars; his factor 10 and the
    percent are left out.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        first_bars: Length of the first average.
        second_bars: Length of the second average.
        signal_bars: Length of the signal's average of the line.

    Returns:
        Line and signal, each of shape ``(T,)``, log return per bar; NaN in the first ``first_bars + second_bars - 1``
        and ``signal_bars - 1`` more rows.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> price = np.exp(3.0 * np.arange(5))
        >>> line, signal = price_momentum_oscillator(price, first_bars=2, second_bars=2, signal_bars=2)
        >>> line.round(9).tolist(), signal.round(9).tolist()
        ([nan, nan, nan, 3.0, 3.0], [nan, nan, nan, nan, 3.0])

    References: C. Swenlin, "DecisionPoint price momentum oscillator", StockCharts ChartSchool.
    """
    line = exponential_mean(exponential_mean(change(np.log(close)), first_bars), second_bars)
    return line, exponential_mean(line, signal_bars)
