"""Flow of money: volume signed by where the bar closed, as a share of the volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.bar_shape import close_location
from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.session_parts import session_sum
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def accumulation_distribution(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, session: IntArray
) -> FloatArray:
    """Accumulation and distribution of the session, as a share of the session's volume.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Sum of close location times volume over sum of volume since the session's open, shape ``(T,)``, in
        ``[-1, 1]``; 0 while the session has no volume, NaN from an unrecorded volume to its end.

    Example:
        >>> import numpy as np
        >>> high, low, close = np.full(2, 5.0), np.full(2, 1.0), np.array([5.0, 3.0])
        >>> accumulation_distribution(high, low, close, np.array([1.0, 3.0]), np.array([7, 7])).tolist()
        [1.0, 0.25]

    References: M. Chaikin; TA-Lib AD, which sums from the first bar of the history.
    """
    flow = close_location(high, low, close) * volume
    return ratio(session_sum(flow, session), session_sum(volume, session), 0.0)


def chaikin_money_flow(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, lookback_bars: int = 21
) -> FloatArray:
    """Chaikin's money flow: volume times close location over volume, summed over the window.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; NaN in the first ``lookback_bars - 1`` rows and where the window holds an
        unrecorded volume. No volume gives 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> high, low, close = np.full(2, 5.0), np.full(2, 1.0), np.array([5.0, 3.0])
        >>> chaikin_money_flow(high, low, close, np.array([1.0, 3.0]), 2).tolist()
        [nan, 0.25]

    References: M. Chaikin's money flow; J. J. Murphy, *Technical Analysis of the Financial Markets*, 1999.
    """
    require_lookback(lookback_bars)
    flow = close_location(high, low, close) * volume
    return ratio(window_sum(flow, lookback_bars), window_sum(volume, lookback_bars), 0.0)
