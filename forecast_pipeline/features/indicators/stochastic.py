"""Lane's and Blau's places of the close in its recent range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.decay import has_stood_still
from forecast_pipeline.features.indicators.ratios import place, ratio
from forecast_pipeline.features.indicators.returns import true_range
from forecast_pipeline.features.indicators.talib_windows import exponential_mean, window_bottom, window_top
from forecast_pipeline.features.indicators.windows import window_mean
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def stochastic_fast(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 5, d_bars: int = 3
) -> tuple[FloatArray, FloatArray]:
    """Lane's fast stochastic: raw place of the close in the recent range, and its simple mean.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars whose range counts.
        d_bars: Simple mean that makes %D.

    Returns:
        %K and %D, each of shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars - 1`` and ``d_bars - 1``
        more rows. A range of zero counts as 50, where TA-Lib says 0.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> close = np.array([1.0, 2.0, 1.0, 1.0])
        >>> stochastic_fast(close, close, close, lookback_bars=2, d_bars=2)[0].tolist()
        [nan, 100.0, 0.0, 50.0]

    References: G. C. Lane, "Lane's stochastics", *Technical Analysis of Stocks & Commodities* 2:3, 1984.
    """
    raw = 100.0 * place(close, window_top(high, lookback_bars), window_bottom(low, lookback_bars))
    return raw, window_mean(raw, d_bars)


def stochastic_momentum_index(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    lookback_bars: int = 13,
    *,
    first_bars: int = 25,
    second_bars: int = 2,
    signal_bars: int = 9,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray]:
    """Blau's stochastic momentum: distance of the close from the middle of its range, in half ranges.

    Distance and half range are exponentially averaged twice before they are divided.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``.
        lookback_bars: Bars whose range counts.
        first_bars: First average of both.
        second_bars: Second average of both.
        signal_bars: Exponential average of the line.
        tolerance: Weight at which the averages count as having forgotten.

    Returns:
        Line and signal, each of shape ``(T,)``, in ``[-100, 100]``; NaN until all averages exist; 0 in a market that
        has not moved for as long as they remember.

    Raises:
        ValueError: If a length is less than 2.

    Example:
        >>> high = np.arange(10.0, 30.0)  # the close is always the highest
        >>> line, signal = stochastic_momentum_index(high, high - 1.0, high, 2, first_bars=2, signal_bars=2)
        >>> line[-1].round(9).item(), signal[-1].round(9).item()
        (100.0, 100.0)

    References: W. Blau, *Momentum, Direction, and Divergence*, 1995.
    """
    top, bottom = window_top(high, lookback_bars), window_bottom(low, lookback_bars)
    distance, half_range = (
        exponential_mean(exponential_mean(part, first_bars), second_bars)
        for part in (close - (top + bottom) / 2.0, (top - bottom) / 2.0)
    )
    memory_bars = bars_to_forget((exponential(first_bars), exponential(second_bars)), tolerance) + lookback_bars - 1
    is_still = has_stood_still(true_range(high, low, close) != 0.0, memory_bars)
    line = 100.0 * ratio(distance, half_range, neutral=0.0)
    line = np.where(is_still & ~np.isnan(line), 0.0, line)
    return line, exponential_mean(line, signal_bars)
