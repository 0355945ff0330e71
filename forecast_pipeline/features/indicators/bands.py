"""Bands around averages of the price at a share of it: envelopes, Headley's bands, averages of highs and lows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_HEADLEY = 4.0  # bands at a range of twice the price's share, above and below


def envelope(close: FloatArray, lookback_bars: int = 40, width_fraction: float = 0.0025) -> FloatArray:
    """Place of the close in an envelope of fixed width around its simple mean.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Window length.
        width_fraction: Distance of each band from the mean, as a fraction of it.

    Returns:
        ``(close / mean - 1) / width_fraction``, shape ``(T,)``: 1 at the upper band, -1 at the lower; NaN in the
        first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> envelope(np.array([1.0, 3.0]), 2, 0.25).tolist()
        [nan, 2.0]

    References: J. J. Murphy, *Technical Analysis of the Financial Markets*, 1999.
    """
    require_lookback(lookback_bars)
    return (close / window_mean(close, lookback_bars) - 1.0) / width_fraction


def acceleration_bands(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 20
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from Headley's acceleration bands.

    Simple means of ``high (1 + 4 r)`` and ``low (1 - 4 r)`` with ``r = (high - low) / (high + low)``. The middle
    would be the simple mean of closes, which is the Bollinger middle of the same length, and is left out.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Window length.

    Returns:
        ``log(close / level)`` for upper and lower band, each of shape ``(T,)``; NaN in the first
        ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> high, low = np.array([6.0, 6.0]), np.array([4.0, 4.0])  # r is 0.2
        >>> [float(np.exp(-d[-1]).round(9)) for d in acceleration_bands(high, low, np.ones(2), 2)]
        [10.8, 0.8]

    References: P. Headley, *Big Trends in Trading*, 2002; TA-Lib ACCBANDS.
    """
    require_lookback(lookback_bars)
    spread = _HEADLEY * (high - low) / (high + low)
    upper, lower = window_mean(high * (1.0 + spread), lookback_bars), window_mean(low * (1.0 - spread), lookback_bars)
    return log_distance(close, upper), log_distance(close, lower)


def moving_average_channel(
    high: FloatArray, low: FloatArray, close: FloatArray, high_bars: int = 10, low_bars: int = 8
) -> tuple[FloatArray, FloatArray]:
    """Log distance of the close from the simple means of the highs and of the lows.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        high_bars: Highs in the upper line.
        low_bars: Lows in the lower line.

    Returns:
        ``log(close / level)`` for upper and lower line, each of shape ``(T,)``; NaN where the line's window is not
        full.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> import numpy as np
        >>> price = np.array([2.0, 4.0, 6.0])
        >>> [float(np.exp(d[-1]).round(9)) for d in moving_average_channel(price, price, price, 2, 3)]
        [1.2, 1.5]

    References: J. Bernstein's moving average channel.
    """
    require_lookback(min(high_bars, low_bars))
    return log_distance(close, window_mean(high, high_bars)), log_distance(close, window_mean(low, low_bars))
