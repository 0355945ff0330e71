"""Speed at which closes return to their mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import NO_SPREAD, log_returns
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# A regression that leaves less than a millionth of the variance counts as leaving that much.
_LARGEST_FIT = 1.0 - 1e-6


def mean_reversion(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How fast the log price returns to the window's mean: a first-order autoregression with a constant.

    Every change of the log price is regressed on the log price before it. The speed is minus the slope; the half-life
    is that of an Ornstein-Uhlenbeck process with this slope; the t statistic is Dickey and Fuller's.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Changes in the window.

    Returns:
        Each of shape ``(T,)``, NaN in the first ``lookback_bars`` rows: the speed, share of the distance closed in a
        bar, kept within ``[-1, 2]``; the half-life as a share of the window, in ``[0, 1]``, 1 also where nothing
        reverts; the t statistic. A market that stands still gives 0, 1 and 0.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> close = np.exp([8.0, 4.0, 2.0, 1.0, 0.5])  # half of the distance to zero closes in every bar
        >>> [each[-1].round(4).item() for each in mean_reversion(close, 4)][:2]
        [0.5, 0.25]

    References: D. A. Dickey, W. A. Fuller, "Distribution of the estimators for autoregressive time series with a unit
    root", *Journal of the American Statistical Association* 74, 1979.
    """
    require_lookback(lookback_bars, least=4)
    n = lookback_bars

    def compute(level: FloatArray, returns: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        before = level[:-1]
        mean, level_square = mean_and_square(before, n_rows, n)
        mean_return, return_square = mean_and_square(returns, n_rows, n)
        together, product = np.zeros(n_rows), np.empty(n_rows)
        for place, move in zip(lags(before, n_rows, n), lags(returns, n_rows, n), strict=True):
            np.subtract(place, mean, out=product)
            product *= move - mean_return
            together += product
        together /= n
        floor = NO_SPREAD * NO_SPREAD
        is_flat = (level_square <= floor) | (return_square <= floor)
        slope = np.where(is_flat, 0.0, together / np.where(is_flat, 1.0, level_square))
        speed = np.clip(-slope, -1.0, 2.0)
        kept = np.clip(1.0 - speed, 0.0, 1.0)
        decays = (kept > 0.0) & (kept < 1.0)
        half_life = math.log(2.0) / -np.log(np.where(decays, kept, 0.5)) / n
        half_life = np.where(decays, np.minimum(half_life, 1.0), np.where(kept == 0.0, 0.0, 1.0))
        fit = np.where(is_flat, 0.0, slope * slope * level_square / np.where(is_flat, 1.0, return_square))
        fit = np.minimum(fit, _LARGEST_FIT)
        t = np.sign(slope) * np.sqrt((n - 2) * fit / (1.0 - fit))
        return speed, half_life, t

    speed, half_life, t = in_blocks((np.log(close), log_returns(close)), lookback_bars, compute, n_outputs=3)
    return speed, half_life, t
