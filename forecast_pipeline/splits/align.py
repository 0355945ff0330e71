"""As-of alignment: what was visible of one timeframe at the close of each bar of another.

The only place where a value is carried forward in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    visible = other.select(pl.col(CLOCK), pl.col(CLOCK).alias("_seen"), *columns)
    joined = base.join_asof(visible, on=CLOCK, strategy="backward")
    is_seen = joined["_seen"].is_not_null()
    now_us = joined[CLOCK].cast(pl.Int64).to_numpy()
    seen_us = joined["_seen"].cast(pl.Int64).fill_null(0).to_numpy()
    age_minutes = pl.Series(trading_minutes(now_us) - trading_minutes(seen_us))
    is_current = is_seen & (age_minutes < limit_minutes)
    return joined.drop("_seen").with_columns(
        pl.when(is_current).then(pl.col(name)).otherwise(None).alias(name) for name in columns
    )
