"""Counts of rising and falling bars, pairs and runs, which a single wild bar moves little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.sliding import lagged, window_bottom, window_top
from forecast_pipeline.features.indicators.windows import change, require_lookback, window_sum

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray

NEAREST_SCORED, FARTHEST_SCORED = 11, 20
"""Lags of Chande's trend score."""


def mann_kendall(close: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Kendall's tau between close and time: rising minus falling pairs as a share of all pairs in the window.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Shape ``(T,)``, from -1 (falling all the way) to 1; NaN in the first ``lookback_bars - 1`` rows; equal closes
        count 0, as in tau a.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> mann_kendall(np.array([1.0, 3.0, 2.0]), 3).round(4).tolist()  # two pairs rise, one falls
        [nan, nan, 0.3333]

    References: H. B. Mann, *Econometrica* 13, 1945.
    """
    require_lookback(lookback_bars)
    total = np.zeros(close.size)
    for lag in range(1, lookback_bars):
        total += window_sum(np.sign(close - lagged(close, lag)), lookback_bars - lag)
    return total / (lookback_bars * (lookback_bars - 1) / 2.0)


def trend_score(close: FloatArray) -> FloatArray:
    """Chande's trend score: of the closes 11 to 20 bars ago, those below the present one minus those above.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.

    Returns:
        Shape ``(T,)``, from -10 to 10; NaN in the first 20 rows. Equal closes count 0, where Chande counts them as
        below.

    Example:
        >>> trend_score(np.arange(1.0, 22.0))[-1].item()
        10.0

    References: T. S. Chande, *Technical Analysis of Stocks & Commodities* 11:9, 1993.
    """
    total = np.zeros(close.size)
    for lag in range(NEAREST_SCORED, FARTHEST_SCORED + 1):
        total += np.sign(close - lagged(close, lag))
    return total


def directional_bars(high: FloatArray, low: FloatArray, lookback_bars: int = 20) -> tuple[FloatArray, FloatArray]:
    """Share of bars with a higher high and a higher low than the bar before, and of those with lower ones.

    Dow's definition of a trend, bar by bar; inside and outside bars are neither.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Bars that are counted.

    Returns:
        Rising and falling share, each of shape ``(T,)``, in ``[0, 1]``; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.array([2.0, 3.0, 4.0])
        >>> [column.tolist() for column in directional_bars(high, np.array([1.0, 2.0, 1.0]), 2)]
        [[nan, nan, 0.5], [nan, nan, 0.0]]

    References: R. D. Edwards, J. Magee, *Technical Analysis of Stock Trends*, 1948.
    """
    require_lookback(lookback_bars)
    up, down = change(high), change(low)
    unknown = 0.0 * up  # NaN in the first row, which has no bar before it
    rising = ((up > 0.0) & (down > 0.0)) + unknown
    falling = ((up < 0.0) & (down < 0.0)) + unknown
    return window_sum(rising, lookback_bars) / lookback_bars, window_sum(falling, lookback_bars) / lookback_bars


def breakout_age(
    high: FloatArray, low: FloatArray, lookback_bars: int = 20, memory_bars: int = 100
) -> tuple[FloatArray, FloatArray]:
    """How long ago a bar last broke out of the range of the bars before it, upwards and downwards.

    Unlike Aroon it counts from the last *new* extreme, which may be long past.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Bars whose highest high or lowest low is broken.
        memory_bars: Largest age; an older breakout, or none, has it.

    Returns:
        Age of the last break of the highs and of the lows as a share of ``memory_bars``, each of shape ``(T,)``, 0 on
        the bar that breaks out, 1 at the largest age. Defined from row ``lookback_bars + memory_bars - 1`` on.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.array([1.0, 1.0, 2.0, 2.0, 1.5])
        >>> [age.tolist() for age in breakout_age(high, high, 2, memory_bars=2)]
        [[nan, nan, nan, 0.5, 1.0], [nan, nan, nan, 1.0, 0.0]]

    References: R. D. Donchian, *Financial Analysts Journal* 16, 1960.
    """
    require_lookback(lookback_bars)
    is_high = high > lagged(window_top(high, lookback_bars), 1)
    is_low = low < lagged(window_bottom(low, lookback_bars), 1)
    ages = []
    for is_break in (is_high, is_low):
        age = bars_since(is_break, memory_bars) / memory_bars
        age[: lookback_bars + memory_bars - 1] = np.nan
        ages.append(age)
    return ages[0], ages[1]


def bars_since(happened: npt.NDArray[np.bool_], most_bars: int) -> FloatArray:
    """Bars since it last happened, at most ``most_bars``, which is said too where it never did.

    Example:
        >>> bars_since(np.array([False, True, False, False, False]), 2).tolist()
        [2.0, 0.0, 1.0, 2.0, 2.0]
    """
    row = np.arange(happened.size)
    last = np.maximum.accumulate(np.where(happened, row, -most_bars))
    return np.minimum(row - last, most_bars).astype(np.float64)


def psychological_line(close: FloatArray, lookback_bars: int = 12) -> FloatArray:
    """Psychological line: percentage of bars that closed higher than the bar before.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        lookback_bars: Changes that are counted.

    Returns:
        Shape ``(T,)``, in ``[0, 100]``; NaN in the first ``lookback_bars`` rows. An unchanged close counts one half,
        so a market that stands still gives 50.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> psychological_line(np.array([1.0, 2.0, 3.0, 3.0]), 2).tolist()
        [nan, nan, 100.0, 75.0]

    References: the textbook definition, unchanged closes aside.
    """
    require_lookback(lookback_bars)
    return 50.0 * (1.0 + window_sum(np.sign(change(close)), lookback_bars) / lookback_bars)


def streak(close: FloatArray, most_bars: int = 20) -> tuple[FloatArray, FloatArray]:
    """Length of the present run of rises or falls, and its log return; a longer run counts as ``most_bars``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        most_bars: Largest length; of a longer run only the last ``most_bars`` changes are looked at.

    Returns:
        Changes in the run, negative for falls and 0 on an unchanged close, and their log return; each of shape
        ``(T,)``, NaN in the first ``most_bars`` rows.

    Raises:
        ValueError: If ``most_bars`` is less than 2.

    Example:
        >>> [column.round(2).tolist() for column in streak(np.exp([0.0, 1.0, 0.5, 0.2]), 2)]
        [[nan, nan, -1.0, -2.0], [nan, nan, -0.5, -0.8]]

    References: L. Connors, C. Alvarez, *Short Term Trading Strategies That Work*, 2009.
    """
    require_lookback(most_bars)
    length, direction = run_lengths(close, most_bars)
    price = np.log(close)
    before = np.maximum(np.arange(close.size) - length, 0)
    signed, gained = direction * length, np.asarray(price - price[before])
    signed[:most_bars] = gained[:most_bars] = np.nan
    return signed, gained


def run_lengths(close: FloatArray, most_bars: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Changes of equal sign up to each bar, at most ``most_bars`` and 0 on an unchanged close, and their sign.

    Example:
        >>> length, direction = run_lengths(np.array([1.0, 2.0, 3.0, 3.0]), 9)
        >>> length.tolist(), direction.tolist()
        ([0, 1, 2, 0], [0.0, 1.0, 1.0, 0.0])
    """
    direction = np.zeros(close.size)
    direction[1:] = np.sign(close[1:] - close[:-1])
    turned = np.ones(close.size, dtype=np.bool_)
    turned[1:] = direction[1:] != direction[:-1]
    row = np.arange(close.size)
    length = np.minimum(row - np.maximum.accumulate(np.where(turned, row, 0)) + 1, most_bars)
    return np.where(direction == 0.0, 0, length), direction
