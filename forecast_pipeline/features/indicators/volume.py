"""Volume: on-balance volume and volume-weighted price, anchored at the session's start.

Summed from the beginning of a history, both would depend on where that history happens to begin. They
start again with every FX day, 17:00 New York.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_distance
from forecast_pipeline.features.indicators.session_parts import session_sum

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray


def obv(close: FloatArray, volume: FloatArray, session: npt.NDArray[np.int64]) -> FloatArray:
    """On-balance volume of the session, as a share of the session's volume.

    Granville's sum of volume signed by the change of the close, from the session's first bar on, whose change
    is the one from the last close before it.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 while the session has no volume, NaN from an unrecorded volume to
        the session's end. Rows of the first session are wrong unless the history begins with it.

    Example:
        >>> obv(np.array([1.0, 2.0, 1.0, 3.0]), np.array([1.0, 1.0, 2.0, 5.0]), np.array([0, 0, 0, 1])).tolist()
        [0.0, 0.5, -0.25, 1.0]

    References: J. E. Granville, *New Key to Stock Market Profits*, 1963.
    """
    direction = np.zeros(close.size, dtype=np.int8)
    np.subtract((close[1:] > close[:-1]).view(np.int8), (close[1:] < close[:-1]).view(np.int8), out=direction[1:])
    signed, total = session_sum(direction * volume, session), session_sum(volume, session)
    total[total == 0.0] = 1.0
    return np.divide(signed, total, out=signed)


def vwap(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    session: npt.NDArray[np.int64],
) -> FloatArray:
    """Log distance of the close from the session's volume-weighted average price.

    A bar's price is its typical price ``(high + low + close) / 3``.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        ``log(close / average)``, shape ``(T,)``, dimensionless; 0 while the session has no volume, NaN from
        an unrecorded volume to the session's end. Rows of the first session are wrong unless the history
        begins with it.

    Example:
        >>> price = np.array([1.0, 3.0, 4.0])
        >>> np.exp(vwap(price, price, price, np.ones(3), np.array([0, 0, 1]))).round(9).tolist()
        [1.0, 1.5, 1.0]

    References: Berkowitz, Logue, Noser, *Journal of Finance* 43, 1988.
    """
    typical = high + low
    typical += close
    typical /= 3.0
    typical *= volume
    paid, total = session_sum(typical, session), session_sum(volume, session)
    is_idle = total == 0.0
    total[is_idle] = 1.0
    paid /= total
    paid[is_idle] = close[is_idle]
    return log_distance(close, paid)
