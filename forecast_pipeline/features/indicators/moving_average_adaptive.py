"""Moving averages whose speed follows the market, each restarted a fixed number of bars before every bar.

Their recursion slows down when the market goes nowhere, so it can remember its start for ever. Here every value
starts from the price ``memory_bars`` bars ago and runs forward from there: the same numbers once the average has
moved on, and exactly independent of where the history begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.adaptive_mean import adaptive_mean
from forecast_pipeline.features.indicators.ratios import log_distance, ratio
from forecast_pipeline.features.indicators.windows import change, lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

SLOWEST_FRAMA, STEEPNESS_FRAMA = 0.01, 4.6


def kama(
    close: FloatArray, lookback_bars: int = 10, *, fast_bars: int = 2, slow_bars: int = 30, memory_bars: int = 100
) -> FloatArray:
    """Log distance of the close from Kaufman's adaptive average.

    The smoothing is the square of a mixture of two exponential ones, ``2 / (fast_bars + 1)`` on a straight move and
    ``2 / (slow_bars + 1)`` on a move that leads nowhere, mixed by the efficiency ratio of ``lookback_bars`` bars.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Bars of the efficiency ratio, which is 0 where nothing moved.
        fast_bars: Length of the fast smoothing.
        slow_bars: Length of the slow smoothing.
        memory_bars: Bars before the present one at which the average starts from the close.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars + memory_bars - 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(kama(np.full(6, 1.1), 2, memory_bars=3)).round(9).tolist()
        [nan, nan, nan, nan, 1.0, 1.0]

    References: P. J. Kaufman, *Smarter Trading*, 1995.
    """
    require_lookback(lookback_bars)
    path = window_sum(np.abs(change(close)), lookback_bars)
    # Rounding may put a straight move a little above 1.
    efficiency = np.minimum(ratio(np.abs(close - lagged(close, lookback_bars)), path, neutral=0.0), 1.0)
    fast, slow = 2.0 / (fast_bars + 1), 2.0 / (slow_bars + 1)
    smoothing = (efficiency * (fast - slow) + slow) ** 2
    return log_distance(close, adaptive_mean(close, smoothing, memory_bars))


def vidya(close: FloatArray, lookback_bars: int = 9, *, smoothing_bars: int = 12, memory_bars: int = 150) -> FloatArray:
    """Log distance of the close from Chande's variable index dynamic average.

    The smoothing is that of an exponential average over ``smoothing_bars`` times the absolute momentum oscillator,
    net move over path, of ``lookback_bars`` bars: Chande's second variant, the first one used standard deviations.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Bars of the momentum oscillator, which is 0 where nothing moved.
        smoothing_bars: Length of the average on a straight move.
        memory_bars: Bars before the present one at which the average starts from the close.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars + memory_bars - 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(vidya(np.full(6, 1.1), 2, memory_bars=3)).round(9).tolist()
        [nan, nan, nan, nan, 1.0, 1.0]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    require_lookback(lookback_bars)
    path = window_sum(np.abs(change(close)), lookback_bars)
    momentum = np.minimum(ratio(np.abs(close - lagged(close, lookback_bars)), path, neutral=0.0), 1.0)
    return log_distance(close, adaptive_mean(close, 2.0 / (smoothing_bars + 1) * momentum, memory_bars))
