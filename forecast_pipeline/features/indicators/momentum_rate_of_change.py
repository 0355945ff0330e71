"""Momentum as log returns over spans of bars, plain and smoothed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.talib_windows import exponential_mean
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

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
