"""Momentum from the whole bar: where closes and opens stand within highs and lows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import (
    exponential_mean,
    place,
    ratio,
    share,
    weighted_sum,
    window_bottom,
    window_mean,
    window_top,
)
from forecast_pipeline.features.indicators.windows import (
    change,
    has_stood_still,
    require_lookback,
    true_range,
    window_sum,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_SYMMETRIC = (1.0 / 6.0, 2.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0)


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


def demarker(high: FloatArray, low: FloatArray, lookback_bars: int = 14) -> FloatArray:
    """DeMark's oscillator: share of the steps up of the high among those and the steps down of the low.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Steps that are summed.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``, DeMark's value times 100; NaN in the first ``lookback_bars`` rows; 50 without
        any step.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> demarker(np.array([2.0, 5.0, 5.0]), np.array([1.0, 1.0, 0.0]), 2).tolist()  # 3 up, 1 down
        [nan, nan, 75.0]

    References: T. R. DeMark, *The New Science of Technical Analysis*, 1994.
    """
    require_lookback(lookback_bars)
    up, down = (window_sum(np.maximum(step, 0.0), lookback_bars) for step in (change(high), -change(low)))
    return share(up, down)


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
        >>> ones = np.ones(2)
        >>> balance_of_power(ones, np.array([3.0, 1.0]), ones, np.array([2.0, 1.0]), 2).tolist()
        [nan, 0.25]

    References: I. Livshin, *Technical Analysis of Stocks & Commodities* 19:8, 2001.
    """
    return window_mean(ratio(close - open_, high - low, neutral=0.0), lookback_bars)


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


def elder_ray(
    high: FloatArray, low: FloatArray, close: FloatArray, lookback_bars: int = 13
) -> tuple[FloatArray, FloatArray]:
    """Elder's bull and bear power: distance of the high and of the low from the exponential average of the close.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        lookback_bars: Length of the average.

    Returns:
        Bull and bear power as fractions of the close, each of shape ``(T,)``; NaN in the first ``lookback_bars - 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> bull, bear = elder_ray(np.array([4.0, 5.0]), np.array([1.0, 1.0]), np.array([2.0, 4.0]), 2)
        >>> bull.tolist(), bear.tolist()  # average 3
        ([nan, 0.5], [nan, -0.5])

    References: A. Elder, *Trading for a Living*, 1993.
    """
    average = exponential_mean(close, lookback_bars)
    return (high - average) / close, (low - average) / close


def awesome_oscillator(
    high: FloatArray, low: FloatArray, close: FloatArray, *, fast_bars: int = 5, slow_bars: int = 34
) -> tuple[FloatArray, FloatArray]:
    """Williams' awesome oscillator and its accelerator, as fractions of the close.

    Simple mean of the median price ``(high + low) / 2`` over ``fast_bars`` minus that over ``slow_bars``; the
    accelerator is this minus its own simple mean over ``fast_bars``, in price.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        close: Shape ``(T,)``, positive.
        fast_bars: Length of the fast mean and of the accelerator's.
        slow_bars: Length of the slow mean, more than ``fast_bars``.

    Returns:
        Oscillator and accelerator, each of shape ``(T,)``, dimensionless; NaN in the first ``slow_bars - 1`` and
        ``fast_bars - 1`` more rows.

    Raises:
        ValueError: If ``fast_bars`` is not less than ``slow_bars``.

    Example:
        >>> price = np.array([2.0, 2.0, 2.0, 8.0])
        >>> awesome_oscillator(price, price, price, fast_bars=1, slow_bars=3)[0].tolist()  # (8 - 4) / 8
        [nan, nan, 0.0, 0.5]

    References: B. Williams, *New Trading Dimensions*, 1998.
    """
    if fast_bars >= slow_bars:
        raise ValueError(f"fast_bars must be less than slow_bars={slow_bars}, was {fast_bars}")
    median = (high + low) / 2.0
    line = window_mean(median, fast_bars) - window_mean(median, slow_bars)
    return line / close, (line - window_mean(line, fast_bars)) / close
