"""Realised volatility of log returns: spans, their ratios, halves, quarticity, its own movement and rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import (
    centred_squares,
    correlation,
    lagged,
    log_returns,
    ratio,
    root_mean_square,
    window_mean,
)
from forecast_pipeline.features.indicators.window_loops import rank_in_window
from forecast_pipeline.features.indicators.windows import ROUNDING, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# Volatilities that are equal in exact arithmetic differ by the order of their sums.
_RELATIVE_TIE = 1e-9


def close_to_close(close: FloatArray, lookbacks_bars: tuple[int, ...]) -> tuple[FloatArray, ...]:
    """Standard deviation (ddof 1) of log returns over several spans, not annualised.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookbacks_bars: Log returns of each span, from short to long.

    Returns:
        One array a span, shape ``(T,)``, log return of one bar, at least 0; each NaN in the first rows that its
        span needs.

    Raises:
        ValueError: If a span is less than 2.

    Example:
        >>> close_to_close(np.exp([0.0, 1.0, 3.0]), (2,))[0].round(4).tolist()  # returns 1 and 2
        [nan, nan, 0.7071]

    References: M. B. Garman, M. J. Klass, *Journal of Business* 53, 1980, the classical estimator.
    """
    require_lookback(min(lookbacks_bars))
    returns = log_returns(close)
    return tuple(np.sqrt(centred_squares(returns, bars) / (bars - 1)) for bars in lookbacks_bars)


def realised_semivariance(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Root mean square of the rising and of the falling log returns, each over all bars of the window.

    The lower one is the downside deviation below zero; the two squares add up to the realised variance per bar.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Upper and lower root, each of shape ``(T,)``, log return of one bar, at least 0; NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> [half[2].round(4).item() for half in realised_semivariance(np.exp([0.0, 2.0, 1.0]), 2)]
        [1.4142, 0.7071]

    References: O. E. Barndorff-Nielsen, S. Kinnebrock, N. Shephard, "Measuring downside risk: realised
    semivariance", in *Volatility and Time Series Econometrics*, 2010.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    upper, lower = np.maximum(returns, 0.0), np.minimum(returns, 0.0)
    return root_mean_square(upper, lookback_bars), root_mean_square(lower, lookback_bars)


def signed_jump(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Upper minus lower realised semivariance, as a share of the realised variance.

    The diffusive halves cancel, so what is left is the balance of jumps.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> signed_jump(np.exp([0.0, 3.0, 2.0]), 2).round(9).tolist()  # squares 9 up and 1 down
        [nan, nan, 0.8]

    References: A. J. Patton, K. Sheppard, "Good volatility, bad volatility: signed jumps and the persistence of
    volatility", *Review of Economics and Statistics* 97, 2015.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    signed = window_sum(returns * np.abs(returns), lookback_bars)
    return ratio(signed, window_sum(returns * returns, lookback_bars), 0.0)


def realised_quarticity(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Realised quarticity over the squared realised variance, how unevenly the variance came.

    ``(n / 3) sum(r ** 4) / sum(r ** 2) ** 2``: 1 for normal returns of one variance, ``n / 3`` for a single jump.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, ratio, at least 1/3; 1 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> realised_quarticity(np.exp([0.0, 1.0, 1.0, 1.0]), 3).round(9).tolist()
        [nan, nan, nan, 1.0]

    References: O. E. Barndorff-Nielsen, N. Shephard, "Econometric analysis of realized volatility and its use in
    estimating stochastic volatility models", *Journal of the Royal Statistical Society B* 64, 2002.
    """
    require_lookback(lookback_bars)
    squares = log_returns(close) ** 2
    total = window_sum(squares, lookback_bars)
    return ratio(lookback_bars / 3.0 * window_sum(squares * squares, lookback_bars), total * total, 1.0)


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


def volatility_of_volatility(close: FloatArray, *, short_bars: int, lookback_bars: int) -> FloatArray:
    """Standard deviation of the short realised volatility over its mean.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        short_bars: Log returns in each volatility.
        lookback_bars: Volatilities in the window, one ends with every bar.

    Returns:
        Shape ``(T,)``, ratio between 0 and the root of ``lookback_bars``; 0 where nothing moved, NaN in the first
        ``short_bars + lookback_bars - 1`` rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> volatility_of_volatility(np.exp([0.0, 1.0, 4.0]), short_bars=1, lookback_bars=2).round(9).tolist()
        [nan, nan, 0.5]

    References: F. Corsi, S. Mittnik, C. Pigorsch, U. Pigorsch, "The volatility of realized volatility",
    *Econometric Reviews* 27, 2008.
    """
    require_lookback(short_bars, least=1)
    require_lookback(lookback_bars)
    level = root_mean_square(log_returns(close), short_bars)
    spread = np.sqrt(centred_squares(level, lookback_bars) / lookback_bars)
    return ratio(spread, window_mean(level, lookback_bars), 0.0)


def volatility_percentile(close: FloatArray, *, short_bars: int, lookback_bars: int) -> FloatArray:
    """Share of the window's short realised volatilities that lie below the present one, ties by half.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        short_bars: Log returns in each volatility.
        lookback_bars: Volatilities in the window, the present one included.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where all are equal, NaN in the first ``short_bars + lookback_bars - 1``
        rows.

    Raises:
        ValueError: If a length is too short.

    Example:
        >>> volatility_percentile(np.exp([0.0, 1.0, 4.0, 6.0]), short_bars=1, lookback_bars=3).tolist()
        [nan, nan, nan, 0.5]

    References: the percentile rank of statistics textbooks, on realised volatility.
    """
    require_lookback(short_bars, least=1)
    require_lookback(lookback_bars)
    level = root_mean_square(log_returns(close), short_bars)
    return rank_in_window(level, lookback_bars, _RELATIVE_TIE * level, warm_up_bars=short_bars)


def leverage(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Correlation of a log return with the size of the next one.

    Negative where falls are followed by large moves (Black's leverage effect). The last pair ends with the present
    bar, so nothing of the future is used.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Pairs in the window.

    Returns:
        Shape ``(T,)``, in ``[-1, 1]``; 0 where one of the two does not vary, NaN in the first ``lookback_bars + 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> leverage(np.exp([0.0, 1.0, 2.0, 1.0, -1.0]), 3).round(9).tolist()  # pairs (1, 1), (1, 1), (-1, 2)
        [nan, nan, nan, nan, -1.0]

    References: F. Black, "Studies of stock price volatility changes", *Proceedings of the American Statistical
    Association*, 1976.
    """
    require_lookback(lookback_bars, least=3)
    returns = log_returns(close)
    return correlation(lagged(returns, 1), np.abs(returns), lookback_bars)
