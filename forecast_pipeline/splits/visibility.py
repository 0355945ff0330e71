"""The check of every join: each value is that of the last bar that had closed, and of no other.

It does not trust `align`: sampled rows are looked up again by the definition, one at a time. A row is right if it
shows the newest bar whose close is not later than its own, or nothing if that bar is older than its limit.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import LeakDetected
from forecast_pipeline.core.trading_clock import trading_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Instants = npt.NDArray[np.int64]

N_RANDOM_ROWS = 100
N_BOUNDARIES = 50
CHECK_SEED = 20240310


def check_visibility(
    matrix: pl.DataFrame, other: pl.DataFrame, columns: Sequence[str], limit_minutes: int, what: str
) -> int:
    """Look sampled rows of a join up again.

    Args:
        matrix: Base rows with ``close_ts_utc`` and the columns as joined; null or NaN where nothing was visible.
        other: Bars of the other timeframe with ``close_ts_utc`` and the same columns; null or NaN where undefined.
        columns: Columns that were joined.
        limit_minutes: Age in trading time from which on a value is no longer shown.
        what: Name of the join for the message.

    Returns:
        Number of rows looked at.

    Raises:
        LeakDetected: If a row shows a bar that had not closed, or an older one than it should.
    """
    now_us, closes_us = (frame["close_ts_utc"].cast(pl.Int64).to_numpy() for frame in (matrix, other))
    rows = sampled_rows(now_us, closes_us)
    last = np.array([bisect_right(closes_us, now) - 1 for now in now_us[rows]], dtype=np.int64)
    is_current = last >= 0
    seen = is_current.nonzero()[0]
    age_minutes = trading_minutes(now_us[rows[seen]]) - trading_minutes(closes_us[last[seen]])
    is_current[seen] = age_minutes < limit_minutes
    place = pl.Series(last).set(pl.Series(~is_current), None).cast(pl.UInt32)
    found, expected = matrix.select(columns)[rows], other.select(pl.col(list(columns)).gather(place))
    for name in columns:
        shown, due = (frame[name].fill_null(float("nan")).to_numpy() for frame in (found, expected))
        wrong = np.flatnonzero((shown != due) & ~(np.isnan(shown) & np.isnan(due)))
        if wrong.size:
            first = int(wrong[0])
            raise LeakDetected(
                f"{what}: {name} must be that of the last closed bar",
                was=f"{shown[first]:g} instead of {due[first]:g} in row {rows[first]}",
                why="a value from a bar that is still open, or from an older one, is not what a trader sees",
                do="report it; the join is at fault, not the data",
            )
    return int(rows.size)


def sampled_rows(now_us: Instants, closes_us: Instants) -> npt.NDArray[np.intp]:
    """Rows at, just before and just after closes of the other timeframe, rows around holes, and random ones.

    Example:
        >>> sampled_rows(np.arange(5), np.array([3])).tolist()
        [0, 1, 2, 3, 4]
    """
    rng = np.random.default_rng(CHECK_SEED)
    at_close = np.searchsorted(now_us, closes_us)
    holes = np.flatnonzero(np.diff(now_us) > np.median(np.diff(now_us)) if now_us.size > 1 else [])
    chosen = [rng.integers(0, max(now_us.size, 1), N_RANDOM_ROWS)]
    for places in (at_close, holes, holes + 1):
        some = places if places.size <= N_BOUNDARIES else rng.choice(places, N_BOUNDARIES, replace=False)
        chosen += [some - 1, some, some + 1]
    rows = np.unique(np.concatenate(chosen))
    return rows[(rows >= 0) & (rows < now_us.size)]
