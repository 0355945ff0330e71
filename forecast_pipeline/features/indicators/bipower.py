"""Variation of returns that jumps do not enter: from neighbours' products, minima and medians."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

BIPOWER = math.pi / 2.0
_MINIMUM = math.pi / (math.pi - 2.0)
_MEDIAN = math.pi / (6.0 - 4.0 * math.sqrt(3.0) + math.pi)


def bipower(sizes: FloatArray, lookback_bars: int) -> FloatArray:
    """Bipower variation of the window in squared log returns, comparable with the sum of squares."""
    scale = BIPOWER * lookback_bars / (lookback_bars - 1)
    return scale * window_sum(sizes * lagged(sizes, 1), lookback_bars - 1)


def bipower_variation(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Volatility of a bar from products of neighbouring absolute returns, which a jump hardly enters.

    ``sqrt(pi / 2 / (n - 1) sum(|r[j]| |r[j - 1]|))`` over the ``n - 1`` neighbours within the window. Not annualised.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window, ``n`` above.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> bipower_variation(np.exp([0.0, 1.0, 3.0]), 2).round(4).tolist()  # the root of pi / 2 times 1 times 2
        [nan, nan, 1.7725]

    References: O. E. Barndorff-Nielsen, N. Shephard, "Power and bipower variation with stochastic volatility and
    jumps", *Journal of Financial Econometrics* 2, 2004.
    """
    require_lookback(lookback_bars)
    sizes = np.abs(log_returns(close))
    out = np.sqrt(bipower(sizes, lookback_bars) / lookback_bars)
    out[:lookback_bars] = np.nan
    return out


def neighbour_truncation(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Volatility of a bar from the smaller of two neighbouring returns and from the median of three.

    MinRV and MedRV per bar, then the root: a jump is replaced by its neighbour, and MedRV suffers less from returns
    of zero than bipower variation. Not annualised.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Roots of MinRV and MedRV over ``lookback_bars``, each of shape ``(T,)``, log return of one bar, at least 0;
        NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 3.

    Example:
        >>> [each[-1].item() for each in neighbour_truncation(np.exp([0.0, 0.0, 3.0, 3.0]), 3)]  # one jump
        [0.0, 0.0]

    References: T. G. Andersen, D. Dobrev, E. Schaumburg, "Jump-robust volatility estimation using nearest neighbor
    truncation", *Journal of Econometrics* 169, 2012.
    """
    require_lookback(lookback_bars, least=3)
    sizes = np.abs(log_returns(close))
    before, earlier = lagged(sizes, 1), lagged(sizes, 2)
    smaller = np.minimum(sizes, before)
    middle = np.maximum(smaller, np.minimum(np.maximum(sizes, before), earlier))
    minimum = _MINIMUM * window_sum(smaller * smaller, lookback_bars - 1) / (lookback_bars - 1)
    median = _MEDIAN * window_sum(middle * middle, lookback_bars - 2) / (lookback_bars - 2)
    return np.sqrt(minimum), np.sqrt(median)
