"""Truncation invariance of any function of frames: a value that changes when the future is cut off has seen it.

For a cut ``k``, ``f(bars[:k])`` must equal ``f(bars)[:k]`` in every row, exactly. It recomputes everything at every
cut, where the package asks each indicator on the bars around the cut only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl


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
