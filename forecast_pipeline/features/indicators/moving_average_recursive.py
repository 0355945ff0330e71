"""Moving averages built of exponential and Wilder's averages, as the log distance of the close from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.talib_windows import exponential_mean
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

ALLIGATOR = ((13, 8), (8, 5), (5, 3))
"""Length and displacement of Williams' jaw, teeth and lips."""

GUPPY_SHORT, GUPPY_LONG = (3, 5, 8, 10, 12, 15), (30, 35, 40, 45, 50, 60)
"""Lengths of Guppy's traders' and investors' averages."""


def dema(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from Mulloy's double exponential average ``2 e - e(e)``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of each exponential average.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``2 * lookback_bars - 2`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> dema(np.arange(1.0, 6.0), 2).round(9)[2:].tolist()  # it follows a straight line without a lag
        [0.0, 0.0, 0.0]

    References: P. G. Mulloy, *Technical Analysis of Stocks & Commodities* 12, 1994.
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.DEMA(close, timeperiod=lookback_bars))


def tema(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from Mulloy's triple exponential average ``3 e - 3 e(e) + e(e(e))``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of each exponential average.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``3 * lookback_bars - 3`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> tema(np.arange(1.0, 6.0), 2).round(9)[3:].tolist()  # it follows a straight line without a lag
        [0.0, 0.0]

    References: P. G. Mulloy, *Technical Analysis of Stocks & Commodities* 12, 1994.
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.TEMA(close, timeperiod=lookback_bars))


def t3(close: FloatArray, lookback_bars: int = 10, volume_factor: float = 0.7) -> FloatArray:
    """Log distance of the close from Tillson's T3, a generalised double exponential average applied three times.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of each of the six exponential averages.
        volume_factor: Tillson's weight of the hurry, 0 (an exponential average, three times) to 1 (DEMA); it has
            nothing to do with volume.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``6 * lookback_bars - 6`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> t3(np.full(8, 1.1), 2)[6:].round(9).tolist()
        [0.0, 0.0]

    References: T. Tillson, *Technical Analysis of Stocks & Commodities* 16:1, 1998.
    """
    import talib

    require_lookback(lookback_bars)
    return log_distance(close, talib.T3(close, timeperiod=lookback_bars, vfactor=volume_factor))


def zlema(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Log distance of the close from the zero-lag exponential average.

    The exponential average of ``2 close - close (n - 1) / 2 bars ago``, the lag rounded down.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Length of the average.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN until the average of known values exists.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> import numpy as np
        >>> zlema(np.arange(1.0, 7.0), 3).round(9)[3:].tolist()  # it follows a straight line without a lag
        [0.0, 0.0, 0.0]

    References: J. Ehlers, R. Way, *Technical Analysis of Stocks & Commodities* 28:11, 2010.
    """
    require_lookback(lookback_bars, least=3)
    hurried = 2.0 * close - lagged(close, (lookback_bars - 1) // 2)
    return log_distance(close, exponential_mean(hurried, lookback_bars))
