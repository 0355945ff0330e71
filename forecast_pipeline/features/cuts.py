"""Where histories are cut to see whether a value has seen the future.

A value that changes when the future is cut off has seen it. Which cuts are tried decides what is found: leaks across
a boundary show only next to it, and random cuts almost never land there. So cuts stand one row before, at and after
every kind of boundary, and at random rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import (
    MINUTES_PER_WEEK,
    NEW_YORK,
    bar_open,
    shifted_clock,
    trading_minutes,
    zone_offset_us,
)
from forecast_pipeline.features.indicators.clock import LONDON

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

_US_PER_DAY = 86_400_000_000
_SAMPLED_PER_KIND = 2


def stratified_cuts(
    bars: pl.DataFrame, timeframe: Timeframe, n_random: int = 4, seed: int = 0, *, is_sample: bool = False
) -> list[int]:
    """Cuts one row before, at and after each kind of boundary, and random ones.

    Kinds: the open of a week, the open of an FX day, a hole, the close of a bar of each slower timeframe, and
    the first week after a change of clock in New York or London.

    Args:
        bars: Follows ``core.schema.BARS``.
        timeframe: Length of the bars.
        n_random: Random cuts besides.
        seed: Seed of the random choice; equal arguments give equal cuts.
        is_sample: Take two boundaries of each kind, the newest and a random one, instead of all of them.

    Returns:
        Increasing numbers of kept bars, each from 1 to ``bars.height - 1``; empty for fewer than two bars.
    """
    if bars.height < 2:  # noqa: PLR2004 - a cut needs a row on either side
        return []
    rng = np.random.default_rng(seed)
    chosen: list[npt.NDArray[np.int64]] = [rng.integers(1, bars.height, n_random)]
    for boundary in _boundaries(bars, timeframe).values():
        rows = boundary + 1  # position of the first bar beyond the boundary
        if is_sample and rows.size > _SAMPLED_PER_KIND:
            rows = np.array([rows[-1], rng.choice(rows[:-1])])
        chosen += [rows - 1, rows, rows + 1]
    cuts = np.unique(np.concatenate(chosen))
    return [int(cut) for cut in cuts if 1 <= cut < bars.height]


def _boundaries(bars: pl.DataFrame, timeframe: Timeframe) -> dict[str, npt.NDArray[np.intp]]:
    """For each kind, the rows after which a boundary lies, increasing."""
    opens = bars["ts_utc"].cast(pl.Int64).to_numpy()
    closes = bars["close_ts_utc"].cast(pl.Int64).to_numpy()
    torn = np.flatnonzero(opens[1:] != closes[:-1])
    skipped = trading_minutes(opens[torn + 1]) - trading_minutes(opens[torn])
    kinds = {"hole": torn[skipped > timeframe.minutes]}
    # Every other boundary lies on a whole five minutes in UTC; those of an hour and more, on a whole hour.
    for slower in Timeframe:
        if timeframe < slower < Timeframe.H1:
            kinds[f"slower {slower.value}"] = np.flatnonzero(np.diff(opens // slower.microseconds))
    hourly = np.flatnonzero(np.diff(opens // Timeframe.H1.microseconds))
    before, after = opens[hourly], opens[hourly + 1]
    places: dict[str, Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]] = {
        "week": lambda at: trading_minutes(at) // MINUTES_PER_WEEK,
        "day": lambda at: shifted_clock(at) // _US_PER_DAY,
        f"clock change {NEW_YORK}": lambda at: zone_offset_us(at, NEW_YORK),
        f"clock change {LONDON}": lambda at: zone_offset_us(at, LONDON),
    }
    if timeframe < Timeframe.H1:
        kinds["slower 1h"] = hourly
    if timeframe < Timeframe.H4:
        places["slower 4h"] = lambda at: bar_open(at, Timeframe.H4.minutes)
    return kinds | {name: hourly[place(before) != place(after)] for name, place in places.items()}
