"""How far a window went: falls and rises, share and size of gains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import ROUNDING, ratio
from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks
from forecast_pipeline.features.indicators.windows import require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def largest_swings(close: FloatArray, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Largest fall from an earlier close and largest rise from an earlier close of the window.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window.

    Returns:
        Drawdown and drawup, log returns, each of shape ``(T,)``, at least 0; NaN in the first ``lookback_bars - 1``
        rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> [each[-1].round(9).item() for each in largest_swings(np.exp([2.0, 5.0, 1.0, 3.0]), 4)]
        [4.0, 3.0]

    References: M. Magdon-Ismail, A. F. Atiya, "Maximum drawdown", *Risk* 17, 2004.
    """
    require_lookback(lookback_bars)

    def compute(level: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        peak, trough = np.full(n_rows, -np.inf), np.full(n_rows, np.inf)
        drawdown, drawup, part = np.zeros(n_rows), np.zeros(n_rows), np.empty(n_rows)
        for values in lags(level, n_rows, lookback_bars):
            np.maximum(peak, values, out=peak)
            np.minimum(trough, values, out=trough)
            np.subtract(peak, values, out=part)
            np.maximum(drawdown, part, out=drawdown)
            np.subtract(values, trough, out=part)
            np.maximum(drawup, part, out=drawup)
        return tuple(np.where(swing <= ROUNDING, 0.0, swing) for swing in (drawdown, drawup))

    drawdown, drawup = in_blocks((np.log(close),), lookback_bars - 1, compute, n_outputs=2)
    return drawdown, drawup


def up_fraction(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Share of the window's bars that closed above the last close, unchanged ones by half.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Changes in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 where nothing moved, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> up_fraction(np.array([1.0, 2.0, 2.0]), 2).tolist()
        [nan, nan, 0.75]

    References: the sign test of statistics textbooks.
    """
    require_lookback(lookback_bars)
    return 0.5 + 0.5 * window_sum(np.sign(log_returns(close)), lookback_bars) / lookback_bars


def gain_loss_ratio(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Mean gain over mean gain plus mean loss, each over the bars that gained or lost.

    It compares how large gains and losses are, not how many: the number of each is `up_fraction`'s.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``, 1 without losses and 0 without gains; 0.5 where nothing moved, NaN in the first
        ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> gain_loss_ratio(np.exp([0.0, 3.0, 2.5, 2.0]), 3).round(4).tolist()  # 3 over 3 and one half
        [nan, nan, nan, 0.8571]

    References: the payoff ratio of trading textbooks, such as P. J. Kaufman, *Trading Systems and Methods*, 1995.
    """
    require_lookback(lookback_bars)
    returns = log_returns(close)
    unknown = returns * 0.0
    means = []
    for side in (returns, -returns):
        amount = window_sum(np.maximum(side, 0.0), lookback_bars)
        means.append(ratio(amount, window_sum((side > 0.0) + unknown, lookback_bars), 0.0))
    gain, loss = means
    return ratio(gain, gain + loss, 0.5)
