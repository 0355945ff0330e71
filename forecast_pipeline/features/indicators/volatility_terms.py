"""Realised volatility over several horizons beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.second_moments import centred_squares, root_mean_square

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def _log_volatility_ratio(short: FloatArray, long: FloatArray) -> FloatArray:
    """Log of a ratio of volatilities; what lies below rounding counts as no more and no less than that."""
    return np.asarray(np.log(np.maximum(short, ROUNDING) / np.maximum(long, ROUNDING)))


def har_components(
    close: FloatArray, *, short_bars: int, medium_bars: int, long_bars: int
) -> tuple[FloatArray, FloatArray]:
    """Log ratios of the short and the medium realised volatility to the long one.

    The three spans of the heterogeneous autoregression, without their common level, which other columns have.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        short_bars: Log returns of the short span.
        medium_bars: Log returns of the medium span.
        long_bars: Log returns of the long span.

    Returns:
        Log of short over long and of medium over long root mean square, each of shape ``(T,)``; 0 where nothing
        moved, NaN in the first ``long_bars`` rows. A span that stood still counts as a volatility of ``1e-10``.

    Raises:
        ValueError: If the spans do not increase from at least 1.

    Example:
        >>> both = har_components(np.exp([0.0, 7.0, 7.0, 8.0]), short_bars=1, medium_bars=2, long_bars=3)
        >>> [np.exp(2.0 * part[-1]).round(4).item() for part in both]  # 1 and 1/2 over 50/3
        [0.06, 0.03]

    References: F. Corsi, "A simple approximate long-memory model of realized volatility", *Journal of Financial
    Econometrics* 7, 2009.
    """
    if not 1 <= short_bars < medium_bars < long_bars:
        raise ValueError(f"spans must increase from at least 1, was {short_bars}, {medium_bars}, {long_bars}")
    returns = log_returns(close)
    short, medium, long = (root_mean_square(returns, bars) for bars in (short_bars, medium_bars, long_bars))
    return _log_volatility_ratio(short, long), _log_volatility_ratio(medium, long)


def volatility_ratio(close: FloatArray, *, short_bars: int, long_bars: int) -> FloatArray:
    """Standard deviation of the returns of a short window over that of a long one, means taken out.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        short_bars: Log returns of the short window.
        long_bars: Log returns of the long window, the short ones among them.

    Returns:
        Shape ``(T,)``, ratio, at least 0; 1 where the long window has no spread, NaN in the first ``long_bars`` rows.

    Raises:
        ValueError: If ``short_bars`` is less than 2 or not less than ``long_bars``.

    Example:
        >>> volatility_ratio(np.exp([0.0, 3.0, 3.0, 4.0]), short_bars=2, long_bars=3).round(4).tolist()
        [nan, nan, nan, 0.4009]

    References: P. J. Kaufman, *Trading Systems and Methods*, 1995.
    """
    if not 1 < short_bars < long_bars:
        raise ValueError(f"short_bars must be at least 2 and less than long_bars={long_bars}, was {short_bars}")
    returns = log_returns(close)
    long = centred_squares(returns, long_bars) / long_bars
    short = centred_squares(returns, short_bars) / short_bars
    return np.where(np.isnan(long), np.nan, np.sqrt(ratio(short, long, 1.0)))
