"""Share of slow swings in the variance of returns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.second_moments import centred_squares
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


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
