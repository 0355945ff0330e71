"""Momentum from the bodies of bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import share
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def intraday_momentum_index(open_: FloatArray, close: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """Chande's intraday momentum index: share of the rising bodies in all bodies.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        close: Shape ``(T,)``.
        lookback_bars: Bars that are summed.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars - 1`` rows; 50 without any body.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> intraday_momentum_index(np.array([1.0, 2.0]), np.array([4.0, 1.0]), 2).tolist()  # 3 up, 1 down
        [nan, 75.0]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    require_lookback(lookback_bars)
    body = close - open_
    rising, falling = (window_sum(np.maximum(side, 0.0), lookback_bars) for side in (body, -body))
    return share(rising, falling)


def qstick(open_: FloatArray, close: FloatArray, lookback_bars: int = 8) -> FloatArray:
    """Chande's Qstick: simple mean of the bodies, as a fraction of the close.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        close: Shape ``(T,)``, positive.
        lookback_bars: Bars of the mean.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> qstick(np.array([1.0, 2.0]), np.array([2.0, 5.0]), 2).tolist()  # bodies 1 and 3
        [nan, 0.4]

    References: T. S. Chande, S. Kroll, *The New Technical Trader*, 1994.
    """
    return window_mean(close - open_, lookback_bars) / close
