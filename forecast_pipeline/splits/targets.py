"""Targets: forward log returns over trading time. The only module that reads the future."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.core.timeframe import Timeframe

MAX_STALE_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Targets:
    """Outcomes of every row.

    Attributes:
        log_returns: Shape ``(T, K)``, log of the close at the label end over the close of the row;
            NaN where the future is not known or the last price before the label end is stale.
        label_end_us: Shape ``(T, K)``, instant at which each label is complete.
        end_bar: Shape ``(T, K)``, bar whose close ends each label; -1 where the label is not known.
    """

    log_returns: npt.NDArray[np.float64]
    label_end_us: npt.NDArray[np.int64]
    end_bar: npt.NDArray[np.int64]


def forward_log_returns(
    close_us: npt.NDArray[np.int64], close: npt.NDArray[np.float64], timeframe: Timeframe, horizons: Sequence[int]
) -> Targets:
    """Log return from each close to the close ``h`` slots of trading time later.

    The label interval of row ``i`` is ``(close_us[i], label_end_us[i]]``. A missing bar
    does not stretch it: the last close at or before its end is taken, unless that is
    older than five minutes or one slot, whichever is longer.

    Args:
        close_us: Shape ``(T,)``, bar closes in UTC microseconds, increasing.
        close: Shape ``(T,)``, prices.
        timeframe: Length of a slot.
        horizons: ``K`` distances in slots.

    Returns:
        Targets of all rows.
    """
    clock = trading_minutes(close_us)
    max_stale_us = max(MAX_STALE_MINUTES, timeframe.minutes) * MICROSECONDS_PER_MINUTE
    returns = np.full((close.size, len(horizons)), np.nan)
    ends = np.empty((close.size, len(horizons)), np.int64)
    end_bar = np.full(ends.shape, -1, np.int64)
    log_close = np.log(close)
    for column, horizon in enumerate(horizons):
        end_us = instants_of_trading_minutes(clock + horizon * timeframe.minutes)
        ends[:, column] = end_us
        if close.size == 0:
            continue
        last = np.searchsorted(close_us, end_us, side="right") - 1
        usable = (end_us <= close_us[-1]) & (end_us - close_us[last] <= max_stale_us)
        returns[usable, column] = log_close[last[usable]] - log_close[usable]
        end_bar[usable, column] = last[usable]
    return Targets(returns, ends, end_bar)
