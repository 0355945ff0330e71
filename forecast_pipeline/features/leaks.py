"""Truncation invariance: a value that changes when the future is cut off has seen the future.

For a cut ``k``, ``f(bars[:k])`` must equal ``f(bars)[:k]`` in every row, exactly. Which cuts are tried decides
what is found: leaks across a boundary show only next to it, and random cuts almost never land there. So cuts
stand one row before, at and after every kind of boundary, and at random rows.
"""

from __future__ import annotations

from dataclasses import dataclass
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
)
from forecast_pipeline.features.indicators.clock import LONDON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

_US_PER_DAY = 86_400_000_000
_SAMPLED_PER_KIND = 2


@dataclass(frozen=True, slots=True)
class LeakFinding:
    """One column that changed when the bars after a cut were removed.

    Attributes:
        cut: Number of bars kept.
        column: Name of the column.
        n_rows: Rows that differ.
        first_row: Position of the first of them in ``bars``.
        reason: What differs, in words.
    """

    cut: int
    column: str
    n_rows: int
    first_row: int
    reason: str

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.column} {self.reason} in {self.n_rows} rows from row {self.first_row} at cut {self.cut}"


def truncation_findings(
    compute: Callable[[pl.DataFrame], pl.DataFrame],
    bars: pl.DataFrame,
    cuts: Sequence[int],
    *,
    reach_bars: int | None = None,
) -> list[LeakFinding]:
    """Compare every prefix's features with the same rows of the whole's.

    Args:
        compute: Features of bars, one row a bar, the same columns however few the bars are.
        bars: Any bars, oldest first.
        cuts: Numbers of bars kept, each from 0 to ``bars.height``.
        reach_bars: If given, a cut is tried on the ``reach_bars`` bars before it and as many after it instead
            of the whole history. That keeps the check cheap on years of minutes and is as sharp, as long as
            no feature looks further back than ``reach_bars``.

    Returns:
        One finding for each cut and column that differ; empty means invariant at these cuts. NaN equals NaN;
        every other value must be bit-identical.

    Raises:
        ValueError: If a cut lies outside the bars or ``reach_bars`` is less than 1.
    """
    for cut in cuts:
        if not 0 <= cut <= bars.height:
            raise ValueError(f"cuts must lie between 0 and n_bars={bars.height}, was {cut}")
    if reach_bars is not None and reach_bars < 1:
        raise ValueError(f"reach_bars must be at least 1, was {reach_bars}")
    findings: list[LeakFinding] = []
    whole = compute(bars) if reach_bars is None else None
    for cut in cuts:
        start = 0
        expected, window = whole, bars
        if expected is None or reach_bars is not None:
            start = max(0, cut - (reach_bars or 0))
            window = bars.slice(start, cut - start + (reach_bars or 0))
            expected = compute(window)
        prefix = compute(window.head(cut - start))
        findings += _differences(prefix, expected.head(cut - start), cut, start)
    return findings


def _differences(prefix: pl.DataFrame, whole: pl.DataFrame, cut: int, start: int) -> Iterator[LeakFinding]:
    if prefix.height != whole.height:
        yield LeakFinding(cut, "(rows)", abs(prefix.height - whole.height), start, "changes the number of rows")
        return
    if prefix.equals(whole, null_equal=True):
        return
    for name in dict.fromkeys([*whole.columns, *prefix.columns]):
        if name not in prefix.columns or name not in whole.columns:
            yield LeakFinding(cut, name, whole.height, start, "exists only with or only without the future")
            continue
        # eq_missing takes null as equal to null, and polars takes NaN as equal to NaN.
        differs = (~prefix[name].eq_missing(whole[name])).to_numpy()
        if differs.any():
            reason = "changes with the future"
            yield LeakFinding(cut, name, int(differs.sum()), start + int(np.argmax(differs)), reason)


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
        f"clock change {NEW_YORK}": lambda at: _offset_us(at, NEW_YORK),
        f"clock change {LONDON}": lambda at: _offset_us(at, LONDON),
    }
    if timeframe < Timeframe.H1:
        kinds["slower 1h"] = hourly
    if timeframe < Timeframe.H4:
        places["slower 4h"] = lambda at: bar_open(at, Timeframe.H4.minutes)
    return kinds | {name: hourly[place(before) != place(after)] for name, place in places.items()}


def _offset_us(instants_us: npt.NDArray[np.int64], zone: str) -> npt.NDArray[np.int64]:
    instants = pl.Series(instants_us).cast(pl.Datetime("us", "UTC"))
    local = instants.dt.convert_time_zone(zone).dt.replace_time_zone(None).cast(pl.Int64).to_numpy()
    return np.asarray(local - instants_us)
