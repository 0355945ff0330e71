"""The check of every join: each value is that of the last bar that had closed, and of no other.

It does not trust `align`: sampled rows are looked up again by the definition, one at a time. A row is right if it
shows the newest bar whose close is not later than its own, or nothing if that bar is older than its limit.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.errors import LeakDetected
from forecast_pipeline.core.trading_clock import trading_minutes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Floats = npt.NDArray[np.floating[np.typing.NBitBase]]
    Instants = npt.NDArray[np.int64]

N_RANDOM_ROWS = 100
N_BOUNDARIES = 50
CHECK_SEED = 20240310


def check_visibility(
    now_us: Instants,
    closes_us: Instants,
    values: Mapping[str, Floats],
    joined: Mapping[str, Floats],
    limit_minutes: int,
    what: str,
) -> int:
    """Look sampled rows of a join up again.

    Args:
        now_us: Shape ``(T,)``, close of each base row.
        closes_us: Shape ``(U,)``, close of each bar of the other timeframe.
        values: Columns of the other timeframe, shape ``(U,)``; NaN where undefined.
        joined: The same columns as joined, shape ``(T,)``; NaN where nothing was visible.
        limit_minutes: Age in trading time from which on a value is no longer shown.
        what: Name of the join for the message.

    Returns:
        Number of rows looked at.

    Raises:
        LeakDetected: If a row shows a bar that had not closed, or an older one than it should.
    """
    rows = sampled_rows(now_us, closes_us)
    closes = closes_us.tolist()
    now_minutes, close_minutes = trading_minutes(now_us[rows]), trading_minutes(closes_us)
    for row, minute in zip(rows.tolist(), now_minutes.tolist(), strict=True):
        last = bisect_right(closes, int(now_us[row])) - 1
        is_current = last >= 0 and minute - int(close_minutes[last]) < limit_minutes
        for name, column in joined.items():
            found = float(column[row])
            expected = float(values[name][last]) if is_current else float("nan")
            if found != expected and not (np.isnan(found) and np.isnan(expected)):
                raise LeakDetected(
                    f"{what}: {name} must be that of the last closed bar",
                    was=f"{found:g} instead of {expected:g} in row {row}",
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
