"""Where the close and the last return stand within their window: scores, ranks, median, line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import NO_SPREAD, RETURN_TIE, log_returns, ratio, root_mean_square
from forecast_pipeline.features.indicators.window_loops import (
    in_blocks,
    lags,
    mean_and_square,
    rank_in_window,
    sorted_windows,
)
from forecast_pipeline.features.indicators.windows import ROUNDING, log_distance, require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# A line that leaves less than a billionth of the variance counts as leaving that much.
_LARGEST_FIT = 1.0 - 1e-9


def close_zscore(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Distance of the log close from the window's mean log close, in standard deviations (ddof 0).

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Shape ``(T,)``, standard deviations, within the root of ``lookback_bars``; 0 where the closes are equal, NaN in
        the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close_zscore(np.exp([0.0, 2.0, 2.0]), 2).round(9).tolist()
        [nan, 1.0, 0.0]

    References: the standard score of statistics textbooks, on log closes.
    """
    require_lookback(lookback_bars)

    def compute(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        mean, square = mean_and_square(block, n_rows, lookback_bars)
        deviation = np.where(square <= NO_SPREAD * NO_SPREAD, 0.0, np.sqrt(square))
        return (ratio(block[-n_rows:] - mean, deviation, 0.0),)

    return in_blocks((np.log(close),), lookback_bars - 1, compute)[0]


def close_rank(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Share of the window's other closes that lie below the present one, equal ones by half.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window, the present one included.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where the closes are equal, NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> close_rank(np.array([1.0, 4.0, 2.0, 2.0]), 3).tolist()
        [nan, nan, 0.5, 0.25]

    References: the percentile rank of statistics textbooks.
    """
    require_lookback(lookback_bars)
    return rank_in_window(close, lookback_bars, ROUNDING * close)


def return_zscore(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Present log return over the root mean square of the window's, its own included.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, dimensionless, within the root of ``lookback_bars``; 0 where nothing moved, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> return_zscore(np.exp([0.0, 1.0, 8.0]), 2).round(9).tolist()  # 7 over the root of 25
        [nan, nan, 1.4]

    References: the standard score of statistics textbooks, about a mean of zero.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    return ratio(returns, root_mean_square(returns, lookback_bars), 0.0)


def return_rank(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Share of the window's other log returns that lie below the present one, equal ones by half.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, the present one included.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where the returns are equal, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> return_rank(np.exp([0.0, 1.0, 3.0, 4.5]), 3).tolist()  # 1.5 among 1, 2 and itself
        [nan, nan, nan, 0.5]

    References: the percentile rank of statistics textbooks.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    return rank_in_window(returns, lookback_bars, np.full(close.size, RETURN_TIE), warm_up_bars=1)


def median_distance(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Log distance of the close from the window's median close.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window; of an even number the mean of the two middle ones counts.

    Returns:
        ``log(close / median)``, shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> np.exp(median_distance(np.array([8.0, 1.0, 2.0, 8.0]), 3)).round(9).tolist()  # medians 2 and 2
        [nan, nan, 1.0, 4.0]

    References: J. W. Tukey, *Exploratory Data Analysis*, 1977.
    """
    require_lookback(lookback_bars)
    upper, lower = lookback_bars // 2, (lookback_bars - 1) // 2

    def compute(windows: FloatArray, own: FloatArray) -> tuple[FloatArray, ...]:
        return (log_distance(own, (windows[:, lower] + windows[:, upper]) / 2.0),)

    return sorted_windows(close, lookback_bars, compute)[0]


def linear_fit(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Line through the log closes by least squares: how sure its slope is, and where the close stands beside it.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        t statistic of the slope, kept within what a line that leaves a billionth of the variance gives, and distance
        of the present log close from the line in residual standard deviations (ddof 2). Each of shape ``(T,)``, NaN in
        the first ``lookback_bars - 1`` rows. Equal closes give 0 and 0; closes on a line give a distance of 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> [each[-1].round(4).item() for each in linear_fit(np.exp([0.0, 1.0, 1.0, 0.0]), 4)]  # a flat line at 1/2
        [0.0, -0.7071]

    References: any textbook of regression, such as N. R. Draper, H. Smith, *Applied Regression Analysis*, 1966.
    """
    require_lookback(lookback_bars, least=4)
    times = [place - (lookback_bars - 1) / 2.0 for place in range(lookback_bars)]
    time_square = sum(time * time for time in times)

    def compute(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        mean, square = mean_and_square(block, n_rows, lookback_bars)
        together, part = np.zeros(n_rows), np.empty(n_rows)
        for time, values in zip(times, lags(block, n_rows, lookback_bars), strict=True):
            np.subtract(values, mean, out=part)
            part *= time
            together += part
        is_flat = square <= NO_SPREAD * NO_SPREAD
        squares = np.where(is_flat, 1.0, lookback_bars * square)
        slope = np.where(is_flat, 0.0, together / time_square)
        fit = np.clip(slope * slope * time_square / squares, 0.0, 1.0)
        is_line = fit > _LARGEST_FIT
        left = 1.0 - np.minimum(fit, _LARGEST_FIT)
        t = np.sign(slope) * np.sqrt((lookback_bars - 2) * (1.0 - left) / left)
        distance = block[-n_rows:] - mean - times[-1] * slope
        residual = distance / np.sqrt(squares * left / (lookback_bars - 2))
        return t, np.where(is_flat | is_line, 0.0, residual)

    t, residual = in_blocks((np.log(close),), lookback_bars - 1, compute, n_outputs=2)
    return t, residual
