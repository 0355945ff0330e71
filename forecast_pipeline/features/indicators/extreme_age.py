"""How long ago the window had its extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.talib_windows import window_bottom, window_top
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray
if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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


def aroon(high: FloatArray, low: FloatArray, lookback_bars: int = 25) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Chande's Aroon: how recent the highest high and the lowest low are, and the difference.

    TA-Lib's: among equal extremes the latest counts.

    Args:
        high: Shape ``(T,)``, price in quote currency, oldest first, no NaN.
        low: Shape ``(T,)``.
        lookback_bars: Bars before the present one that count.

    Returns:
        Up and down, in ``[0, 100]``, 100 if the extreme is the present bar's, and up minus down; each of shape
        ``(T,)``, NaN in the first ``lookback_bars`` rows. A market that stands still gives 100, 100 and 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> high = np.array([1.0, 3.0, 2.0])  # the highest one bar ago, the lowest two
        >>> [line[-1].item() for line in aroon(high, high, lookback_bars=2)]
        [50.0, 0.0, 50.0]

    References: T. S. Chande, *Technical Analysis of Stocks & Commodities* 13:9, 1995.
    """
    import talib

    require_lookback(lookback_bars)
    down, up = talib.AROON(high, low, timeperiod=lookback_bars)
    return np.asarray(up), np.asarray(down), np.asarray(up - down)
