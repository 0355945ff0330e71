"""How far closes go from opens, as parts of the bars' ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.sliding import weighted_sum
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_SYMMETRIC = (1.0 / 6.0, 2.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0)


def balance_of_power(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 14
) -> FloatArray:
    """Livshin's balance of power: body over range, simply averaged.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars of the mean; 1 gives TA-Lib's BOP.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; NaN in the first ``lookback_bars - 1`` rows; a bar without range counts 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> import numpy as np
        >>> ones = np.ones(2)
        >>> balance_of_power(ones, np.array([3.0, 1.0]), ones, np.array([2.0, 1.0]), 2).tolist()
        [nan, 0.25]

    References: I. Livshin, *Technical Analysis of Stocks & Commodities* 19:8, 2001.
    """
    return window_mean(ratio(close - open_, high - low, neutral=0.0), lookback_bars)


def relative_vigor_index(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 10
) -> tuple[FloatArray, FloatArray]:
    """Ehlers' relative vigor index: bodies over ranges, both weighted 1, 2, 2, 1 over four bars and summed.

    Args:
        open_: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Weighted bars that are summed.

    Returns:
        Line and signal, the line weighted 1, 2, 2, 1 once more, each of shape ``(T,)``, in ``[-1, 1]``; NaN in the
        first ``lookback_bars + 2`` and three more rows; 0 without any range.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> import numpy as np
        >>> ones = np.ones(9)
        >>> line, signal = relative_vigor_index(ones, 3.0 * ones, ones, 2.0 * ones, 3)
        >>> line[-1].round(9).item(), signal[-1].round(9).item()
        (0.5, 0.5)

    References: J. F. Ehlers, *Technical Analysis of Stocks & Commodities* 20:1, 2002.
    """
    require_lookback(lookback_bars)
    body, reach = (window_sum(weighted_sum(part, _SYMMETRIC), lookback_bars) for part in (close - open_, high - low))
    line = ratio(body, reach, neutral=0.0)
    return line, weighted_sum(line, _SYMMETRIC)
