"""Volatility by recursive filters of squared returns that forget: RiskMetrics, GJR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.returns import log_returns
from forecast_pipeline.features.indicators.windows import require_lookback, window_mean
from forecast_pipeline.features.warm_up import bars_to_forget

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def _decaying_mean(values: FloatArray, decay: float, start: FloatArray) -> FloatArray:
    """``m[t] = decay m[t - 1] + (1 - decay) values[t]``, with ``start[0]`` as the mean before the first value."""
    from scipy.signal import lfilter

    if not values.size:
        return values
    out, _ = lfilter([1.0 - decay], [1.0, -decay], values, zi=[decay * start[0]])
    return np.asarray(out)


def _require_decay(decay: float) -> None:
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay must be between 0 and 1, was {decay}")


def bars_to_forget_variance(decay: float, tolerance: float) -> int:
    """Changes after which a decaying variance has forgotten its start so far that its root has, too.

    What is left of the variance is at most the square of ``tolerance``, so the volatility keeps at most
    ``tolerance`` of the volatility at the start even where the market has stood still since.

    Example:
        >>> bars_to_forget_variance(0.1, 1e-3)
        6
    """
    return bars_to_forget((1.0 - decay,), tolerance * tolerance)


def ewma_volatility(close: FloatArray, decay: float) -> FloatArray:
    """Root of the exponentially weighted mean of squared log returns, as in RiskMetrics.

    ``v[t] = decay v[t - 1] + (1 - decay) r[t] ** 2``, begun with the first squared return; no mean is taken out. Not
    annualised.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        decay: Weight kept a bar, in (0, 1); RiskMetrics has 0.94 for daily returns.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first row.

    Raises:
        ValueError: If ``decay`` is not in (0, 1).

    Example:
        >>> ewma_volatility(np.exp([0.0, 1.0, 1.0]), decay=0.25).round(9).tolist()
        [nan, 1.0, 0.5]

    References: J. P. Morgan, Reuters, *RiskMetrics Technical Document*, 4th edition, 1996.
    """
    _require_decay(decay)
    out = np.full(close.size, np.nan)
    squares = log_returns(close)[1:] ** 2
    out[1:] = np.sqrt(_decaying_mean(squares, decay, squares))
    return out


def gjr_volatility(close: FloatArray, *, decay: float, asymmetry: float, pull: float, lookback_bars: int) -> FloatArray:
    """Volatility that a GJR model with fixed parameters expects for the next bar.

    ``h[t + 1] = decay h[t] + (1 - decay) ((1 - pull) s[t] r[t] ** 2 + pull V[t])``, where a falling return weighs
    ``s = 1 + asymmetry``, a rising one ``1 - asymmetry``, and ``V`` is the mean squared return of the window, to
    which the variance returns. In the usual letters: ARCH ``(1 - decay) (1 - pull) (1 - asymmetry)``, leverage
    ``2 (1 - decay) (1 - pull) asymmetry``, GARCH ``decay``, persistence ``1 - (1 - decay) pull``. Not annualised.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        decay: Weight of the previous variance, in (0, 1).
        asymmetry: How much more falls count than rises, in [0, 1].
        pull: Share of the new part that comes from the window's variance, in [0, 1].
        lookback_bars: Log returns in that window.

    Returns:
        Shape ``(T,)``, log return of one bar, at least 0; NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``decay`` is not in (0, 1) or ``lookback_bars`` is less than 2.

    Example:
        >>> numbers = dict(decay=0.5, asymmetry=1.0, pull=0.0, lookback_bars=2)
        >>> (gjr_volatility(np.exp([0.0, 1.0, 2.0, 1.0]), **numbers) ** 2).round(9).tolist()  # rises count nothing
        [nan, nan, 0.5, 1.25]

    References: L. R. Glosten, R. Jagannathan, D. E. Runkle, "On the relation between the expected value and the
    volatility of the nominal excess return on stocks", *Journal of Finance* 48, 1993.
    """
    _require_decay(decay)
    require_lookback(lookback_bars)
    returns = log_returns(close)
    squares = returns * returns
    usual = window_mean(squares, lookback_bars)[lookback_bars:]
    news = (squares * (1.0 - asymmetry * np.sign(returns)))[lookback_bars:]
    out = np.full(close.size, np.nan)
    out[lookback_bars:] = np.sqrt(_decaying_mean((1.0 - pull) * news + pull * usual, decay, usual))
    return out
