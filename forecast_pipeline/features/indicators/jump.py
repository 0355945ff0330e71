"""Jumps in the returns of a window: their share of the variance and their test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.bipower import BIPOWER, bipower
from forecast_pipeline.features.indicators.ratios import ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_JUMP_TEST_VARIANCE = math.pi**2 / 4.0 + math.pi - 5.0


def jump_share(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Part of the realised variance that bipower variation leaves out, at least 0: what jumps brought.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> jump_share(np.exp([0.0, 0.0, 3.0, 3.0]), 3).tolist()  # one jump and nothing else
        [nan, nan, nan, 1.0]

    References: O. E. Barndorff-Nielsen, N. Shephard, *Journal of Financial Econometrics* 2, 2004; X. Huang,
    G. Tauchen, *Journal of Financial Econometrics* 3, 2005, for the relative form.
    """
    require_lookback(lookback_bars)
    sizes = np.abs(log_returns(close))
    realised = window_sum(sizes * sizes, lookback_bars)
    smooth = ratio(bipower(sizes, lookback_bars), realised, 1.0)
    return np.maximum(0.0, 1.0 - smooth)


def jump_test(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Barndorff-Nielsen and Shephard's ratio test of a jump in the window, large where there was one.

    ``(1 - BV / RV) / sqrt((pi ** 2 / 4 + pi - 5) max(1, QP / BV ** 2) / n)`` with realised variance RV, bipower
    variation BV and quadpower quarticity QP, each scaled to the whole window. Standard normal without jumps.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, standard errors, at most ``sqrt(n / 0.609)``; 0 where nothing moved, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 5.

    Example:
        >>> jump_test(np.exp([0.0, 0.0, 0.0, 3.0, 3.0, 3.0]), 5)[-1].round(3).item()  # sqrt(5 / 0.609)
        2.865

    References: O. E. Barndorff-Nielsen, N. Shephard, "Econometrics of testing for jumps in financial economics using
    bipower variation", *Journal of Financial Econometrics* 4, 2006, adjusted ratio statistic.
    """
    require_lookback(lookback_bars, least=5)
    sizes = np.abs(log_returns(close))
    realised = window_sum(sizes * sizes, lookback_bars)
    smooth = bipower(sizes, lookback_bars)
    pairs = sizes * lagged(sizes, 1)
    scale = BIPOWER**2 * lookback_bars * lookback_bars / (lookback_bars - 3)
    quarticity = scale * window_sum(pairs * lagged(pairs, 2), lookback_bars - 3)
    uneven = np.maximum(1.0, ratio(quarticity, smooth * smooth, 1.0))
    return (1.0 - ratio(smooth, realised, 1.0)) / np.sqrt(_JUMP_TEST_VARIANCE * uneven / lookback_bars)
