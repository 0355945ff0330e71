"""Where the close stands within its window: score, rank, distance from the median."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, log_distance, ratio
from forecast_pipeline.features.indicators.returns import NO_SPREAD
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.window_ranks import rank_in_window, sorted_windows
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
