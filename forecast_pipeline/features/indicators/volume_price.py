"""Volume beside returns: returns weighted by it, split by it, moved by it, correlated with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.session_parts import session_sum
from forecast_pipeline.features.indicators.window_parts import lags, share, window_mean
from forecast_pipeline.features.indicators.windows import (
    ROUNDING,
    change,
    log_distance,
    require_lookback,
    window_sum,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import FloatArray, IntArray

_EVEN = 1e-9  # volumes that differ by less, as a fraction of their mean, are equal


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
    return share(session_sum(flow, session), session_sum(volume, session), 0.0)


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


def vwma(close: FloatArray, volume: FloatArray, lookback_bars: int = 30) -> FloatArray:
    """Log distance of the close from its volume-weighted moving average.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        ``log(close / average)``, shape ``(T,)``; NaN in the first ``lookback_bars - 1`` rows and where the window
        holds an unrecorded volume. 0 without volume.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(vwma(np.array([1.0, 5.0]), np.array([3.0, 1.0]), 2)).round(9).tolist()
        [nan, 2.5]

    References: B. Dormeier, *Investing with Volume Analysis*, 2011.
    """
    require_lookback(lookback_bars)
    return log_distance(
        close, share(window_sum(close * volume, lookback_bars), window_sum(volume, lookback_bars), close)
    )


def volume_weighted_return(close: FloatArray, volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Mean log return of the window's bars, weighted by their volume.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Returns in the window.

    Returns:
        Shape ``(T,)``, log return per bar; NaN in the first ``lookback_bars`` rows and where the window holds an
        unrecorded volume. 0 without volume.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> volume_weighted_return(np.exp([0.0, 1.0, 3.0]), np.array([1.0, 3.0, 1.0]), 2).round(9).tolist()
        [nan, nan, 1.25]

    References: windowed form of the volume-price trend.
    """
    require_lookback(lookback_bars)
    flow = change(np.log(close)) * volume
    return share(window_sum(flow, lookback_bars), window_sum(volume, lookback_bars), 0.0)


def up_volume_share(close: FloatArray, volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Volume of the bars that rose as a share of the volume of the bars that moved.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Changes of the close in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; NaN in the first ``lookback_bars`` rows and where the window holds an
        unrecorded volume. 0.5 if no volume moved the price; closes that are equal in ticks did not move.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> up_volume_share(np.array([1.0, 2.0, 1.0]), np.array([9.0, 3.0, 1.0]), 2).tolist()
        [nan, nan, 0.75]

    References: R. W. Arms' up and down volume, *The Arms Index*, 1989, in time instead of across stocks.
    """
    require_lookback(lookback_bars)
    step, tie = change(close), ROUNDING * close
    unknown = 0.0 * (step + volume)
    rising = window_sum(np.where(step > tie, volume, 0.0) + unknown, lookback_bars)
    falling = window_sum(np.where(step < -tie, volume, 0.0) + unknown, lookback_bars)
    return share(rising, rising + falling, 0.5)


def amihud_illiquidity(close: FloatArray, volume: FloatArray, short_bars: int = 20, long_bars: int = 100) -> FloatArray:
    """Illiquidity of the last bars against its own longer level, as a share.

    Amihud's ratio is the absolute log return per unit of volume. Here it is taken of sums, which stay finite when
    a bar has no volume, over a short and a long window, and their quotient ``q`` is given as ``q / (1 + q)``.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        short_bars: Returns in the short window.
        long_bars: Returns in the long window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``: 0.5 when as illiquid as usual, more when the same volume moves the price
        further; NaN in the first ``long_bars`` rows and where that window holds an unrecorded volume. 0.5 without
        volume or without moves in the long window, or without both in the short one.

    Raises:
        ValueError: If the lengths do not increase from at least 1.

    Example:
        >>> close = np.exp([0.0, 1.0, 4.0])  # 3 of 4 parts of the move with half of the volume: q is 1.5
        >>> amihud_illiquidity(close, np.ones(3), 1, 2).round(9).tolist()
        [nan, nan, 0.6]

    References: Y. Amihud, *Journal of Financial Markets* 5, 2002.
    """
    if not 1 <= short_bars < long_bars:
        raise ValueError(f"lengths must increase from at least 1, was {short_bars}, {long_bars}")
    moved = np.abs(change(np.log(close)))
    moved = np.where(moved <= ROUNDING, 0.0, moved)
    all_moved, all_traded = window_sum(moved, long_bars), window_sum(volume, long_bars)
    move_share = share(window_sum(moved, short_bars), all_moved, 0.0)
    trade_share = share(window_sum(volume, short_bars), all_traded, 0.0)
    both = np.where((all_moved == 0.0) | (all_traded == 0.0), 0.0, move_share + trade_share)
    return share(move_share, both, 0.5)


def price_volume_correlation(close: FloatArray, volume: FloatArray, lookback_bars: int = 20) -> FloatArray:
    """Correlation of close and volume over the window.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        volume: Shape ``(T,)``, at least 0; NaN where none was recorded.
        lookback_bars: Window length.

    Returns:
        Pearson's correlation, shape ``(T,)``, in ``[-1, 1]``; NaN in the first ``lookback_bars - 1`` rows and
        where the window holds an unrecorded volume. 0 where either has no spread but rounding.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> price_volume_correlation(np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0, 2.0]), 2).round(9).tolist()
        [nan, 1.0, -1.0]

    References: Z. Kakushadze, "101 formulaic alphas", *Wilmott* 84, 2016.
    """
    require_lookback(lookback_bars)
    first = lookback_bars - 1
    mean_price, mean_volume = window_mean(close, lookback_bars)[first:], window_mean(volume, lookback_bars)[first:]
    in_volumes = np.where(mean_volume > 0.0, mean_volume, 1.0)
    prices, volumes, products = (np.zeros(max(0, close.size - first)) for _ in range(3))
    for (_, price), (_, traded) in zip(lags(close, lookback_bars), lags(volume, lookback_bars), strict=True):
        left, right = price / mean_price - 1.0, (traded - mean_volume) / in_volumes
        prices += left * left
        volumes += right * right
        products += left * right
    is_flat = (prices <= lookback_bars * ROUNDING**2) | (volumes <= lookback_bars * _EVEN**2)
    spread = np.sqrt(np.where(is_flat, 1.0, prices) * np.where(is_flat, 1.0, volumes))
    out = np.full(close.size, np.nan)
    out[first:] = np.where(is_flat, 0.0, np.clip(products / spread, -1.0, 1.0)) + 0.0 * mean_volume
    return out
