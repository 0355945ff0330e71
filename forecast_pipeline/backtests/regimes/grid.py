"""The default detector: volatility tercile by trend tercile, thresholds from the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.backtests.regimes.dwell import UNKNOWN_CODE, tercile_states
from forecast_pipeline.core.errors import NotEnoughHistory

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.regimes.dwell import Codes

    Floats = npt.NDArray[np.float64]

VOLATILITY_NAMES = ("calm", "normal", "turbulent")
TREND_NAMES = ("down", "flat", "up")
NAMES = tuple(f"{volatility}/{trend}" for volatility in VOLATILITY_NAMES for trend in TREND_NAMES)
_MIN_TRAIN_ROWS = 30


@dataclass(frozen=True, slots=True)
class Grid:
    """Fitted thresholds.

    Attributes:
        volatility: The two terciles of `trailing_volatility` over the training rows.
        trend: Those of `trailing_trend`.
        volatility_bars: Look-back of the first.
        trend_bars: Look-back of the second.
        margin: Hysteresis, in units of the distance between two terciles.
    """

    volatility: tuple[float, float]
    trend: tuple[float, float]
    volatility_bars: int
    trend_bars: int
    margin: float

    @classmethod
    def fit(cls, bar_returns: Floats, train: slice, volatility_bars: int, trend_bars: int, margin: float) -> Grid:
        """Terciles of both measures over the training rows.

        Raises:
            NotEnoughHistory: If fewer than 30 training rows have both.
        """
        history = bar_returns[: train.stop]
        volatility = trailing_volatility(history, volatility_bars)[train]
        trend = trailing_trend(history, trend_bars)[train]
        n_known = int(min(np.isfinite(volatility).sum(), np.isfinite(trend).sum()))
        if n_known < _MIN_TRAIN_ROWS:
            raise NotEnoughHistory(
                f"regimes need {_MIN_TRAIN_ROWS} training rows after {max(volatility_bars, trend_bars)} bars",
                was=str(n_known),
                do="lengthen the training window",
            )
        return cls(_terciles(volatility), _terciles(trend), volatility_bars, trend_bars, margin)

    def codes(self, bar_returns: Floats) -> Codes:
        """Position in `NAMES` of each row; `UNKNOWN_CODE` where a look-back is not full."""
        volatility = _states(trailing_volatility(bar_returns, self.volatility_bars), self.volatility, self.margin)
        trend = _states(trailing_trend(bar_returns, self.trend_bars), self.trend, self.margin)
        is_known = (volatility != UNKNOWN_CODE) & (trend != UNKNOWN_CODE)
        return np.where(is_known, volatility * len(TREND_NAMES) + trend, UNKNOWN_CODE)


def trailing_volatility(bar_returns: Floats, lookback_bars: int) -> Floats:
    """Root mean square of the last ``lookback_bars`` returns, this bar's included.

    Args:
        bar_returns: Shape ``(T,)``, log returns; NaN is left out.
        lookback_bars: Length of the window.

    Returns:
        Shape ``(T,)``; NaN before the window is full or where half of it is unknown.

    Example:
        >>> trailing_volatility(np.array([3.0, 4.0, 4.0]), 2).round(3).tolist()
        [nan, 3.536, 4.0]
    """
    squares, n_known = _trailing_sum(np.square(bar_returns), lookback_bars)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(np.maximum(squares, 0.0) / n_known))


def trailing_trend(bar_returns: Floats, lookback_bars: int) -> Floats:
    """Sum of the last ``lookback_bars`` returns over the root of the sum of their squares.

    Standard normal for a random walk, so it says little about volatility. Zero where no price moved.

    Example:
        >>> trailing_trend(np.array([3.0, 4.0, -4.0]), 2).round(3).tolist()
        [nan, 1.4, 0.0]
    """
    total, _ = _trailing_sum(bar_returns, lookback_bars)
    squares, _ = _trailing_sum(np.square(bar_returns), lookback_bars)
    # Differences of running sums leave rounding where every return is zero.
    moved = squares > 1e-12 * float(np.nanmax(np.square(bar_returns), initial=0.0))
    trend = np.divide(total, np.sqrt(np.maximum(squares, 0.0)), out=np.zeros_like(total), where=moved)
    return np.where(np.isnan(total), np.nan, trend)


def _trailing_sum(values: Floats, lookback_bars: int) -> tuple[Floats, Floats]:
    is_known = np.isfinite(values)
    # A running sum adds in order of time, so a longer history changes no digit of an earlier one.
    sums = np.concatenate([[0.0], np.cumsum(np.where(is_known, values, 0.0))])
    counts = np.concatenate([[0.0], np.cumsum(is_known)])
    total, n_known = np.full(values.size, np.nan), np.full(values.size, np.nan)
    if values.size >= lookback_bars:
        total[lookback_bars - 1 :] = sums[lookback_bars:] - sums[:-lookback_bars]
        n_known[lookback_bars - 1 :] = counts[lookback_bars:] - counts[:-lookback_bars]
    is_thin = ~(n_known * 2.0 > lookback_bars)
    return np.where(is_thin, np.nan, total), np.where(is_thin, np.nan, n_known)


def _terciles(values: Floats) -> tuple[float, float]:
    lower, upper = np.nanquantile(values, [1.0 / 3.0, 2.0 / 3.0])
    return float(lower), float(upper)


def _states(values: Floats, terciles: tuple[float, float], margin: float) -> Codes:
    lower, upper = terciles
    return tercile_states(values, lower, upper, margin * (upper - lower))
