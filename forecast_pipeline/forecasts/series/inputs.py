"""A small causal set of inputs from returns and candles, for families that read features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, MINUTES_PER_WEEK, trading_minutes
from forecast_pipeline.splits.target_scale import exponential_mean

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RETURN_BARS = (1, 2, 5, 10, 22, 66)
DECAYS = (0.7, 0.9, 0.97, 0.99)
WARMUP_BARS = 66


def series_inputs(
    returns: Floats, variance: Floats, shape: Floats | None, close_us: npt.NDArray[np.int64], slot_minutes: int
) -> tuple[Floats, tuple[str, ...]]:
    """Inputs of every bar from that bar and those before it, shape ``(T, p)``, with their names.

    Returns over 1 to 66 bars in units of their deviation; logarithms of exponentially weighted variances over the
    ex-ante one, whose own logarithm is there as well; of a candle its range and where it closed within it; of an
    intraday bar the hour of the day and of the week.

    Args:
        returns: Shape ``(T,)``, deseasonalised log returns; unknown ones count as zero.
        variance: Shape ``(T,)``, ex-ante variance a slot known at each bar, positive.
        shape: Shape ``(T, 3)``, log of open, high and low over the close, or None.
        close_us: Shape ``(T,)``.
        slot_minutes: Length of a bar.

    Returns:
        Values, NaN in the first bars where a window is not full.

    Example:
        >>> values, names = series_inputs(np.zeros(3), np.ones(3), None, np.zeros(3, np.int64), 1440)
        >>> names[0], float(values[1, 0])
        ('return_1', 0.0)
    """
    deviation = np.sqrt(variance)
    known = np.where(np.isfinite(returns), returns, 0.0)
    cumulated = np.concatenate([[0.0], np.cumsum(known)])
    columns: dict[str, Floats] = {}
    for n_bars in RETURN_BARS:
        made = np.full(known.size, np.nan)
        made[n_bars - 1 :] = (cumulated[n_bars:] - cumulated[:-n_bars]) if n_bars <= known.size else np.nan
        columns[f"return_{n_bars}"] = made / (deviation * np.sqrt(n_bars))
    for decay in DECAYS:
        ratio = exponential_mean(np.square(known), decay, start=float(variance[0]), floor=0.0) / variance
        columns[f"log_variance_ratio_{decay:g}"] = np.log(np.maximum(ratio, 1e-4))
    columns["log_variance"] = np.log(variance)
    if shape is not None:
        span = shape[:, 1] - shape[:, 2]
        columns["log_range"] = np.log(np.maximum(span / deviation, 1e-2))
        place = np.divide(-shape[:, 2], span, out=np.full(span.shape, 0.5), where=span > 0.0)
        columns["close_in_range"] = np.where(np.isfinite(span), place, np.nan)
    if slot_minutes < MINUTES_PER_DAY:
        for name, period in (("day", MINUTES_PER_DAY), ("week", MINUTES_PER_WEEK)):
            turn = 2.0 * np.pi * (trading_minutes(close_us) % period) / period
            columns |= {f"{name}_sin": np.sin(turn), f"{name}_cos": np.cos(turn)}
    return np.column_stack(list(columns.values())), tuple(columns)
