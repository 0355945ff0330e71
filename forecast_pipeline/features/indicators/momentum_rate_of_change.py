"""Momentum as log returns over spans of bars: plain, smoothed, summed, in units of volatility."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import (
    exponential_mean,
    lagged,
    linear_mean,
    ratio,
    window_mean,
)
from forecast_pipeline.features.indicators.windows import change, log_distance, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

KST = ((10, 10, 1.0), (15, 10, 2.0), (20, 10, 3.0), (30, 15, 4.0))
"""Pring's spans, the bars that smooth each, and its weight."""

KST_SIGNAL_BARS = 9
COPPOCK = (14, 11, 10)
"""Coppock's two spans and the bars of his weighted average."""


def roc(close: FloatArray, lookback_bars: int = 12) -> FloatArray:
    """Rate of change as a log return over the last ``lookback_bars`` bars.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Length of the span.

    Returns:
        Shape ``(T,)``, log return; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> roc(np.exp([0.0, 1.0, 5.0]), 2).round(9).tolist()
        [nan, nan, 5.0]

    References: TA-Lib ROCR, of which this is the logarithm.
    """
    require_lookback(lookback_bars, least=1)
    price = np.log(close)
    return price - lagged(price, lookback_bars)


def rate_of_change(
    close: FloatArray, *, short_bars: int = 20, middle_bars: int = 60, long_bars: int = 120
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log returns per bar over three spans.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        short_bars: First span.
        middle_bars: Second span.
        long_bars: Third span.

    Returns:
        Log return over each span divided by its bars, each of shape ``(T,)``, NaN where the span is not full.

    Raises:
        ValueError: If the spans are not increasing from at least 1.

    Example:
        >>> spans = rate_of_change(np.exp([0.0, 1.0, 4.0, 9.0]), short_bars=1, middle_bars=2, long_bars=3)
        >>> [column[-1].round(9).item() for column in spans]
        [5.0, 4.0, 3.0]

    References: T. J. Moskowitz, Y. H. Ooi, L. H. Pedersen, *Journal of Financial Economics* 104, 2012.
    """
    if not 1 <= short_bars < middle_bars < long_bars:
        raise ValueError(f"spans must increase from at least 1, was {short_bars}, {middle_bars}, {long_bars}")
    short, middle, long = (roc(close, span) / span for span in (short_bars, middle_bars, long_bars))
    return short, middle, long


def normalised_momentum(close: FloatArray, lookback_bars: int = 50) -> FloatArray:
    """Log return over the window in units of its realised volatility.

    Sum of the log returns over the root of the sum of their squares.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, a ratio within the root of ``lookback_bars``, of standard deviation about 1 on a random walk;
        NaN in the first ``lookback_bars`` rows; 0 where nothing moved.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> normalised_momentum(np.exp([0.0, 3.0, 7.0]), 2).round(9).tolist()  # 7 over the root of 9 + 16
        [nan, nan, 1.4]

    References: T. J. Moskowitz, Y. H. Ooi, L. H. Pedersen, *Journal of Financial Economics* 104, 2012.
    """
    require_lookback(lookback_bars)
    returns = change(np.log(close))
    volatility = np.sqrt(window_sum(returns * returns, lookback_bars))
    return ratio(window_sum(returns, lookback_bars), volatility, neutral=0.0)


def momentum_acceleration(close: FloatArray, lookback_bars: int = 10) -> FloatArray:
    """Log return over the last span minus that over the span before it.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Length of each of the two spans.

    Returns:
        Shape ``(T,)``, log return, positive where the move gathers speed; NaN in the first ``2 * lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> momentum_acceleration(np.exp([0.0, 1.0, 4.0]), 1).round(9).tolist()
        [nan, nan, 2.0]

    References: the second difference of the log close.
    """
    speed = roc(close, lookback_bars)
    return speed - lagged(speed, lookback_bars)


def smoothed_roc(close: FloatArray, lookback_bars: int = 21, smoothing_bars: int = 13) -> FloatArray:
    """Schutzman's smoothed rate of change: log return of the exponential average.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Length of the span.
        smoothing_bars: Length of the average.

    Returns:
        Shape ``(T,)``, log return; NaN in the first ``lookback_bars + smoothing_bars - 1`` rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> np.exp(smoothed_roc(np.array([1.0, 3.0, 5.0]), 1, 2)).round(9).tolist()  # averages 2 and 4
        [nan, nan, 2.0]

    References: F. G. Schutzman, *Technical Analysis of Stocks & Commodities* 9, 1991.
    """
    return roc(exponential_mean(close, smoothing_bars), lookback_bars)


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


def detrended_price(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Detrended price: log distance of the close from the simple average of half a window and a bar ago.

    The causal form: the average is shifted by ``lookback_bars // 2 + 1`` bars. The chart that centres the average
    shows for each bar what only later bars can tell.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the average.

    Returns:
        ``log(close / earlier average)``, shape ``(T,)``, dimensionless; NaN in the first
        ``lookback_bars + lookback_bars // 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(detrended_price(np.array([1.0, 3.0, 9.0, 4.0]), 2)).round(9).tolist()  # 4 over the mean of 1, 3
        [nan, nan, nan, 2.0]

    References: W. Lambert; S. B. Achelis, *Technical Analysis from A to Z*, 1995.
    """
    require_lookback(lookback_bars)
    return log_distance(close, lagged(window_mean(close, lookback_bars), lookback_bars // 2 + 1))
