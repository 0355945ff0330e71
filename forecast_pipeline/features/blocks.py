"""Blocks of time in which features are computed: a month of minutes, a year of anything slower.

A recursive indicator that starts with the history changes a little wherever the history begins. Here it starts
anew for every block, its own warm-up before the block's first bar. So a value depends on the bars of its block up
to its own and on the warm-up before them, and on nothing else: appending a day computes one block again, a
corrected candle of ten years ago one or two, and what a rebuilt, an appended and a served history say is the same
to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.timeframe import Timeframe

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import IntArray


@dataclass(frozen=True, slots=True)
class Block:
    """Bars whose opens fall into one month or year of FX days.

    Attributes:
        label: ``2018-03`` or ``2018``; blocks sort by it.
        start: Position of its first bar.
        stop: Position after its last bar.
    """

    label: str
    start: int
    stop: int


def blocks_of(shifted_us: IntArray, minutes: int) -> list[Block]:
    """Blocks of bars, oldest first, that together hold every bar once.

    Args:
        shifted_us: Opens on the shifted clock, shape ``(T,)``, non-decreasing.
        minutes: Length of a bar.

    Example:
        >>> days = np.array(["2018-01-31", "2018-02-01", "2019-02-01"], "datetime64[us]").astype(np.int64)
        >>> [(block.label, block.start, block.stop) for block in blocks_of(days, 1)]
        [('2018-01', 0, 1), ('2018-02', 1, 2), ('2019-02', 2, 3)]
        >>> [block.label for block in blocks_of(days, 60)]
        ['2018', '2019']
    """
    unit = "M" if minutes == Timeframe.M1.minutes else "Y"
    labels = shifted_us.astype("datetime64[us]").astype(f"datetime64[{unit}]")
    starts = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    edges = [0, *(int(start) for start in starts), int(labels.size)] if labels.size else []
    return [Block(str(labels[start]), start, stop) for start, stop in pairwise(edges)]
