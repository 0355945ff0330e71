"""Order of the returns in a window: roughness, runs, turning points, slow waves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import RETURN_TIE, centred_squares, lagged, log_returns, ratio
from forecast_pipeline.features.indicators.window_loops import in_blocks, lags
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

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


def low_frequency_share(close: FloatArray, lookback_bars: int, *, n_frequencies: int) -> FloatArray:
    """Share of the variance of log returns that the slowest waves of the window carry.

    The periodogram at 1, 2, … ``n_frequencies`` waves a window over the summed squared deviations. Independent returns
    give ``2 n_frequencies / (lookback_bars - 1)`` on average.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.
        n_frequencies: Waves a window that count as slow, from 1 to this.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; the share of independent returns where they are equal, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``n_frequencies`` is less than 1 or not less than half of ``lookback_bars``.

    Example:
        >>> returns = np.cos(2.0 * np.pi * np.arange(1, 17) / 16.0)  # a single wave
        >>> close = np.exp(np.cumsum([0.0, *returns]))
        >>> low_frequency_share(close, 16, n_frequencies=1)[-1].round(9).item()
        1.0

    References: A. Schuster, "On the investigation of hidden periodicities", *Terrestrial Magnetism* 3, 1898.
    """
    if not 1 <= n_frequencies < lookback_bars / 2:
        raise ValueError(
            f"n_frequencies must be at least 1 and less than half of lookback_bars={lookback_bars}, was {n_frequencies}"
        )
    angle = 2.0 * math.pi / lookback_bars
    waves = range(1, n_frequencies + 1)

    def compute(returns: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        cosines, sines = ([np.zeros(n_rows) for _ in waves] for _ in range(2))
        part = np.empty(n_rows)
        for place, values in enumerate(lags(returns, n_rows, lookback_bars)):
            for wave, cosine, sine in zip(waves, cosines, sines, strict=True):
                np.multiply(values, math.cos(angle * wave * place), out=part)
                np.add(cosine, part, out=cosine)
                np.multiply(values, math.sin(angle * wave * place), out=part)
                np.add(sine, part, out=sine)
        power = np.zeros(n_rows)
        for cosine, sine in zip(cosines, sines, strict=True):
            power += cosine * cosine + sine * sine
        return (2.0 / lookback_bars * power,)

    returns = log_returns(close)
    power = in_blocks((returns,), lookback_bars, compute)[0]
    share = ratio(power, centred_squares(returns, lookback_bars), 2.0 * n_frequencies / (lookback_bars - 1))
    return np.minimum(share, 1.0)
