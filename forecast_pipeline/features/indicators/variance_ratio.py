"""Variance of long returns beside that of single bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import NO_SPREAD, log_returns
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def variance_ratio(close: FloatArray, lookback_bars: int, *, aggregate_bars: int) -> tuple[FloatArray, FloatArray]:
    """Lo and MacKinlay's variance ratio and its z statistic that allows for changing volatility.

    The variance of overlapping returns over ``aggregate_bars`` bars per bar, over that of returns of one bar, both
    unbiased; the z statistic has the heteroskedasticity-consistent standard error (their ``z*``).

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.
        aggregate_bars: Bars of the long returns.

    Returns:
        Ratio and z statistic, each of shape ``(T,)``; 1 and 0 where the returns are equal, NaN in the first
        ``lookback_bars`` rows. More than 1 where moves persist, less where they revert.

    Raises:
        ValueError: If ``aggregate_bars`` is less than 2 or not less than ``lookback_bars``.

    Example:
        >>> close = np.exp([0.0, 1.0, 0.0, 1.0, 0.0])  # returns over two bars are all 0
        >>> [each[-1].round(4).item() for each in variance_ratio(close, 4, aggregate_bars=2)]
        [0.0, -2.3094]

    References: A. W. Lo, A. C. MacKinlay, "Stock market prices do not follow random walks: evidence from a simple
    specification test", *Review of Financial Studies* 1, 1988.
    """
    if not 2 <= aggregate_bars < lookback_bars:  # noqa: PLR2004 - one bar is what the long returns are compared with
        raise ValueError(
            f"aggregate_bars must be at least 2 and less than lookback_bars={lookback_bars}, was {aggregate_bars}"
        )
    n, q = lookback_bars, aggregate_bars
    weights = [(2.0 * (q - lag) / q) ** 2 for lag in range(1, q)]
    long_scale = q * (n - q + 1) * (1.0 - q / n)

    def compute(returns: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        mean, square = mean_and_square(returns, n_rows, n)
        squares, error, long_squares = np.zeros(n_rows), np.zeros(n_rows), np.zeros(n_rows)
        recent: list[tuple[FloatArray, FloatArray]] = []  # deviation and its square, the newest first
        for values in lags(returns, n_rows, n):
            deviation = values - mean
            own = deviation * deviation
            squares += own
            if len(recent) == q - 1:
                total = deviation.copy()
                for other, _ in recent:
                    total += other
                total *= total
                long_squares += total
            weighted = np.zeros(n_rows)
            for weight, (_, other) in zip(weights, recent, strict=False):
                weighted += weight * other
            error += own * weighted
            recent = [(deviation, own), *recent[: q - 2]]
        is_flat = square <= NO_SPREAD * NO_SPREAD
        squares = np.where(is_flat, 1.0, squares)
        found = np.where(is_flat, 1.0, long_squares / long_scale / (squares / (n - 1)))
        error = np.sqrt(np.where(is_flat, 0.0, error / (squares * squares)))
        return found, ratio(found - 1.0, error, 0.0)

    found, z = in_blocks((log_returns(close),), lookback_bars, compute, n_outputs=2)
    return found, z
