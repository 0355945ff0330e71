"""The day's move and the bar's size beside what is usual at that time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.slot_clock import SlotClock, on_grid, same_time
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def seasonal_share(moves: FloatArray, clock: SlotClock, lookback_days: int = 10) -> FloatArray:
    """Share of an FX day's usual movement that has passed by this time of day.

    Movement is the sum of absolute returns over the ``lookback_days`` whole FX days before the present one; a day
    counts if half of its slots have a value.

    Args:
        moves: Shape ``(T,)``, absolute returns, NaN where unknown.
        clock: Places of the bars.
        lookback_days: FX days before the present one.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; the share of the day's slots where fewer than half of the days count, or
        nothing moved.

    Raises:
        ValueError: If ``lookback_days`` is less than 1.

    Example:
        >>> clock = SlotClock(np.arange(4), 2)
        >>> seasonal_share(np.array([1.0, 3.0, 9.0, 9.0]), clock, 1).tolist()
        [0.5, 1.0, 0.25, 1.0]

    References: M. M. Dacorogna, U. A. Müller, R. J. Nagler, R. B. Olsen, O. V. Pictet, *Journal of International
    Money and Finance* 12, 1993, on a clock that runs with the usual activity.
    """
    require_lookback(lookback_days, least=1)
    n_per_day = clock.slots_per_day
    dense, held = (grid[:-1].reshape(-1, n_per_day) for grid in on_grid(moves, clock))
    counts = 2.0 * np.cumsum(held, axis=1)[:, -1:] >= n_per_day
    passed = np.where(counts, np.cumsum(dense, axis=1), 0.0)
    total, n_days = np.zeros(passed.shape), np.zeros(counts.shape)
    for day in range(1, min(lookback_days, len(passed) - 1) + 1):
        total[day:] += passed[:-day]
        n_days[day:] += counts[:-day]
    whole = total[:, -1:]
    is_known = (2.0 * n_days >= lookback_days) & (whole > 0.0)
    even = (np.arange(n_per_day) + 1.0) / n_per_day
    return np.where(is_known, total / np.where(is_known, whole, 1.0), even).ravel()[clock.slot]


def seasonal_surprise(values: FloatArray, present: FloatArray, clock: SlotClock, lookback_days: int = 10) -> FloatArray:
    """Present value over the sum of itself and what is usual at this time of day.

    A ratio ``r`` of present to usual becomes ``r / (1 + r)``, which stays finite when nothing is usual.

    Args:
        values: Shape ``(T,)``, at least 0, NaN where the bar is not to enter the means of later days.
        present: Shape ``(T,)``, at least 0, what is compared.
        clock: Places of the bars.
        lookback_days: FX days before the present one.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0.5 if it is as usual, if both are 0, or if too few days exist. NaN where
        ``present`` is.

    Raises:
        ValueError: If ``lookback_days`` is less than 1.

    Example:
        >>> values = np.array([1.0, 5.0, 3.0, 5.0])
        >>> seasonal_surprise(values, values, SlotClock(np.arange(4), 2), 1).tolist()
        [0.5, 0.5, 0.75, 0.5]
    """
    mean, is_known = same_time(values, clock, lookback_days)
    usual, is_known = mean[clock.slot], is_known[clock.slot]
    both = present + usual
    is_known &= both != 0.0  # NaN differs from 0 and stays
    share = np.where(is_known, present / np.where(is_known, both, 1.0), 0.5)
    return np.where(np.isnan(present), np.nan, share)
