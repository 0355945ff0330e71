"""Shape of the distribution of returns in a window: skewness, kurtosis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import NO_SPREAD, log_returns
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def _standardised_moment(close: FloatArray, lookback_bars: int, order: int, neutral: float) -> FloatArray:
    """Mean of the ``order``-th power of the window's standardised log returns, ``neutral`` without spread."""

    def compute(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        mean, square = mean_and_square(block, n_rows, lookback_bars)
        spread = np.where(square <= NO_SPREAD * NO_SPREAD, 0.0, np.sqrt(square))
        scale = ratio(np.ones(n_rows), spread, 0.0)
        total, power = np.zeros(n_rows), np.empty(n_rows)
        deviation = np.empty(n_rows)
        for values in lags(block, n_rows, lookback_bars):
            np.subtract(values, mean, out=deviation)
            deviation *= scale
            np.multiply(deviation, deviation, out=power)
            power *= power if order == 4 else deviation  # noqa: PLR2004 - the fourth power is a square twice
            total += power
        return (np.where(spread == 0.0, neutral, total / lookback_bars),)

    return in_blocks((log_returns(close),), lookback_bars, compute)[0]


def skewness(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Skewness of log returns, third central moment over the cubed standard deviation (ddof 0).

    The deviations are taken in a second pass, so a mean far from zero costs no digits.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, dimensionless, within the root of ``lookback_bars``; 0 where the returns are equal, NaN in the
        first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> skewness(np.exp([0.0, 0.0, 0.0, 1.0]), 3).round(4).tolist()  # 2/27 over (2/9) ** 1.5
        [nan, nan, nan, 0.7071]

    References: R. A. Fisher, *Statistical Methods for Research Workers*, 1925; the biased ``g1``.
    """
    require_lookback(lookback_bars, least=3)
    return _standardised_moment(close, lookback_bars, 3, 0.0)


def kurtosis(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Excess kurtosis of log returns, fourth central moment over the squared variance (ddof 0), minus 3.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, dimensionless, from -2 to ``lookback_bars - 3``; 0 where the returns are equal, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> kurtosis(np.exp([0.0, 1.0, 0.0, 1.0, 0.0]), 4).round(9).tolist()  # two values: the least there is
        [nan, nan, nan, nan, -2.0]

    References: R. A. Fisher, *Statistical Methods for Research Workers*, 1925; the biased ``g2``.
    """
    require_lookback(lookback_bars, least=4)
    return _standardised_moment(close, lookback_bars, 4, 3.0) - 3.0
