"""Order of the returns in a window: roughness, runs, turning points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import RETURN_TIE, log_returns
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def path_roughness(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Summed absolute change from one log return to the next, as a share of what it could be.

    ``sum(|r[j] - r[j - 1]|) / sum(|r[j]| + |r[j - 1]|)``: 0 for a steady move, 1 where every bar turns back, the root
    of one half for independent normal returns.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Neighbouring pairs of log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where nothing moved, NaN in the first ``lookback_bars + 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> path_roughness(np.exp([0.0, 1.0, 4.0, 3.0]), 2).round(9).tolist()  # 2 and 4 of 4 and 4
        [nan, nan, nan, 0.75]

    References: the total variation of the returns, as in P. J. Green, B. W. Silverman, *Nonparametric Regression and
    Generalized Linear Models: A Roughness Penalty Approach*, 1994, for penalties of roughness.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    before = lagged(returns, 1)
    most = window_sum(np.abs(returns) + np.abs(before), lookback_bars)
    return np.minimum(ratio(window_sum(np.abs(returns - before), lookback_bars), most, 0.5), 1.0)


def runs_test(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Runs of falling, unchanged and rising bars: their number against that of a random order, in standard errors.

    Wald and Wolfowitz's test with three kinds, because a tick market often does not move: of ``n`` bars with ``n_i`` of
    each kind ``n + 1 - sum(n_i ** 2) / n`` runs are expected in a random order.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, standard errors, negative where directions persist; 0 where the number of runs is certain, NaN
        in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> runs_test(np.array([1.0, 2.0, 3.0, 2.0, 1.0]), 4)[-1].round(4).item()  # 2 runs, 3 expected, variance 2/3
        -1.2247

    References: A. Wald, J. Wolfowitz, "On a test whether two samples are from the same population", *Annals of
    Mathematical Statistics* 11, 1940; D. E. Barton, F. N. David, "Multiple runs", *Biometrika* 44, 1957.
    """
    require_lookback(lookback_bars, least=3)
    n = float(lookback_bars)
    sign = np.sign(log_returns(close))
    unknown = sign * 0.0
    counts = [window_sum((sign == kind) + unknown, lookback_bars) for kind in (-1.0, 0.0, 1.0)]
    squares = counts[0] ** 2 + counts[1] ** 2 + counts[2] ** 2
    cubes = counts[0] ** 3 + counts[1] ** 3 + counts[2] ** 3
    turns = (sign != lagged(sign, 1)) + unknown
    turns[:2] = np.nan
    runs = 1.0 + window_sum(turns, lookback_bars - 1)
    expected = n + 1.0 - squares / n
    # A sum of whole numbers, so it is exactly zero where the number of runs is certain.
    variance = (squares * (squares + n * (n + 1.0)) - 2.0 * n * cubes - n**3) / (n * n * (n - 1.0))
    return ratio(runs - expected, np.sqrt(np.maximum(variance, 0.0)), 0.0)


def turning_points(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Turning points of the log returns against those of independent ones, in standard errors.

    A return is a turning point if both neighbours are smaller or both are larger; ``2 (n - 2) / 3`` are expected, with
    variance ``(16 n - 29) / 90``. A return that equals a neighbour up to rounding counts as expected, two thirds.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, standard errors, positive where returns alternate; 0 where nothing moved, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> turning_points(np.exp([0.0, 1.0, 4.0, 5.0]), 3)[-1].round(4).item()  # 1 turn, 2/3 expected, variance 19/90
        0.7255

    References: M. G. Kendall, A. Stuart, *The Advanced Theory of Statistics*, vol. 3, 1966.
    """
    require_lookback(lookback_bars, least=3)
    returns = log_returns(close)
    step = returns - lagged(returns, 1)
    direction = np.where(np.abs(step) <= RETURN_TIE, 0.0, np.sign(step))
    bend = direction * lagged(direction, 1)
    excess = np.where(bend == 0.0, 0.0, (bend < 0.0) - 2.0 / 3.0) + bend * 0.0
    return window_sum(excess, lookback_bars - 2) / math.sqrt((16.0 * lookback_bars - 29.0) / 90.0)
