"""Volatility from ranges that a drift or a gap does not distort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_ratio
from forecast_pipeline.features.indicators.second_moments import centred_squares
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_YANG_ZHANG = 0.34  # the authors' constant, best for kurtoses of the bar up to 4 times a normal one's


def _rogers_satchell_squares(opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    return np.maximum(
        log_ratio(high, close) * log_ratio(high, opened) + log_ratio(low, close) * log_ratio(low, opened), 0.0
    )


def rogers_satchell(
    opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int
) -> FloatArray:
    """Rogers and Satchell's volatility of a bar, which a drift does not bias.

    Mean of ``log(high / close) log(high / open) + log(low / close) log(low / open)``, then the root. A bar that runs
    from one extreme to the other counts as pure drift. Not annualised.

    Args:
        opened: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars in the window.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> one, top = np.ones(2), np.exp([2.0, 2.0])
        >>> rogers_satchell(one, top, one, one, 2).tolist(), rogers_satchell(one, top, one, top, 2).tolist()
        ([nan, 2.0], [nan, 0.0])

    References: L. C. G. Rogers, S. E. Satchell, "Estimating variance from high, low and closing prices", *Annals of
    Applied Probability* 1, 1991, pp. 504-512.
    """
    require_lookback(lookback_bars)
    return np.sqrt(window_mean(_rogers_satchell_squares(opened, high, low, close), lookback_bars))


def yang_zhang(
    opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int
) -> FloatArray:
    """Yang and Zhang's volatility of a bar, gaps between bars included, unbiased by drift.

    ``sqrt(V_gap + k V_move + (1 - k) V_rs)`` with the variance (ddof 1) of ``log(open / previous close)``, the
    variance (ddof 1) of ``log(close / open)``, Rogers and Satchell's mean, and
    ``k = 0.34 / (1.34 + (n + 1) / (n - 1))``. Not annualised.

    Args:
        opened: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> opened = close = high = low = np.exp([0.0, 0.0, 2.0])  # nothing but gaps of 0 and 2
        >>> yang_zhang(opened, high, low, close, 2).round(4).tolist()  # the root of 1 + 1
        [nan, nan, 1.4142]

    References: D. Yang, Q. Zhang, "Drift-independent volatility estimation based on high, low, open, and close
    prices", *Journal of Business* 73, 2000, pp. 477-491.
    """
    require_lookback(lookback_bars)
    gap = np.full(close.size, np.nan)
    gap[1:] = log_ratio(opened[1:], close[:-1])
    weight = _YANG_ZHANG / (1.0 + _YANG_ZHANG + (lookback_bars + 1) / (lookback_bars - 1))
    gaps = centred_squares(gap, lookback_bars) / (lookback_bars - 1)
    moves = centred_squares(log_ratio(close, opened), lookback_bars) / (lookback_bars - 1)
    inside = window_mean(_rogers_satchell_squares(opened, high, low, close), lookback_bars)
    return np.sqrt(gaps + weight * moves + (1.0 - weight) * inside)
