"""Drawdowns: how deep, how long under water, the ten worst, and how deep chance alone would have made them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.scores.bootstrap import block_length

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.trading.daily import DailyNet

    Floats = npt.NDArray[np.float64]

N_WORST = 10


def max_drawdown(net: Floats) -> float:
    """Deepest fall of the running sum below its highest value so far, the start at zero included.

    Example:
        >>> max_drawdown(np.array([-1.0, 3.0, -2.0, 1.0]))
        2.0
    """
    level = np.cumsum(net)
    return float(np.max(np.maximum(np.maximum.accumulate(level), 0.0) - level, initial=0.0))


def drawdown_figures(daily: DailyNet, *, seed: int, n_bootstraps: int) -> dict[str, float]:
    """Deepest fall with its bootstrap distribution, time under water, and the yearly net over the deepest fall.

    ``max_drawdown_median`` and ``max_drawdown_95`` are quantiles over stationary resamples of the days.

    Args:
        daily: Of one model.
        seed: Of the bootstrap.
        n_bootstraps: Resamples; 0 for none.
    """
    deepest = max_drawdown(daily.net)
    low, median, high = bootstrap_drawdowns(daily.net, (0.05, 0.5, 0.95), seed=seed, n_bootstraps=n_bootstraps)
    level = np.cumsum(daily.net)
    is_under = np.maximum(np.maximum.accumulate(level), 0.0) > level
    yearly = float(np.mean(daily.net)) * daily.days_per_year if daily.net.size else math.nan
    begin, end = _runs(is_under)
    return {
        "max_drawdown": deepest,
        "max_drawdown_05": low,
        "max_drawdown_median": median,
        "max_drawdown_95": high,
        "under_water_fraction": float(np.mean(is_under)) if is_under.size else math.nan,
        "longest_under_water_days": float(np.max(end - begin, initial=0)),
        "calmar": yearly / deepest if deepest > 0.0 else math.nan,
    }


def bootstrap_drawdowns(net: Floats, levels: tuple[float, ...], *, seed: int, n_bootstraps: int) -> tuple[float, ...]:
    """Quantiles of the deepest fall over stationary resamples of the days; NaN without variation or resamples."""
    from arch.bootstrap import StationaryBootstrap

    if n_bootstraps == 0 or net.size == 0 or np.ptp(net) == 0.0:
        return (math.nan,) * len(levels)
    resampled = StationaryBootstrap(max(1, round(block_length(net))), net, seed=seed)
    deepest = resampled.apply(lambda days: np.array([max_drawdown(days)]), n_bootstraps)[:, 0]
    return tuple(float(value) for value in np.quantile(deepest, levels))


def worst_drawdowns(daily: DailyNet) -> pl.DataFrame:
    """The ten deepest falls, the deepest first.

    Args:
        daily: Of one model.

    Returns:
        ``rank``, ``depth`` (fraction of the capital), ``first_day``, ``trough_day``, ``recovery_day`` (null
        while it lasts) and ``n_days`` under water.

    Example:
        >>> from forecast_pipeline.backtests.trading.daily import DailyNet
        >>> daily = DailyNet(np.arange(4), np.array([-1.0, 2.0, -3.0, 1.0]))
        >>> worst_drawdowns(daily).select("depth", "n_days").rows()
        [(3.0, 2), (1.0, 1)]
    """
    level = np.cumsum(daily.net)
    depth = np.maximum(np.maximum.accumulate(level), 0.0) - level
    begin, end = _runs(depth > 0.0)
    rows = []
    for first, stop in zip(begin.tolist(), end.tolist(), strict=True):
        trough = first + int(np.argmax(depth[first:stop]))
        recovery = int(daily.day[stop]) if stop < daily.day.size else None
        rows.append((float(depth[trough]), int(daily.day[first]), int(daily.day[trough]), recovery, stop - first))
    schema = {"depth": pl.Float64, "first_day": pl.Int32, "trough_day": pl.Int32, "recovery_day": pl.Int32}
    frame = pl.DataFrame(rows, schema | {"n_days": pl.Int64}, orient="row")
    days = pl.col("first_day", "trough_day", "recovery_day").cast(pl.Date)
    worst = frame.with_columns(days).sort("depth", "first_day", descending=[True, False]).head(N_WORST)
    return worst.with_row_index("rank", offset=1).cast({"rank": pl.Int64})


def _runs(flags: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and one past last position of each run of true."""
    change = np.diff(flags.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1)
