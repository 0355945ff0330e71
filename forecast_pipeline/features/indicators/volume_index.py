"""Sums of the session's returns that the volume weighs or chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.session_parts import session_sum
from forecast_pipeline.features.indicators.windows import change

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def volume_price_trend(close: FloatArray, volume: FloatArray, session: IntArray) -> FloatArray:
    """Volume-price trend of the session per unit of volume: its log returns, weighted by volume.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Shape ``(T,)``, log return per bar; 0 while the session has no volume, NaN in the first session and from
        an unrecorded volume to the session's end.

    Example:
        >>> close = np.exp([0.0, 1.0, 3.0])
        >>> volume_price_trend(close, np.array([1.0, 3.0, 1.0]), np.array([6, 7, 7])).round(9).tolist()
        [nan, 1.0, 1.25]

    References: J. J. Murphy, *Technical Analysis of the Financial Markets*, 1999, whose sum has no beginning.
    """
    flow = change(np.log(close)) * volume
    return ratio(session_sum(flow, session), session_sum(volume, session), 0.0)


def _index_where(
    is_counted: npt.NDArray[np.bool_], close: FloatArray, volume: FloatArray, session: IntArray
) -> FloatArray:
    # Adding zero times a volume keeps NaN, where a comparison would hide that it was not recorded.
    return session_sum(np.where(is_counted, change(np.log(close)), 0.0) + 0.0 * change(volume), session)


def negative_volume_index(close: FloatArray, volume: FloatArray, session: IntArray) -> FloatArray:
    """Negative volume index of the session: log returns of bars whose volume fell, summed since its open.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Shape ``(T,)``, log return; NaN in the first session and from an unrecorded volume to the session's end.
        Equal volumes count as no fall.

    Example:
        >>> close, volume = np.exp([0.0, 1.0, 3.0, 4.0]), np.array([5.0, 4.0, 6.0, 2.0])
        >>> negative_volume_index(close, volume, np.array([6, 7, 7, 7])).round(9).tolist()
        [nan, 1.0, 1.0, 2.0]

    References: N. G. Fosback, *Stock Market Logic*, 1976.
    """
    return _index_where(change(volume) < 0.0, close, volume, session)


def positive_volume_index(close: FloatArray, volume: FloatArray, session: IntArray) -> FloatArray:
    """Positive volume index of the session: log returns of bars whose volume rose, summed since its open.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Shape ``(T,)``, log return; NaN in the first session and from an unrecorded volume to the session's end.
        Equal volumes count as no rise.

    Example:
        >>> close, volume = np.exp([0.0, 1.0, 3.0, 4.0]), np.array([5.0, 4.0, 6.0, 2.0])
        >>> positive_volume_index(close, volume, np.array([6, 7, 7, 7])).round(9).tolist()
        [nan, 0.0, 2.0, 2.0]

    References: N. G. Fosback, *Stock Market Logic*, 1976.
    """
    return _index_where(change(volume) > 0.0, close, volume, session)
