"""How the volume is spread over the day and over the window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.session_parts import of_previous_session, session_starts, session_sum
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray


def session_volume_share(volume: FloatArray, session: IntArray) -> FloatArray:
    """Volume of the session so far, as a share of it and the whole volume of the session before.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        session: Shape ``(T,)``, number of the session that each bar belongs to, non-decreasing.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``: 0.5 when as much has been traded as in all of the session before; NaN in
        the first session and where either session holds an unrecorded volume. No volume gives 0.5.

    Example:
        >>> session_volume_share(np.array([1.0, 2.0, 1.0, 2.0]), np.array([7, 7, 8, 8])).tolist()
        [nan, nan, 0.25, 0.5]

    References: relative volume by time of day, as a share.
    """
    traded = session_sum(volume, session)
    last = np.append(session_starts(session)[1:], session.size) - 1
    whole = of_previous_session(traded[last], session) if session.size else traded
    return ratio(traded, traded + whole, 0.5)


def volume_entropy(volume: FloatArray, lookback_bars: int = 30) -> FloatArray:
    """How evenly the window's volume is spread over its bars: Shannon's entropy of the shares over its largest value.

    Args:
        volume: Shape ``(T,)``, at least 0, oldest first; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Shape ``(T,)``, from 0, all in one bar, to 1, the same in each; NaN in the first ``lookback_bars - 1`` rows
        and where the window holds an unrecorded volume. No volume counts as even, 1.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> volume_entropy(np.array([2.0, 2.0, 0.0, 0.0]), 2).round(9).tolist()
        [nan, 1.0, 0.0, 1.0]

    References: C. E. Shannon, *Bell System Technical Journal* 27, 1948.
    """
    require_lookback(lookback_bars)
    total = window_sum(volume, lookback_bars)
    surprise = window_sum(volume * np.log(np.where(volume == 0.0, 1.0, volume)), lookback_bars)
    entropy = np.log(np.where(total == 0.0, 1.0, total)) - ratio(surprise, total, 0.0)
    return np.where(total == 0.0, 1.0, np.clip(entropy / math.log(lookback_bars), 0.0, 1.0))
