"""As-of alignment: what was visible of one timeframe at the close of each bar of another.

The only place where a value is carried forward in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.trading_clock import trading_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOCK = "close_ts_utc"


def align(base: pl.DataFrame, other: pl.DataFrame, columns: Sequence[str], limit_minutes: int) -> pl.DataFrame:
    """Add columns of another timeframe as they were known at each close of the base.

    A row of ``other`` is visible iff its ``close_ts_utc`` is not later than the base
    row's; the last visible one is taken, unless it closed ``limit_minutes`` of
    trading time or more before, as after a hole: then the value is null. The
    specification's forward fill by bar open shows unfinished bars (freqtrade
    ``merge_informative_pair`` explains the same trap).

    Args:
        base: Has ``close_ts_utc``, increasing.
        other: Has ``close_ts_utc``, increasing, and ``columns``.
        columns: Columns to add.
        limit_minutes: Longest age that is still current.

    Returns:
        ``base`` with the columns added, rows and order unchanged.
    """
    now_us = base[CLOCK].cast(pl.Int64).to_numpy()
    closes_us = other[CLOCK].cast(pl.Int64).to_numpy()
    last = np.searchsorted(closes_us, now_us, side="right") - 1
    is_seen = last >= 0
    age_minutes = np.full(now_us.size, limit_minutes)
    age_minutes[is_seen] = trading_minutes(now_us[is_seen]) - trading_minutes(closes_us[last[is_seen]])
    position = pl.Series(last).set(pl.Series(age_minutes >= limit_minutes), None).cast(pl.UInt32)
    # One gather over all columns runs in parallel; hstack adds them without copying the base.
    return base.hstack(other.select(pl.col(list(columns)).gather(position))) if columns else base
